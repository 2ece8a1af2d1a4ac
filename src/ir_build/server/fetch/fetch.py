"""Fetch the file of a URL upload: over the checked addresses only, bounded in size and time.

The connection goes to the very address that was checked, and every redirect is checked anew. The
environment's proxies are not used, since they would resolve names themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from weakref import WeakValueDictionary

import h11

from ... import formats
from ..errors import HttpError, too_large
from ..places import share
from ..storage.spool import Spool
from .ssrf_policy import ForbiddenAddress, SsrfPolicy, Target, parse

if TYPE_CHECKING:
    from prometheus_client import Counter

    from ..settings import Settings

_LOG = logging.getLogger(__name__)

_REDIRECTS = 3
_CONNECT = 5.0  #: seconds
_PIECE = 64 * 1024
_LARGEST_HEAD = 64 * 1024
_THREADS = 8
_HEADERS = {
    "User-Agent": "ir-build",
    "Accept": "image/*, application/pdf",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class Fetcher:
    """Fetches files, a few at a time."""

    def __init__(self, settings: Settings, folder: Path, outcomes: Counter) -> None:
        """Fetch into `folder`; `outcomes` counts what was fetched and what was refused."""
        self._policy = SsrfPolicy(settings.url_uploads, settings.url_allow)
        self._folder = folder
        self._most = settings.max_file_size
        self._seconds = settings.url_time_limit
        self._outcomes = outcomes
        self._tls = ssl.create_default_context()
        self._threads = ThreadPoolExecutor(_THREADS, "fetch")
        #: of each account that fetches now
        self._shares: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    async def fetch(self, account: int, url: str) -> tuple[Spool, str]:
        """The file at `url`, and what it is called there. Raises `HttpError`.

        One account's files wait for each other before they take all threads.
        """
        if self._policy.off:
            raise HttpError(400, "This server fetches nothing from elsewhere: send the file itself")
        loop = asyncio.get_running_loop()
        try:
            async with self._shares.setdefault(account, asyncio.Semaphore(share(_THREADS))):
                found = await loop.run_in_executor(self._threads, self._fetch, url)
        except HttpError:
            self._outcomes.labels("refused").inc()
            raise
        self._outcomes.labels("fetched").inc()
        return found

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, url: str) -> tuple[Spool, str]:
        spool = Spool(self._folder)
        exchange = _Exchange(self._tls)
        # A peer that sends a byte now and then keeps every other time-out from striking.
        watchdog = threading.Timer(self._seconds, exchange.end)
        watchdog.daemon = True
        watchdog.start()
        whole = False
        try:
            target = self._follow(url, exchange, spool)
            whole = True
        except ForbiddenAddress as error:
            _LOG.info("a URL upload was refused: %s", error)
            raise _unreachable() from None
        # ValueError: a name that Python's own TLS does not take
        except (OSError, h11.ProtocolError, ValueError) as error:
            _LOG.info("a URL could not be fetched: %s", type(error).__name__)
            raise _unreachable() from None
        finally:
            watchdog.cancel()
            exchange.close()
            if not whole:
                spool.close()
        return spool, unquote(target.path.partition("?")[0])

    def _follow(self, url: str, exchange: _Exchange, spool: Spool) -> Target:
        first = target = parse(url)
        for _ in range(_REDIRECTS + 1):
            answer = exchange.get(target, self._policy.addresses(target))
            if answer.status not in (301, 302, 303, 307, 308):
                self._take(answer, spool)
                if exchange.ended:
                    raise HttpError(400, "The file at this URL came too slowly")
                return first
            target = parse(answer.header("location"), target.url)
        raise HttpError(400, "The URL redirects too often")

    def _take(self, answer: _Answer, spool: Spool) -> None:
        if answer.status != 200:
            raise HttpError(400, f"The URL was answered with {answer.status}")
        declared = answer.header("content-length") or "0"
        if int(declared) > self._most:
            raise too_large(self._most)
        try:
            for piece in answer.pieces():
                if not spool.size and formats.sniff(piece) not in formats.COMPRESSIBLE:
                    raise HttpError(400, "There is no image or PDF at this URL")
                if spool.size + len(piece) > self._most:
                    raise too_large(self._most)
                spool.write(piece)
        except h11.RemoteProtocolError:
            raise HttpError(400, "The file at this URL was cut short or garbled") from None
        if not spool.size:
            raise HttpError(400, "The file at this URL is empty")


class _Answer:
    """What a request was answered with.

    h11 reads it. `http.client`, on which urllib3 stands, takes -1 for the size of a chunk and then
    reads everything that follows into memory.
    """

    def __init__(self, stream: socket.socket, target: Target) -> None:
        """Ask for `target`. Raises OSError and `h11.ProtocolError`."""
        self._stream = stream
        self._peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        headers = [("Host", target.authority), *_HEADERS.items()]
        request = h11.Request(method="GET", target=target.path, headers=headers)
        for event in (request, h11.EndOfMessage()):
            stream.sendall(self._peer.send(event) or b"")
        head = self._next()
        while isinstance(head, h11.InformationalResponse):
            head = self._next()
        if not isinstance(head, h11.Response):
            raise ConnectionResetError
        self._head = head
        self.status = head.status_code

    def header(self, name: str) -> str:
        """What a header says, empty without it; `name` is in lower case."""
        found = dict(self._head.headers).get(name.encode(), b"")
        return bytes(found).decode("utf-8", "replace")

    def pieces(self) -> Iterator[bytes]:
        """The body, in pieces of at least 64 KiB; the last may be smaller. Raises as the request does."""
        piece = bytearray()
        while isinstance(event := self._next(), h11.Data):
            piece += event.data
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)

    def _next(self) -> object:
        while (event := self._peer.next_event()) is h11.NEED_DATA:
            self._peer.receive_data(self._stream.recv(_PIECE))
        return event


class _Exchange:
    """One connection after the other. Another thread can end them."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        #: whether the time was over
        self.ended = False

    def get(self, target: Target, addresses: list[tuple[socket.AddressFamily, str]]) -> _Answer:
        """Ask one of `addresses`. Raises OSError and `h11.ProtocolError`."""
        self.close()
        stream = self._connect(target, addresses)
        if target.scheme == "https":
            secure = self._tls.wrap_socket(
                stream, server_hostname=target.host, do_handshake_on_connect=False
            )
            with self._lock:
                self._socket = stream = secure
            secure.do_handshake()
        return _Answer(stream, target)

    def end(self) -> None:
        """The time is over. The thread that waits for the peer wakes up."""
        with self._lock:
            self.ended = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    def _connect(
        self, target: Target, addresses: list[tuple[socket.AddressFamily, str]]
    ) -> socket.socket:
        for attempt, (family, address) in enumerate(addresses, 1):
            stream = socket.socket(family, socket.SOCK_STREAM)
            stream.settimeout(_CONNECT)
            with self._lock:
                self._socket = stream
            try:
                if self.ended:
                    raise TimeoutError
                stream.connect((address, target.port))
            except OSError:
                stream.close()
                if attempt == len(addresses) or self.ended:
                    raise
            else:
                return stream
        raise OSError


def _unreachable() -> HttpError:
    # One text for all that goes wrong on the way tells nothing about our networks.
    return HttpError(400, "The file at this URL cannot be fetched")
