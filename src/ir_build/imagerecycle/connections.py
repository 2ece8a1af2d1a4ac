"""Connections whose answers have a deadline, and which another thread can cut.

The time-outs of a socket count from byte to byte. A client would wait without end for a server that
sends the head of its answer letter by letter.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection


class Connections:
    """Knows every open connection of one client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._busy: dict[int, HTTPConnection] = {}  # by the thread that uses it

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Cut what this thread is waiting for when it takes longer than `seconds`."""
        thread = threading.get_ident()
        timer = threading.Timer(seconds, self._expire, [thread])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._busy.pop(thread, None)

    def cut(self) -> None:
        """End all that is under way, in errors."""
        with self._lock:
            found = list(self._sockets)
        for one in found:
            _shut(one)

    def begin(self, connection: HTTPConnection) -> None:
        """This thread uses `connection` from now on."""
        with self._lock:
            self._busy[threading.get_ident()] = connection
            if connection.sock is not None:
                self._sockets.add(connection.sock)

    def _expire(self, thread: int) -> None:
        with self._lock:
            connection = self._busy.get(thread)
        if connection is not None and connection.sock is not None:
            _shut(connection.sock)


class Adapter(HTTPAdapter):
    """Makes watched connections for requests. `size` of them are kept open to each host."""

    def __init__(self, connections: Connections, size: int) -> None:
        self._connections = connections
        super().__init__(pool_connections=2, pool_maxsize=size)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        kind = pool.ConnectionCls
        if not issubclass(kind, _Watched):
            # There are kinds for plain, secure and proxied connections.
            attributes = {"watcher": self._connections}
            pool.ConnectionCls = type(kind.__name__, (_Watched, kind), attributes)
        return pool


class _Watched(HTTPConnection):
    watcher: Connections

    def connect(self) -> None:
        super().connect()
        self.watcher.begin(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        self.watcher.begin(self)
        super().request(*args, **kwargs)


def _shut(one: socket.socket) -> None:
    """End a connection. Threads that wait for it wake up."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
