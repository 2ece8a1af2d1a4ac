"""Running a server: starts, stops, crashes, health, metrics, logs, settings."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from click.testing import CliRunner

from ir_build.cli import main
from ir_build.errors import ConfigError
from ir_build.server.errors import HttpError
from ir_build.server.logs import redacted
from ir_build.server.settings import Settings, load
from ir_build.server.storage.database import Database, DatabaseUnavailable, Sql, _Sqlite
from ir_build.server.storage.writer import ChangeWriter, make
from pictures import flat
from server.certificates import self_signed
from server.running import credentials, inside

pytestmark = pytest.mark.slow


def test_a_restart_keeps_everything_and_shows_no_secret(launch):
    """Account, images and use are there again; the credentials are printed at the first start only."""
    first = launch()
    image = first.upload(flat()).json()
    assert first.stop() == 0
    again = launch()
    assert (again.key, again.secret) == ("", "")
    again.key, again.secret = first.key, first.secret
    found = again.get(f"/images/{image['id']}").json()
    assert found["size_after"] == image["size_after"]
    assert requests.get(found["origin_url"], timeout=30).content == flat()
    assert again.used() == len(flat())


def test_a_lost_secret_can_be_replaced(tmp_path):
    """`ir-build serve --reset-secret` makes a new one, and the old one is dead at once."""
    folder = tmp_path / "data"
    with inside(folder, backend="none") as server:
        done = CliRunner().invoke(main, ["serve", "--reset-secret", "--data-dir", str(folder)])
        assert done.exit_code == 0
        _, secret = credentials(re.search(r"secret, in (.*)\n", done.output)[1])
        assert secret not in done.output
        assert server.get("/accounts/mine").status_code == 401
        server.secret = secret
        assert server.get("/accounts/mine").status_code == 200


def test_the_main_secret_is_in_a_private_file_and_nowhere_else(launch, tmp_path):
    """What is printed, and so kept by journals, names the file: what a build needs, mode 0600."""
    server = launch(backend="none")
    file = tmp_path / "data" / "main-account.env"
    assert file.stat().st_mode & 0o777 == 0o600
    given = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert given["IR_BUILD_API_URL"] == server.url
    command = [sys.executable, "-m", "ir_build", "account"]
    done = subprocess.run(
        command, env={**os.environ, **given}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    server.process.send_signal(signal.SIGTERM)
    printed = server.printed + server.process.stdout.read() + server.log.read_text()
    assert str(file) in printed
    assert server.secret not in printed


def test_a_team_s_network_needs_one_file(launch, tmp_path):
    """Plain http to this machine by another name: the file that the server wrote is enough for a
    build, which sends the secret to no proxy; without its leave no secret is sent."""
    name = "127.0.0.2"  # another machine's, as far as the client knows
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = launch(host="0.0.0.0", port=port, public_url=f"http://{name}:{port}", backend="none")
    lines = (tmp_path / "data" / "main-account.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines)
    assert given["IR_BUILD_API_PLAIN_HTTP"] == name
    environ = {**os.environ, **given, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    command = [sys.executable, "-m", "ir_build", "account"]
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    del environ["IR_BUILD_API_PLAIN_HTTP"]
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    assert (done.returncode, "IR_BUILD_API_PLAIN_HTTP" in done.stderr) == (2, True)
    assert server.secret not in done.stderr


def test_key_and_secret_may_be_given_beforehand(launch, tmp_path):
    """In the environment, or in files; a later start with other ones replaces them; none is shown."""
    key, secret, other = "docs-team", "s" * 40, "t" * 40
    first = launch(backend="none", main_key=key, main_secret=secret)
    assert (first.key, first.secret) == ("", "")
    first.key, first.secret = key, secret
    assert first.get("/accounts/mine").status_code == 200
    assert not (tmp_path / "data" / "main-account.env").exists()
    sub = first.as_account(first.new_sub())
    first.stop()
    file = tmp_path / "secret"
    file.write_text(f"{other}\n")
    again = launch(backend="none", main_key="docs-two", main_secret_file=file)
    for known, right in (
        ((key, secret), 401),
        (("docs-two", secret), 401),
        (("docs-two", other), 200),
    ):
        again.key, again.secret = known
        assert again.get("/accounts/mine").status_code == right
    sub.url = again.url
    assert sub.get("/accounts/mine").status_code == 200
    assert secret not in again.log.read_text()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"main_key": "docs-team"}, "main_secret"),
        ({"main_secret": "s" * 40}, "main_key"),
        ({"main_key": "docs-team", "main_secret": "canary"}, "main_secret"),
        ({"main_key": "docs-team", "main_secret_file": "/nowhere/canary"}, "main_secret_file"),
        ({"secret_key": "s" * 40, "secret_key_file": "/nowhere"}, "secret_key_file"),
        ({"tls_cert": "/nowhere/cert.pem"}, "tls_cert"),
        ({"tls_key": "/nowhere/key.pem"}, "tls_key"),
        ({"tls_cert": __file__}, "tls_cert"),
    ],
)
def test_what_is_given_for_secrets_must_be_usable(tmp_path, given, wrong):
    """One without the other, a short secret, a file that is not there: named, with exit code 2."""
    environ = {f"IR_BUILD_SERVER_{name.upper()}": value for name, value in given.items()}
    done = CliRunner().invoke(
        main, ["serve", "--port", "0", "--data-dir", str(tmp_path)], env=environ
    )
    assert done.exit_code == 2
    assert wrong in done.output
    if "canary" in given.values():
        assert "canary" not in done.output


def test_a_server_speaks_https_by_itself(launch, tmp_path):
    """With a certificate: for our client, which trusts it by the usual variable; no plain http."""
    certificate, key = self_signed(tmp_path)
    server = launch(backend="none", tls_cert=certificate, tls_key=key)
    assert server.url.startswith("https://127.0.0.1:")
    environ = {
        **os.environ,
        "IR_BUILD_API_URL": server.url,
        "IR_BUILD_API_KEY": server.key,
        "IR_BUILD_API_SECRET": server.secret,
    }
    command = [sys.executable, "-m", "ir_build", "account"]
    for trusted, accepted in (({"REQUESTS_CA_BUNDLE": str(certificate)}, True), ({}, False)):
        done = subprocess.run(
            command, env={**environ, **trusted}, check=False, capture_output=True, text=True
        )
        assert (done.returncode == 0) is accepted, done.stderr
    files = {"file": ("a.png", flat())}
    answer = requests.post(
        f"{server.url}/images",
        {"auth": server.auth()},
        files=files,
        timeout=30,
        verify=certificate,
    ).json()
    assert answer["origin_url"].startswith(server.url)
    found = requests.get(answer["origin_url"], timeout=30, verify=certificate)
    assert found.content == flat()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url.replace('https', 'http')}/accounts/mine", timeout=30)


def test_a_password_on_the_command_line_is_refused():
    """Other users of a machine see command lines: the password of a database is not taken there."""
    url = "postgresql+psycopg://docs:canary@127.0.0.1/images"
    done = CliRunner().invoke(main, ["serve", "--database", url])
    assert done.exit_code == 2
    assert "IR_BUILD_SERVER_DATABASE" in done.output
    assert "canary" not in done.output


def test_a_stop_finishes_what_was_accepted(launch):
    """SIGTERM in the middle of a body: the upload is completed and answered; then it ends, with 0."""
    server = launch()
    host, port = server.url.removeprefix("http://").removesuffix("/v1").split(":")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="auth"\r\n\r\n'
        + server.auth().encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + flat((200, 200))
        + b"\r\n--b--\r\n"
    )
    with socket.create_connection((host, int(port)), 30) as stream:
        stream.sendall(
            b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
            + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            + body[:500]
        )
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(OSError):
            socket.create_connection((host, int(port)), 1).close()
        stream.sendall(body[500:])
        assert stream.recv(4096).startswith(b"HTTP/1.1 201")
    assert server.process.wait(30) == 0


def test_a_new_database_is_opened_by_several_at_once(tmp_path):
    """Who comes while another switches to the write-ahead log waits for its turn."""
    together = threading.Barrier(4)

    def opened(database):
        together.wait()
        with contextlib.closing(_Sqlite(database, durable=False).connect()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (a)")

    with ThreadPoolExecutor(4) as threads:
        for number in range(60):
            list(threads.map(opened, [tmp_path / f"{number}.sqlite"] * 4))


def test_two_that_start_at_once_make_one_account(launch, tmp_path):
    """Replicas migrate one after the other, and one of them makes and shows the main account."""
    with ThreadPoolExecutor(2) as threads:
        started = list(threads.map(lambda _: launch(tmp_path / "data"), range(2)))
    assert sorted(bool(server.key) for server in started) == [False, True]
    known = next(server for server in started if server.key)
    for server in started:
        server.key, server.secret = known.key, known.secret
        assert server.get("/accounts/mine").status_code == 200


def test_a_newer_database_is_refused_and_unchanged(tmp_path):
    """A schema of the future: an error that says what to do, before anything is changed."""
    with inside(tmp_path, backend="none") as server:
        server.service.database.rows(
            Sql("INSERT INTO schema_version (version) VALUES (99) RETURNING version")
        )
    with pytest.raises(ConfigError, match="newer ir-build"), inside(tmp_path, backend="none"):
        pass


def test_health_and_readiness(launch, tmp_path):
    """/healthz says that the process lives, /readyz that database and storage answer."""
    server = launch(
        storage="s3://nowhere/x",
        s3_endpoint="http://127.0.0.1:9",
        s3_region="x",
        s3_access_key="k",
        s3_secret_key="s",
        backend="none",
    )
    base = server.url.removesuffix("/v1")
    assert requests.get(f"{base}/healthz", timeout=30).json() == {"status": "ok"}
    answer = requests.get(f"{base}/readyz", timeout=60)
    assert (answer.status_code, answer.json()["errMessage"]) == (503, "the storage does not answer")
    upload = server.upload(flat())
    assert (upload.status_code, upload.json()["errCode"]) == (503, 503)
    assert int(upload.headers["retry-after"]) > 0
    assert server.used() == 0


class Change:
    """A change that may lose its connection, or be refused, when its rows are written."""

    def __init__(self, trouble):
        self.trouble = trouble
        self.undone = False

    def prepare(self):
        pass

    def record(self, transaction):
        self.trouble(transaction)

    def undo(self):
        self.undone = True


class BrokenDatabase:
    """One that fails in a way that nobody has thought of."""

    def transaction(self):
        raise RuntimeError("malformed")


def test_trouble_that_nobody_thought_of_ends_no_writer():
    """Every change gets an answer, the ones after it too; a closed writer has ended."""

    async def make_two(writer):
        return [
            await asyncio.wait_for(asyncio.gather(writer.make(change), return_exceptions=True), 30)
            for change in (Change(print), Change(print))
        ]

    writer = ChangeWriter(BrokenDatabase())
    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave a loop in this one
        found = thread.submit(asyncio.run, make_two(writer)).result()
    assert [str(error) for (error,) in found] == ["malformed", "malformed"]
    writer.close()


def test_what_a_lost_commit_may_have_stored_is_not_removed(postgres_url):
    """Whether the rows are there is not known then, so what they refer to must stay."""

    def cut(transaction):
        (process,) = transaction.row(Sql("SELECT pg_backend_pid()"))
        other.row(Sql("SELECT pg_terminate_backend(:process, 5000)"), process=process)

    def refuse(_):
        raise HttpError(403, "no")

    with (
        contextlib.closing(Database(postgres_url, durable=True)) as database,
        contextlib.closing(Database(postgres_url, durable=True)) as other,
    ):
        for trouble, error, undone in (
            (cut, DatabaseUnavailable, False),
            (refuse, HttpError, True),
        ):
            change = Change(trouble)
            with pytest.raises(error):
                make(database, change)
            assert change.undone is undone


def test_the_database_may_come_back(tmp_path, postgres_url):
    """Connections that a restart of PostgreSQL has cut are replaced without an error."""
    with inside(tmp_path, backend="none", database=postgres_url) as server:
        assert server.upload(flat()).status_code == 201
        service = server.service
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        service.database.rows(Sql(f"{others} AND datname = current_database()"))
        for _ in range(20):
            assert server.get("/accounts/mine").status_code == 200
        assert server.upload(flat()).status_code == 201
        assert server.used() == 2 * len(flat())


def test_metrics_at_a_path_or_at_a_port(launch):
    """Prometheus' text with routes as labels, and nothing that a client has sent."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = launch(metrics=f"127.0.0.1:{port}", backend="none")
    server.upload(flat())
    server.get("/images/424242")
    server.get("/canary")
    base = server.url.removesuffix("/v1")
    assert requests.get(f"{base}/metrics", timeout=30).status_code == 404
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    assert 'ir_build_requests_total{method="POST",route="/v1/images",status="201"} 1.0' in text
    assert 'route="/v1/images/{id}",status="404"} 1.0' in text
    assert f"ir_build_bytes_before_total {len(flat())}.0" in text
    for sent in ("424242", "canary", server.key):
        assert sent not in text
    with inside(server.log.parent / "other", metrics="/internal", backend="none") as other:
        assert "ir_build" in requests.get(f"{other.url[:-3]}/internal", timeout=30).text


def test_no_secret_is_in_the_log(launch):
    """Credentials in query, body and header, right and wrong, and download links: none is logged."""
    server = launch(backend="none")
    image = server.upload(flat(), "canary-name.png").json()
    sub = server.new_sub()
    server.as_account(sub).get("/accounts/mine")
    server.get("/nothing")
    requests.get(f"{server.url}/images", {"auth": '{"key":"a","secret":"canary"}'}, timeout=30)
    requests.get(image["optimized_url"], timeout=30)
    server.raw(b"GET /?auth=canary HTTP/9.9\r\n\r\n")
    server.stop()
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    requests_ = [line for line in lines if line["message"] == "request"]
    assert {line["route"] for line in requests_} >= {"/v1/images", "/v1/accounts/mine", "other"}
    assert all({"id", "status", "ms", "client"} <= line.keys() for line in requests_)
    tokens = [image[f"{kind}_url"].split("/")[-2] for kind in ("origin", "optimized")]
    for secret in (server.secret, sub["api_secret"], sub["api_key"], "canary", *tokens):
        assert secret not in text
    for secret in (server.secret, "x:passw0rd@"):
        assert secret not in redacted(
            f'auth={{"secret":"{server.secret}"}} postgres://x:passw0rd@h/d'
        )
    assert "passw0rd" not in repr(Settings(database="postgresql://x:passw0rd@h/d"))


def test_a_request_is_in_the_log_while_the_server_runs(launch):
    """Lines are gathered for a moment, and then written without another request or an end."""
    server = launch(backend="none")
    server.upload(flat())
    until = time.monotonic() + 10
    while '"request"' not in server.log.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_settings_come_from_file_environment_and_command_line(tmp_path):
    """The later one wins; each is read by its kind."""
    file = tmp_path / "server.toml"
    file.write_text('port = 1\nmax_file_size = "2MB"\nurl_allow = ["a.example"]\njobs = 2\n')
    environ = {"IR_BUILD_SERVER_PORT": "2", "IR_BUILD_SERVER_QUOTA": "1GB", "HOME": "x"}
    settings = load(file, environ, {"port": 3, "host": None})
    assert (settings.port, settings.host) == (3, "127.0.0.1")
    assert (settings.max_file_size, settings.quota, settings.jobs) == (2_000_000, 10**9, 2)
    assert settings.url_allow == ("a.example",)
    assert load(None, {}, {"data_dir": "/x"}).database == "sqlite:////x/server.sqlite3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("portt", "1"),
        ("port", "x"),
        ("backend", "remote"),
        ("url_uploads", "yes"),
        ("public_url", "images.example"),
        ("rate", "-1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name, value):
    """Where it was read, its name, and what was expected."""
    with pytest.raises(ConfigError) as found:
        load(None, {f"IR_BUILD_SERVER_{name.upper()}": value})
    assert found.value.key == name


@pytest.mark.parametrize(
    "given",
    [
        {"database": "mysql://x"},
        {"storage": "ftp://x"},
        {"secret_key": "short"},
        {"url_allow": "*"},
        {"host": "203.0.113.7"},
    ],
)
def test_a_server_that_cannot_start_says_why(tmp_path, given):
    """Exit code 2, one line, no traceback."""
    arguments = [sys.executable, "-m", "ir_build", "serve", "--port", "0"]
    environ = {f"IR_BUILD_SERVER_{name.upper()}": value for name, value in given.items()}
    done = subprocess.run(
        arguments,
        check=False,
        env={"PATH": "/usr/bin", "IR_BUILD_SERVER_DATA_DIR": str(tmp_path), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: server: ")
    assert "Traceback" not in done.stderr
