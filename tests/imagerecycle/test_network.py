"""Certificates and proxies: as requests does them, and never around them."""

import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ir_build.errors import TransportError
from ir_build.imagerecycle import Client, Credentials
from ir_build.imagerecycle.retry_policy import RetryPolicy
from services.peer import KEY, SECRET

QUICK = RetryPolicy(connect=2, read=2, attempts=2, pause=0.01)


class Account(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        body = b'{"quota_current": 1, "quota_allowed": 2}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def https(tmp_path):
    """A server whose certificate is its own authority; its address and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Account)
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}/v1", pem
    server.shutdown()
    server.server_close()


def test_a_certificate_must_be_trusted(https, monkeypatch):
    """An unknown authority is an error at once; one named to requests is trusted."""
    url, pem = https
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with (
        Client(Credentials(KEY, SECRET, url), retry_policy=QUICK) as client,
        pytest.raises(TransportError, match="certificate is not trusted") as caught,
    ):
        client.account()
    assert SECRET not in str(caught.value)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    with Client(Credentials(KEY, SECRET, url), retry_policy=QUICK) as client:
        assert client.account().quota == 2


@pytest.fixture
def proxy():
    """A listener that takes down what it is sent and answers nothing."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(4096))

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxied(proxy, monkeypatch):
    address, heard = proxy
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, address)
    return heard


def test_a_proxy_is_used_and_told_nothing(proxied):
    """It sees where to, and neither path nor secret."""
    with (
        Client(
            Credentials(KEY, SECRET, "https://api.example.org/v1"), retry_policy=QUICK
        ) as client,
        pytest.raises(TransportError),
    ):
        client.account()
    assert proxied[0].startswith(b"CONNECT api.example.org:443 ")
    assert not [text for text in proxied if KEY.encode() in text or SECRET.encode() in text]


def test_what_stays_on_this_machine_goes_to_no_proxy(proxied, peer):
    """An API on this machine is spoken to in clear: its secret must not leave it."""
    with Client(Credentials(KEY, SECRET, peer.url), retry_policy=QUICK) as client:
        client.account()
    assert proxied == []


def test_a_netrc_adds_no_login(peer, tmp_path, monkeypatch):
    """Another program's login for the same host is not sent along."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(netrc))
    with Client(Credentials(KEY, SECRET, peer.url), retry_policy=QUICK) as client:
        client.account()
    assert "authorization" not in peer.seen[-1][2].lower()
