"""Large files pass through; secrets do not come out."""

import contextlib
import os
import subprocess
import sys
from email import message_from_bytes
from email.policy import HTTP
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_build.errors import Unreadable
from ir_build.imagerecycle.multipart import FilePart, MultipartBody, SourceFault
from pictures import flat
from server.running import start

MB = 1024 * 1024

# A server that takes 200 MB and gives them back, neither of which it holds in memory.
SERVER = """
import http.server, json, shutil, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        left = int(self.headers["Content-Length"])
        total = left
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        url = f"http://127.0.0.1:{self.server.server_port}/v1/images/optimized/0/a.png"
        body = json.dumps({"id": 1, "optimized_url": url, "size_before": total, "size_after": SIZE})
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        self.wfile.write(b"\\x89PNG\\r\\n\\x1a\\n")
        for _ in range(SIZE // 65536 - 1):
            self.wfile.write(bytes(65536))
        self.wfile.write(bytes(65536 - 8))
SIZE = int(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
CLIENT = """
import resource, sys
from ir_build.imagerecycle import Client, Credentials
url, source, target = sys.argv[1:]
with Client(Credentials("a", "b", url)) as client:
    client.compress(target.replace("b.png", "small.png")).to_file(target)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client.compress(source).to_file(target)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_a_large_file_is_never_in_memory(tmp_path):
    """Sending and fetching 200 MB adds less than 8 MB."""
    (tmp_path / "small.png").write_bytes(flat())
    source = tmp_path / "a.png"
    with source.open("wb") as file:
        file.truncate(200 * MB)
    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVER, str(200 * MB)], stdout=subprocess.PIPE, text=True
        ) as server,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(server.kill)
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, url, source, tmp_path / "b.png"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.png").stat().st_size == 200 * MB
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 8 * MB


def read_in_pieces(body, size):
    pieces = []
    while piece := body.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.slow
@given(
    st.dictionaries(st.sampled_from(["auth", "params", "url"]), st.text(max_size=30)),
    st.none() | st.binary(max_size=200),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
    st.integers(1, 100),
)
def test_a_multipart_body_is_what_it_says(fields, data, name, size):
    """Read in pieces of any size it has its length, and holds every field and the file."""
    part = None if data is None else FilePart.of(data, name)
    body = MultipartBody(fields, part)
    whole = read_in_pieces(body, size)
    assert len(whole) == len(body)
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    parts = list(message_from_bytes(head + whole, policy=HTTP).iter_parts())
    assert len(parts) == len(fields) + (part is not None)
    for one, (field, value) in zip(parts, fields.items(), strict=False):
        assert one.get_param("name", header="content-disposition") == field
        assert f"\r\n\r\n{value}\r\n--".encode() in whole
    if data is not None:
        assert b"\r\n\r\n" + data + b"\r\n--" in whole
        assert f'filename="{name}"'.replace('"', "%22") in whole.decode(
            "latin-1"
        ).encode("latin-1").decode("utf-8", "replace").replace('"', "%22")  # fmt: skip


def test_a_name_cannot_leave_its_header():
    """Quotation marks and line ends in a file name are escaped."""
    whole = read_in_pieces(MultipartBody({}, FilePart.of(b"x", 'a"\r\nX-Evil: 1.png')), 1000)
    assert b'filename="a%22%0D%0AX-Evil: 1.png"' in whole


def test_a_file_object_is_sent_from_where_it_stands(tmp_path):
    """Whoever opened it closes it; a pipe is kept for a second try."""
    file = BytesIO(b"headthe rest")
    file.read(4)
    part = FilePart.of(file, None)
    for _ in range(2):
        assert b"\r\n\r\nthe rest\r\n" in read_in_pieces(MultipartBody({}, part), 7)
    part.close()
    assert not file.closed
    reader, writer = os.pipe()
    os.write(writer, b"through a pipe")
    os.close(writer)
    with open(reader, "rb") as pipe:
        part = FilePart.of(pipe, "a.png")
        for _ in range(2):
            assert b"through a pipe" in read_in_pieces(MultipartBody({}, part), 7)
        part.close()


def test_a_file_that_shrinks_meanwhile_is_not_sent(tmp_path):
    """The length was promised: what is missing is an error, not a hanging request."""
    path = tmp_path / "a.png"
    path.write_bytes(bytes(1000))
    part = FilePart.of(path, None)
    body = MultipartBody({}, part)
    path.write_bytes(bytes(10))
    with pytest.raises(SourceFault) as caught:
        read_in_pieces(body, 100)
    part.close()
    assert str(caught.value.error) == f"{path}: changed while it was being sent"


@pytest.mark.parametrize("name", ["missing.png", "."])
def test_what_is_no_file_cannot_be_sent(tmp_path, name):
    """A missing file or a folder is said to be one."""
    with pytest.raises(Unreadable, match=r"no such file|not a regular file"):
        FilePart.of(tmp_path / name, None)


CANARY = """
import logging, sys, threading
logging.basicConfig(level=logging.DEBUG, filename=sys.argv.pop(1))
from ir_build.cli import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_no_secret_comes_out_anywhere(tmp_path):
    """At DEBUG, through every kind of success and failure: not in output, log, report or cache."""
    running = start(tmp_path / "data", tmp_path / "server.log", rate=0)
    site = tmp_path / "work" / "site"
    site.mkdir(parents=True)
    (site / "a.png").write_bytes(flat())
    log = tmp_path / "work" / "debug.log"
    texts = []

    def run(*words, **environ):
        environ = {
            **{name: value for name, value in os.environ.items() if "IR_BUILD" not in name},
            "IR_BUILD_API_KEY": running.key, "IR_BUILD_API_SECRET": running.secret,
            "IR_BUILD_API_URL": running.url, "IR_BUILD_JOBS": "1",
            "IR_BUILD_CACHE_DIR": str(tmp_path / "work" / "cache"),
            **environ,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", CANARY, log, *words], env=environ, cwd=tmp_path / "work",
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        texts.append(done.stdout + done.stderr)
        return done.returncode

    try:
        assert run("optimize", "site", "--report", "report.json", "-v") == 0
        assert run("account", "--json") == 0
        assert run("images", "list") == 0
        assert run("account", "sub", "list", "--json") == 0
        assert run("doctor") == 0
        assert run("images", "get", "999999") == 5
        wrong = running.secret[::-1]
        assert run("account", IR_BUILD_API_SECRET=wrong) == 5
        assert (
            run("account", IR_BUILD_API_URL="http://127.0.0.1:9/v1", IR_BUILD_API_SECRET=wrong) == 5
        )
        assert run("account", IR_BUILD_API_URL="http://elsewhere.example/v1") == 2
    finally:
        running.stop()
    texts += [
        path.read_bytes().decode("latin-1")
        for path in (tmp_path / "work").rglob("*")
        if path.is_file()
    ]
    assert "GET /v1/accounts/mine" in log.read_text(), "the log is to be one"
    for secret in (running.key, running.secret, running.secret[::-1]):
        assert not [text for text in texts if secret in text]
