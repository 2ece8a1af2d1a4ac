"""URL uploads: what is fetched, and everything that is not."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ir_build.errors import ConfigError
from ir_build.server.fetch.ssrf_policy import ForbiddenAddress, SsrfPolicy, parse
from pictures import flat
from server.certificates import self_signed
from server.running import inside


class Site(BaseHTTPRequestHandler):
    """A web site with good and bad files; `server.seen` is what was asked for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        name = self.path.partition("?")[0].strip("/").replace("-", "_").removesuffix(".png")
        getattr(self, f"get_{name}", self.missing)()

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def missing(self):
        self.answer(404, b"no")

    def get_good(self):
        self.answer(200, flat())

    def get_html(self):
        self.answer(200, b"<!doctype html><html><body>Sign in</body></html>" * 50)

    def get_packed(self):
        self.answer(200, gzip.compress(flat()), **{"Content-Encoding": "gzip"})

    def get_cut(self):
        self.answer(200, flat(), length=len(flat()) + 1000)
        self.close_connection = True

    def get_declared_large(self):
        self.answer(200, flat(), length=10**12)
        self.close_connection = True

    def get_endless(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(flat())
            while True:
                self.wfile.write(bytes(65536))

    def get_drip(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            for byte in flat():
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)

    def raw(self, text):
        """Answer with these bytes and close."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(text.encode("latin-1"))

    def chunked(self, size):
        self.raw(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n")
        self.get_endless_zeros()

    def get_endless_zeros(self):
        with contextlib.suppress(OSError):
            self.wfile.write(flat())
            while True:
                self.wfile.write(bytes(65536))

    def get_chunk_of_minus_one(self):
        self.chunked("-1")

    def get_chunk_of_minus_five(self):
        self.chunked("-5")

    def get_chunk_that_is_no_number(self):
        self.chunked("0x_1")

    def get_chunk_beyond_all(self):
        self.chunked("f" * 400)

    def get_length_beyond_all(self):
        self.raw(f"HTTP/1.1 200 OK\r\nContent-Length: {'9' * 5000}\r\n\r\n")

    def get_length_below_zero(self):
        self.raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx")

    def get_no_http(self):
        self.raw("SSH-2.0-x\r\n")

    def get_odd_status(self):
        self.raw("HTTP/1.1 2_0 OK\r\n\r\n")

    def get_endless_head(self):
        self.raw("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 100_000)

    def get_nowhere(self):
        self.answer(302)

    def get_to_half_a_bracket(self):
        self.answer(302, Location="http://[")

    def get_to_an_odd_port(self):
        self.answer(302, Location="http://x:-1/")

    def get_to_no_text(self):
        self.raw("HTTP/1.1 302 Found\r\nLocation: //\xff\xed\xa0\x80/\r\n\r\n")

    def get_in_pieces(self):
        self.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.raw("".join(f"1\r\n{chr(byte)}\r\n" for byte in flat()) + "0\r\n\r\n")

    def get_hop(self):
        self.answer(302, Location="/good.png")

    def get_held(self):
        self.server.held.release()
        self.server.let_go.wait(30)
        self.answer(200, flat())

    def get_loop(self):
        self.answer(302, Location="/loop")

    def get_to_file(self):
        self.answer(302, Location="file:///etc/passwd")

    def get_to_metadata(self):
        self.answer(302, Location="http://169.254.169.254/latest/meta-data/")

    def get_to_elsewhere(self):
        self.answer(302, Location=f"http://127.0.0.1:{self.server.other}/good.png")


@contextlib.contextmanager
def web_site(tls=None):
    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    site.daemon_threads = True
    site.seen = []
    site.held, site.let_go = threading.Semaphore(0), threading.Event()
    if tls:
        site.socket = tls.wrap_socket(site.socket, server_side=True)
    thread = threading.Thread(target=site.serve_forever, args=(0.02,))
    thread.start()
    yield site
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.fixture(scope="module")
def site():
    with web_site() as running:
        yield running


@pytest.fixture(scope="module")
def other():
    with web_site() as running:
        yield running


@pytest.fixture(scope="module")
def fetching(site, other, tmp_path_factory):
    site.other = other.server_port
    with inside(
        tmp_path_factory.mktemp("fetching"),
        backend="none",
        url_uploads="public",
        url_allow=f"127.0.0.1:{site.server_port}",
        url_time_limit="1.5",
        max_file_size="500000",
    ) as server:
        server.site = f"http://127.0.0.1:{site.server_port}"
        yield server


def send(server, url, **fields):
    return server.call("POST", "/images", url=url, **fields)


def test_a_file_is_fetched(fetching, site):
    """201, named after its URL; asked for without credentials, proxies or packing."""
    answer = send(fetching, f"{fetching.site}/good.png?x=1")
    assert answer.status_code == 201
    assert answer.json()["filename"] == "good.png"
    assert answer.json()["size_before"] == len(flat())
    path, headers = site.seen[-1]
    assert path == "/good.png?x=1"
    assert headers["Accept-Encoding"] == "identity"
    assert fetching.secret not in str(site.seen)
    older = f'{{"params":{{}},"url":"{fetching.site}/hop"}}'
    assert fetching.call("POST", "/images", params=older).status_code == 201
    multipart = fetching.upload(flat((9, 9)), url=f"{fetching.site}/good.png").json()
    assert multipart["width"] == 9


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "html",
        "packed",
        "cut",
        "declared-large",
        "endless",
        "drip",
        "loop",
        "to-file",
        "to-metadata",
        "to-elsewhere",
        "nothing",
        "chunk-of-minus-one",
        "chunk-of-minus-five",
        "chunk-that-is-no-number",
        "chunk-beyond-all",
        "length-beyond-all",
        "length-below-zero",
        "no-http",
        "odd-status",
        "endless-head",
        "nowhere",
        "to-half-a-bracket",
        "to-an-odd-port",
        "to-no-text",
    ],
)
def test_what_is_no_whole_file_in_time_is_a_400(fetching, name):
    """Errors, pages, packed, cut, endless and dripping files, loops, redirects to elsewhere, no HTTP."""
    before, started = fetching.used(), time.monotonic()
    answer = send(fetching, f"{fetching.site}/{name}")
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert fetching.used() == before
    assert time.monotonic() - started < 20


def test_a_file_that_comes_in_the_smallest_chunks_is_fetched(fetching):
    """A byte a chunk: what it is can be told all the same."""
    answer = send(fetching, f"{fetching.site}/in-pieces")
    assert (answer.status_code, answer.json().get("size_before")) == (201, len(flat()))


def test_one_account_does_not_hold_all_fetches(tmp_path, site):
    """Twelve fetches of one account that hang: six do so at once, and another account's go on."""
    address = f"127.0.0.1:{site.server_port}"
    with (
        inside(tmp_path, backend="none", url_uploads="listed", url_allow=address) as server,
        ThreadPoolExecutor(12) as threads,
    ):
        other = server.as_account(server.new_sub())
        work = [threads.submit(send, server, f"http://{address}/held") for _ in range(12)]
        try:
            for _ in range(6):
                assert site.held.acquire(timeout=30)
            assert send(other, f"http://{address}/good.png").status_code == 201
            assert not site.held.acquire(blocking=False)
        finally:
            site.let_go.set()
        assert [one.result().status_code for one in work] == [201] * 12


def test_every_hop_is_checked_again(fetching, other):
    """An allowed host that redirects to one that is not: that one is never connected to."""
    other.seen.clear()
    send(fetching, f"{fetching.site}/to-elsewhere")
    assert other.seen == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0",
        "0.0.0.0",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "LOCALHOST.",
    ],
)
def test_no_spelling_of_this_machine_is_connected_to(fetching, other, host):
    """Names, short, hexadecimal, octal and unicode spellings, IPv6: checked by where they lead."""
    other.seen.clear()
    for port in (other.server_port, 80):
        answer = send(fetching, f"http://{host}:{port}/good.png")
        assert answer.status_code == 400
        assert answer.json()["errMessage"] == "The file at this URL cannot be fetched"
    assert other.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a.png",
        "file:///etc/passwd",
        "gopher://x/",
        "//example.org/a.png",
        "a.png",
        "http://",
        "http:///a.png",
        "http://user@example.org/",
        "http://a:b@example.org/",
        "http://exa mple.org/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org:99999/",
        "http://example.org/\r\nX: y",
        "http://[::1/",
        "data:image/png;base64,AAAA",
        "http://" + "a" * 300,
        "http://example.org/\0",
    ],
)
def test_what_is_no_plain_web_address_is_refused(fetching, url):
    """Other schemes, user names, line ends, backslashes, broken hosts and ports."""
    assert send(fetching, url).status_code == 400


def test_nothing_is_fetched_unless_the_operator_says_so(plain, other):
    """The default: a 400 that says what to do, and no connection."""
    other.seen.clear()
    answer = send(plain, f"http://127.0.0.1:{other.server_port}/good.png")
    assert answer.status_code == 400
    assert "send the file itself" in answer.json()["errMessage"]
    assert other.seen == []


def rebinding(monkeypatch, *answers):
    """A resolver that answers each question with the next of `answers`."""
    asked = []

    def resolve(host, port, *_, **__):
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in answers[min(len(asked), len(answers)) - 1]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_name_is_resolved_once_and_all_its_addresses_are_checked(monkeypatch):
    """Rebinding finds nothing to rebind; one inner address among outer ones is enough to refuse."""
    target = parse("http://rebind.example/a.png")
    public = SsrfPolicy("public", ())
    asked = rebinding(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    assert public.addresses(target) == [(socket.AF_INET, "93.184.216.34")]
    assert asked == ["rebind.example"]
    rebinding(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(ForbiddenAddress):
        public.addresses(target)


def test_only_the_usual_ports_of_public_hosts(monkeypatch):
    """Mail, databases and admin pages are not asked, even on public addresses."""
    rebinding(monkeypatch, ["93.184.216.34"])
    public = SsrfPolicy("public", ())
    for port in (80, 443):
        assert public.addresses(parse(f"http://a.example:{port}/"))
    for port in (22, 25, 6379, 8080):
        with pytest.raises(ForbiddenAddress):
            public.addresses(parse(f"http://a.example:{port}/"))


def test_the_list_names_hosts_suffixes_ports_and_networks(monkeypatch):
    """Dots are dots, a suffix needs its dot, a host without a port means the usual ones."""
    allowed = SsrfPolicy(
        "listed", ["img.example.org", "*.intra.example", "cache:8080", "10.1.0.0/16"]
    )
    resolved = rebinding(monkeypatch, ["10.9.9.9"])
    for url in (
        "http://img.example.org/",
        "https://IMG.example.org./",
        "http://a.b.intra.example/",
        "http://cache:8080/",
    ):
        assert allowed.addresses(parse(url)) == [(socket.AF_INET, "10.9.9.9")]
    for url in (
        "http://imgxexample.org/",
        "http://img.example.org.evil.example/",
        "http://evilintra.example/",
        "http://img.example.org:8080/",
        "http://cache/",
        "http://img.example.org@evil.example/",
    ):
        with pytest.raises(ForbiddenAddress):
            allowed.addresses(parse(url))
    rebinding(monkeypatch, ["10.1.2.3"])
    assert allowed.addresses(parse("http://any.example:99/"))
    asked = rebinding(monkeypatch, ["93.184.216.34"])
    with pytest.raises(ForbiddenAddress):
        SsrfPolicy("listed", ["img.example.org"]).addresses(parse("http://x.attacker.example/"))
    assert asked == []
    assert resolved
    for entry in ("*", "http://a.example", "a*.example", "10.0.0.1/8"):
        with pytest.raises(ConfigError):
            SsrfPolicy("listed", [entry])


def test_a_certificate_that_is_not_trusted_is_refused(tmp_path):
    """https means the name is checked: a self-signed host is not fetched from."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*self_signed(tmp_path))
    with (
        web_site(tls) as secure,
        inside(
            tmp_path / "data",
            backend="none",
            url_uploads="listed",
            url_allow=f"127.0.0.1:{secure.server_port}",
        ) as server,
    ):
        answer = send(server, f"https://127.0.0.1:{secure.server_port}/good.png")
        assert answer.status_code == 400
        assert secure.seen == []
