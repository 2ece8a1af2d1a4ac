"""The API as a backend, against a server on a real socket that can misbehave."""

import json
import logging
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image

from ir_build import backends
from ir_build.backends.api import ApiBackend
from ir_build.errors import (
    AuthenticationError,
    BackendError,
    ConfigError,
    LeftAlone,
    NotFound,
    QuotaExceeded,
    Rejected,
    ServiceUnavailable,
    TransportError,
)
from ir_build.imagerecycle.client import Client
from ir_build.imagerecycle.credentials import Credentials, from_environment
from ir_build.media import MediaType
from ir_build.options import Compression, Meta, Options, Resize

KEY, SECRET = "5a" * 16, "canary" + "7f" * 13


def picture():
    buffer = BytesIO()
    Image.new("RGB", (60, 40), "teal").save(buffer, "png", compress_level=0)
    return buffer.getvalue()


SMALL = b"\x89PNG small"


class Handler(BaseHTTPRequestHandler):
    """Accounts, uploads and downloads; `server.faults` are answered first, one a request."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(("GET", self.path, b""))
        if self.fault("account" if "/accounts/" in self.path else "download"):
            return
        if self.path.startswith("/v1/accounts/mine"):
            self.answer(200, json.dumps(self.server.account).encode())
        elif self.path.startswith("/v1/images/optimized/"):
            self.answer(200, SMALL, "image/png")
        else:
            self.answer(404, b'{"errCode": 404, "errMessage": "Not found"}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(("POST", self.path, body))
        if not self.fault("upload"):
            self.answer(201, json.dumps(self.server.image).encode())

    def fault(self, where):
        for fault in self.server.faults:
            if fault[0] == where:
                self.server.faults.remove(fault)
                fault[1](self)
                return True
        return False

    def answer(self, status, body, kind="application/json", length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.seen, httpd.faults = [], []
    httpd.origin = f"http://127.0.0.1:{httpd.server_port}"
    httpd.account = {"quota_current": 0, "quota_allowed": "1000000", "file_max_size": 500_000}
    httpd.image = {
        "id": 7,
        "size_before": len(picture()),
        "size_after": len(SMALL),
        "optimized_url": f"{httpd.origin}/v1/images/optimized/{'0' * 32}/a.png",
    }
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def backend(server):
    made = ApiBackend(Client(Credentials(KEY, SECRET, f"{server.origin}/v1"), pause=0.01))
    yield made
    made.close()


def send(backend, options=Options(), media=MediaType.PNG):  # noqa: B008  (frozen)
    return backend.compress(picture(), media, options, "a b.png")


def test_a_file_goes_up_and_comes_back_smaller(server, backend):
    """The upload carries credentials, parameters and the name; the download no credentials."""
    options = Options(
        compression_type=Compression.LOSSLESS,
        resize=Resize(800, None),
        preserve_metas=frozenset({Meta.COPYRIGHT}),
    )
    candidate = send(backend, options)
    assert candidate.data == SMALL
    assert not candidate.lossy
    _, (_, path, body), (_, download, _) = server.seen
    assert path == "/v1/images"
    assert b'filename="a b.png"' in body
    assert picture() in body
    for part in (
        KEY,
        SECRET,
        '"compression_type": "lossless"',
        '"resize": {"width": 800}',
        "copyright",
    ):
        assert part.encode() in body
    assert SECRET not in download


def test_limits_are_asked_for_once_and_kept(server, backend):
    """What is too large or over the quota is not sent."""
    server.account = {"quota_current": 0, "quota_allowed": 25_000, "quota_file_max_size": "7000"}
    with pytest.raises(LeftAlone, match="7000"):
        send(backend)
    server.account["quota_file_max_size"] = 0
    backend._account = None
    sent = 0
    with pytest.raises(QuotaExceeded):
        for _ in range(9):
            send(backend)
            sent += 1
    assert sent == 25_000 // len(picture())
    assert sum(method == "POST" for method, *_ in server.seen) == sent


def test_other_types_are_not_sent(server, backend):
    """The service takes JPEG, PNG, GIF and PDF."""
    with pytest.raises(LeftAlone, match="svg"):
        send(backend, media=MediaType.SVG)
    assert server.seen == []


def refuse(status, message="", **headers):
    body = json.dumps({"errCode": status, "errMessage": message}).encode()
    return lambda handler: handler.answer(status, body, **headers)


def reset(handler):
    handler.connection.close()


def raw(status, body, **more):
    return lambda handler: handler.answer(status, body, **more)


RETRIED = [
    ("upload", refuse(500)),
    ("upload", refuse(429, Retry_After="0")),
    ("upload", refuse(503)),
    ("upload", reset),
    ("account", reset),
    ("download", refuse(502)),
    ("download", raw(200, SMALL[:4], length=len(SMALL))),
]


@pytest.mark.parametrize("fault", RETRIED)
def test_passing_trouble_is_retried(server, backend, fault):
    """One bad answer costs a retry, not the file."""
    server.faults = [fault]
    assert send(backend).data == SMALL
    assert server.faults == []


FINAL = [
    ("upload", refuse(401, "Subscription expired"), AuthenticationError, 1),
    ("upload", refuse(403, "Montly quota exceeded"), QuotaExceeded, 1),
    ("upload", refuse(400, "corrupt"), Rejected, 1),
    ("upload", refuse(404, "no such path"), NotFound, 1),
    ("upload", raw(200, b"<html>welcome</html>"), TransportError, 1),
    ("upload", raw(200, b'{"errCode": 403, "errMessage": "quota"}'), QuotaExceeded, 1),
    ("upload", raw(302, b"", Location="http://127.0.0.1:9/v1/images"), TransportError, 4),
    ("upload", refuse(500), ServiceUnavailable, 4),
    ("download", raw(200, b"<html>error</html>"), TransportError, 1),
    ("download", raw(200, b"x" * 100_000), TransportError, 4),
    ("download", refuse(404, "expired"), NotFound, 1),
]


@pytest.mark.parametrize(("where", "fault", "error", "times"), FINAL)
def test_lasting_trouble_is_the_right_error_and_no_secret_is_shown(
    server, backend, caplog, where, fault, error, times
):
    """Each fault ends in its error, nothing is returned, and key and secret stay unseen."""
    caplog.set_level(logging.DEBUG)
    server.faults = [(where, fault)] * times
    with pytest.raises((BackendError, Rejected)) as caught:
        send(backend)
    assert type(caught.value) is error
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for secret in (KEY, SECRET):
        assert secret not in shown
        assert secret not in repr(backend.__dict__)
    assert server.faults == []


def test_a_server_that_is_not_there(server):
    """A refused connection is a transport error, without the address of the query."""
    client = Client(Credentials(KEY, SECRET, "http://127.0.0.1:9/v1"), pause=0.01)
    with pytest.raises(TransportError) as caught:
        client.account()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    client.close()


def test_the_original_back_is_not_an_error(server, backend):
    """When the service could not make it smaller, nothing is downloaded."""
    server.image["size_after"] = server.image["size_before"]
    assert send(backend).data == picture()
    assert not any("optimized" in path for _, path, _ in server.seen)


def test_a_file_on_another_host_needs_https(server, backend):
    """A download link to a plain address elsewhere is not followed."""
    server.image["optimized_url"] = "http://127.0.0.1:9/etc/passwd"
    with pytest.raises(TransportError, match="https"):
        send(backend)


def test_credentials_choose_the_server(server):
    """`auto` is the server where credentials are set; `local` never is; `api` needs them."""
    environ = {"IR_BUILD_API_KEY": KEY, "IR_BUILD_API_SECRET": SECRET}
    chosen = backends.choose("auto", environ=environ, sandbox=None)
    assert chosen.remote
    assert chosen.name == "the server https://api.imagerecycle.com"
    chosen.close()
    assert not backends.choose("auto", environ={}, sandbox=None).remote
    assert not backends.choose("local", environ=environ, sandbox=None).remote
    with pytest.raises(ConfigError, match="IR_BUILD_API_KEY"):
        backends.choose("api", environ={}, sandbox=None)


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"IR_BUILD_API_KEY": KEY}, "IR_BUILD_API_SECRET: is not set"),
        ({"IR_BUILD_API_SECRET": SECRET}, "IR_BUILD_API_KEY: is not set"),
        (
            {
                "IR_BUILD_API_KEY": KEY,
                "IR_BUILD_API_SECRET": SECRET,
                "IR_BUILD_API_URL": "http://a.example/v1",
            },
            "https",
        ),
        (
            {
                "IR_BUILD_API_KEY": KEY,
                "IR_BUILD_API_SECRET": SECRET,
                "IR_BUILD_API_URL": "https://u:p@a.example/v1",
            },
            "login",
        ),
    ],
)
def test_half_or_unsafe_credentials_are_refused_without_being_shown(environ, hint):
    """The message says what is missing, never what is there."""
    with pytest.raises(ConfigError, match=hint) as caught:
        from_environment(environ)
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(Credentials(KEY, SECRET))
