"""A client that costs little: uploads over kept-alive sockets, for so long or so many.

Run as a process of its own, so that its work is not counted as the server's. It prints one line of
JSON: how many answers of each status, the seconds they took, the client's CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BOUNDARY = "ir-build-load"
#: bytes that make a file unlike any other
_UNIQUE = 24
_JPEG = b"\xff\xd8"
_COMMENT = b"\xff\xfe" + (_UNIQUE + 2).to_bytes(2, "big")


class Sender:
    """One connection, which is opened again when the server closed it."""

    def __init__(self, url: str, auth: str) -> None:
        """`url`: of the endpoint; `auth`: the field of that name."""
        self._address = urlsplit(url)
        self._auth = auth
        self._socket: socket.socket | None = None

    def send(self, file: bytes, *, unique: bool) -> int:
        """Upload a file, made `unique` by a comment or by bytes at its end; the answer's status."""
        other = os.urandom(_UNIQUE) if unique else b""
        start, rest, tail = b"", file, other
        if other and file.startswith(_JPEG):
            start, rest, tail = _JPEG + _COMMENT + other, memoryview(file)[len(_JPEG) :], b""
        before = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="auth"\r\n\r\n{self._auth}\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        after = f"\r\n--{_BOUNDARY}--\r\n".encode()
        length = sum(map(len, (before, start, rest, tail, after)))
        head = (
            f"POST {self._address.path} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()
        try:
            connection = self._connected()
            connection.sendall(head + before + start)
            connection.sendall(rest)
            connection.sendall(tail + after)
        except OSError:
            # Refused before the whole body was sent: the answer may still be there.
            if self._socket is None:
                raise
        return self._answer()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            host, port = self._address.hostname, self._address.port
            self._socket = socket.create_connection((host, port or 80), timeout=300)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _answer(self) -> int:
        assert self._socket is not None
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError("closed without an answer")
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        match = _LENGTH.search(head)
        missing = (int(match[1]) if match else 0) - len(body)
        while missing > 0:
            missing -= len(self._socket.recv(missing)) or missing
        status = int(head.split(b" ", 2)[1])
        if status != 201:
            self._socket.close()
            self._socket = None
        return status


def main() -> None:
    """Read the arguments, load the server, print what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--auth", default="{}")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--count", type=int, default=10**9)
    parser.add_argument("--same", action="store_true", help="send the files as they are")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds after a 429")
    arguments = parser.parse_args()
    files = [path.read_bytes() for path in arguments.files]
    statuses: Counter[str] = Counter()
    lock = threading.Lock()
    started = time.perf_counter()
    sent = 0

    def run() -> None:
        nonlocal sent
        sender = Sender(arguments.url, arguments.auth)
        while True:
            with lock:
                number, sent = sent, sent + 1
            if number >= arguments.count or time.perf_counter() - started > arguments.seconds:
                return
            try:
                status = str(sender.send(files[number % len(files)], unique=not arguments.same))
            except OSError as error:
                status = type(error).__name__
                sender = Sender(arguments.url, arguments.auth)
            with lock:
                statuses[status] += 1
            if status == "429":
                time.sleep(arguments.pause)

    threads = [threading.Thread(target=run) for _ in range(arguments.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    cpu = time.process_time()
    json.dump({"statuses": dict(statuses), "seconds": seconds, "cpu": cpu}, sys.stdout)


if __name__ == "__main__":
    main()
