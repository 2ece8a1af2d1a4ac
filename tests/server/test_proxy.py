"""Two replicas behind nginx, by the site in examples/server."""

import io
import json
import os
import signal
import socket
import ssl
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from pictures import flat
from server.running import start
from services.process import free_ports, running
from services.programs import program

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[2] / "examples" / "server" / "nginx.conf"
PUBLIC = "https://images.example.org"


class Front:
    """nginx before two replicas on one database and one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.nginx = program("nginx")
        self.port, *ports = free_ports(3)
        settings = {
            "public_url": PUBLIC,
            "trusted_proxies": "127.0.0.1",
            "backend": "none",
            "body_idle": 1,
            # A busy machine asks slowly.
            "rate": 0.2,
            "burst": 40,
        }
        self.replicas = [
            start(folder / "data", folder / f"{port}.log", port=port, **settings) for port in ports
        ]
        key, secret = self.replicas[0].key, self.replicas[0].secret
        self.auth = json.dumps({"key": key, "secret": secret})
        self._certify()
        self.command = self._configure(ports)

    def ask(self, method, path, **options):
        """A request by way of the proxy, as clients send it that have looked the name up."""
        path = path.removeprefix(PUBLIC)
        return requests.request(
            method,
            f"https://127.0.0.1:{self.port}{path}",
            headers={"Host": "images.example.org", **options.pop("headers", {})},
            verify=str(self.folder / "pem"),
            timeout=60,
            **options,
        )

    def upload(self, data):
        return self.ask("POST", "/v1/images", data={"auth": self.auth}, files={"file": data})

    def answers(self):
        try:
            return self.ask("GET", "/healthz").status_code == 200
        except requests.ConnectionError:
            return False

    def _certify(self):
        subject = ["-subj", "/CN=images.example.org", "-days", "2"]
        names = ["-addext", "subjectAltName=DNS:images.example.org,IP:127.0.0.1"]
        files = ["-keyout", self.folder / "key", "-out", self.folder / "pem"]
        kind = ["-x509", "-newkey", "rsa:2048", "-nodes"]
        command = [program("openssl"), "req", *kind, *subject, *names, *files]
        subprocess.run(command, check=True, capture_output=True)

    def _configure(self, ports):
        folder = self.folder
        replaced = {
            "server 127.0.0.1:8089;": "".join(f"server 127.0.0.1:{port};" for port in ports),
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "/etc/ssl/images.example.org.pem": f"{folder}/pem",
            "/etc/ssl/images.example.org.key": f"{folder}/key",
            "/var/log/nginx/": f"{folder}/",
        }
        site = SAMPLE.read_text()
        for old, new in replaced.items():
            assert old in site
            site = site.replace(old, new)
        (folder / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
        (folder / "nginx.conf").write_text(
            f"{user} daemon off; master_process off; pid {folder}/pid; events {{}}\n"
            f"http {{ {temporary} include {folder}/site.conf; }}\n"
        )
        return [self.nginx, "-e", "stderr", "-c", str(folder / "nginx.conf")]


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    found = Front(tmp_path_factory.mktemp("proxy"))
    with running(found.command, log=found.folder / "nginx.log", answers=found.answers):
        yield found
    for replica in found.replicas:
        replica.stop(signal.SIGKILL)


def test_uploads_of_50_mb_pass_and_larger_ones_are_refused_in_json(front):
    """The server's own limit counts, not one of nginx's; links are of the public address."""
    large = flat() + bytes(49_900_000)
    image = front.upload(large)
    assert image.status_code == 201
    for kind in ("origin_url", "optimized_url"):
        assert image.json()[kind].startswith(f"{PUBLIC}/v1/images/")
    found = front.ask("GET", image.json()["origin_url"])
    assert found.content == large
    refused = front.upload(large + bytes(5_000_000))
    assert (refused.status_code, refused.json()["errCode"]) == (400, 400)


def test_the_page_and_zips_come_through(front):
    """The web page with what it loads, and a zip whose address is longer than most proxies allow."""
    page = front.ask("GET", "/")
    assert page.status_code == 200
    assert "<title>" in page.text
    number = front.upload(flat()).json()["id"]
    ids = ",".join([f"{number:012}"] * 900)
    answer = front.ask("GET", f"/v1/images/zip/original/{ids}", params={"auth": front.auth})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [flat()]


def test_clients_are_logged_by_their_own_address(front):
    """X-Forwarded-For is nginx's: what a client writes there itself is not believed. No credentials
    and no paths are in nginx's log."""
    client = {"X-Forwarded-For": "203.0.113.9"}
    front.ask("GET", "/v1/accounts/mine", params={"auth": front.auth}, headers=client)
    lines = "".join(replica.log.read_text() for replica in front.replicas)
    assert '"client": "127.0.0.1"' in lines
    assert "203.0.113.9" not in lines
    for log in front.folder.glob("ir-build*log"):
        assert json.loads(front.auth)["secret"] not in log.read_text()
        assert "/v1" not in log.read_text()


def test_a_slow_body_is_ended_and_holds_nobody_up(front):
    """Half a body and then nothing: others are served, and the server's 408 comes through."""
    context = ssl.create_default_context(cafile=front.folder / "pem")
    with (
        socket.create_connection(("127.0.0.1", front.port), 60) as plain,
        context.wrap_socket(plain, server_hostname="images.example.org") as stream,
    ):
        stream.sendall(
            b"POST /v1/images HTTP/1.1\r\nHost: images.example.org\r\nContent-Length: 9999\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        )
        assert front.upload(flat()).status_code == 201
        assert b" 408 " in stream.recv(4096)


def test_a_flood_is_answered_429_and_a_dead_replica_is_not_noticed(front):
    """The server's HTTP errors pass as they are; without any server clients are told to come again."""
    with ThreadPoolExecutor(8) as threads:
        query = {"auth": front.auth}
        answers = [
            each.result()
            for each in [
                threads.submit(front.ask, "GET", "/v1/accounts/mine", params=query)
                for _ in range(150)
            ]
        ]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {429}
    assert refused[0].json()["errCode"] == 429
    assert int(refused[0].headers["retry-after"]) >= 1

    front.replicas[0].stop(signal.SIGKILL)
    for _ in range(6):
        assert front.ask("GET", "/healthz").status_code == 200
    front.replicas[1].stop(signal.SIGKILL)
    answer = front.ask("GET", "/healthz")
    assert (answer.status_code, answer.json()["errCode"]) == (503, 503)
    assert int(answer.headers["retry-after"]) >= 1
