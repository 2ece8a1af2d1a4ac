"""Clients that do not read what they have asked for."""

import contextlib
import socket
import time
from pathlib import Path

import pytest

from pictures import flat
from server.running import inside

pytestmark = pytest.mark.slow


def connected(server_port, client_port):
    """Whether the server's process still holds the connection, as Linux tells it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        ports = [int(each.partition(":")[2], 16) for each in (local, remote)]
        if ports == [server_port, client_port]:
            return state in ("01", "08")  # established; closed by the client only
    return False


@contextlib.contextmanager
def asking(server, path, headers="", window=1):
    """A connection that has asked for `path`, and the server's port; the window is the smallest."""
    host, _, port = server.url.removeprefix("http://").removesuffix("/v1").partition(":")
    with socket.socket() as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        stream.connect((host, int(port)))
        stream.settimeout(30)
        # Before anything is asked: a short answer may be sent and the connection closed at once.
        assert connected(int(port), stream.getsockname()[1])
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        yield stream, int(port)


def wait_until_cut(stream, port, reading):
    until = time.monotonic() + 30
    client = stream.getsockname()[1]
    while connected(port, client):
        assert time.monotonic() < until, "the connection is still held"
        reading(stream)
        time.sleep(0.02)


@pytest.mark.parametrize(
    "reading", [lambda _: None, lambda stream: stream.recv(1)], ids=["never", "drips"]
)
def test_a_download_that_is_not_read_is_cut(tmp_path, monkeypatch, reading):
    """No byte for a while, or too few of them: the connection is cut, and others are served."""
    monkeypatch.setattr("ir_build.server.http.timeouts._UNREAD_SECONDS", 0.5)
    with inside(tmp_path, backend="none") as server:
        image = server.upload(flat() + bytes(20_000_000)).json()
        path = "/v1" + image["origin_url"].partition("/v1")[2]
        with asking(server, path) as (stream, port):
            wait_until_cut(stream, port, reading)
        assert server.get("/accounts/mine").status_code == 200


def test_a_short_answer_that_is_not_read_is_cut(tmp_path, monkeypatch):
    """Also when the server has written all of it and only waits to close the connection."""
    monkeypatch.setattr("ir_build.server.http.timeouts._UNREAD_SECONDS", 0.5)
    with inside(tmp_path, backend="none") as server:
        image = server.upload(flat() + bytes(110_000)).json()
        path = "/v1" + image["origin_url"].partition("/v1")[2]
        with asking(server, path, "Connection: close\r\n") as (stream, port):
            wait_until_cut(stream, port, lambda _: None)


def test_a_slow_but_steady_reader_gets_everything(tmp_path, monkeypatch):
    """What counts is that it goes on: a download may take longer than the limit."""
    limit = 2
    monkeypatch.setattr("ir_build.server.http.timeouts._UNREAD_SECONDS", limit)
    with inside(tmp_path, backend="none") as server:
        image = server.upload(flat() + bytes(20_000_000)).json()
        path = "/v1" + image["origin_url"].partition("/v1")[2]
        began = time.monotonic()
        with asking(server, path, "Connection: close\r\n", window=200_000) as (stream, _):
            head, _, body = stream.recv(4096).partition(b"\r\n\r\n")
            assert b" 200 " in head
            size = len(body)
            while piece := stream.recv(400_000):
                size += len(piece)
                time.sleep(1.5 * limit * len(piece) / 20_000_000)
        assert size == len(flat()) + 20_000_000
        assert time.monotonic() - began > limit
