"""Attacks on a running server; docs/threat-model.md names the test of each threat."""

import contextlib
import hashlib
import io
import json
import os
import re
import signal
import socket
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from ir_build.server.accounts.keyring import Keyring
from ir_build.server.accounts.rate_limit import RateLimiter
from ir_build.server.errors import HttpError
from ir_build.server.storage.database import Sql
from pictures import flat
from server.running import inside, workers

pytestmark = pytest.mark.slow


def calls(image, sub):
    """Every call that names an image or a sub-account."""
    for method, path in (
        ("GET", f"/images/{image}"),
        ("DELETE", f"/images/{image}"),
        ("GET", f"/images/zip/original/{image}"),
    ):
        yield method, path
    for method, path in (
        ("GET", f"/accounts/sub/{sub}"),
        ("PUT", f"/accounts/sub/{sub}"),
        ("DELETE", f"/accounts/sub/{sub}"),
        ("PUT", f"/accounts/sub/reset_secret/{sub}"),
        ("POST", f"/accounts/sub/reset_quota/{sub}"),
    ):
        yield method, path


def test_nobody_reaches_what_is_somebody_elses(plain):
    """Parent, child and sibling: another's image or account answers exactly as one that is not."""
    main_image = plain.upload(flat()).json()["id"]
    made = [plain.new_sub() for _ in range(2)]
    one, two = (plain.as_account(each) for each in made)
    image_one, image_two = (who.upload(flat()).json()["id"] for who in (one, two))
    for caller, image in ((one, main_image), (one, image_two), (plain, image_one)):
        for method, path in list(calls(image, 0))[:3]:
            missing = re.sub(r"\d+$", "999999", path)
            found, nothing = (caller.call(method, each) for each in (path, missing))
            assert found.status_code == nothing.status_code == 404
            assert found.content == nothing.content
    for method, path in list(calls(0, made[1]["id"]))[3:]:
        assert one.call(method, path).status_code == 403
    assert two.get(f"/images/{image_two}").status_code == 200
    assert two.get("/accounts/mine").status_code == 200


def test_download_tokens_open_one_file_of_one_kind(plain):
    """A changed digit, another kind, upper case, another length: the same 404 as anything else."""
    image = plain.upload(flat()).json()
    for kind in ("origin", "optimized"):
        assert requests.get(image[f"{kind}_url"], timeout=30).status_code == 200
    kind, token, name = image["optimized_url"].rsplit("/", 3)[1:]
    base = f"{plain.url}/images"
    assert requests.get(f"{base}/{kind}/{token}/any%2Fother..name", timeout=30).status_code == 200
    wrong = [
        f"{kind}/{token[:at]}{'0' if token[at] != '0' else '1'}{token[at + 1 :]}"
        for at in range(32)
    ]
    wrong += [
        f"original/{token}",
        f"{kind}/{token.upper()}",
        f"{kind}/{token}0",
        f"{kind}/{token[1:]}",
    ]
    wrong += [
        f"{kind}/{'0' * 32}",
        f"{kind}/..",
        f"zip/{token}",
        f"{kind}/%00{token[1:]}",
        f"{kind}/é",
    ]
    for path in wrong:
        answer = requests.get(f"{base}/{path}/{name}", timeout=30)
        assert answer.status_code in (401, 404), path
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert token != image["origin_url"].rsplit("/", 2)[1]


def test_the_database_alone_opens_nothing(tmp_path):
    """Neither secrets nor download tokens are in the database; the key file is the owner's only."""
    with inside(tmp_path, backend="none") as server:
        image = server.upload(flat()).json()
        sub = server.new_sub()
        tokens = [image[f"{kind}_url"].split("/")[-2] for kind in ("origin", "optimized")]
        server.service.database.rows(Sql("PRAGMA wal_checkpoint(TRUNCATE)"))
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("server.sqlite3*"))
    for secret in (server.secret, sub["api_secret"], *tokens):
        assert secret.encode() not in stored
        assert hashlib.sha256(secret.encode()).digest() not in stored
        with contextlib.suppress(ValueError):
            assert bytes.fromhex(secret) not in stored
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "objects").stat().st_mode & 0o777 == 0o700


def test_an_unknown_key_costs_what_a_wrong_secret_costs(tmp_path):
    """One query, one digest and one comparison either way, and no password hash."""
    seen = []

    class Counting(Keyring):
        def matches(self, secret, digest):
            seen.append("compared")
            return super().matches(secret, digest)

    with inside(tmp_path, backend="none") as server:
        accounts = server.service.accounts
        accounts.keyring = Counting(b"x" * 32)
        for key in (server.key, "0" * 32):
            with pytest.raises(HttpError):
                accounts.authenticate(key, "f" * 64)
        assert seen == ["compared", "compared"]


def test_a_forged_host_is_in_no_link(plain):
    """Links are made of the public address only, whatever Host and X-Forwarded-* say."""
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
    }
    for _ in range(2):
        image = requests.post(
            f"{plain.url}/images",
            data={"auth": plain.auth()},
            files={"file": ("a.png", flat())},
            headers=headers,
            timeout=30,
        ).json()
        page = requests.get(
            f"{plain.url}/images", {"auth": plain.auth(), "limit": 1}, headers=headers, timeout=30
        ).json()
        assert "evil" not in json.dumps([image, page])
        assert image["optimized_url"].startswith(plain.url)
        assert page["next"] is None or page["next"]["link"].startswith(plain.url)


@pytest.mark.parametrize(
    "name", ['a"; x=".png', "a\r\nSet-Cookie: x=1.png", "ü\u202egnp.exe", "a;b'c.png", "%0d%0aX: y"]
)
def test_a_name_cannot_write_a_header(plain, name):
    """Whatever a file was called, its download has the headers of every other one."""
    body = (
        (
            f'--b\r\nContent-Disposition: form-data; name="auth"\r\n\r\n{plain.auth()}\r\n'
            f"--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''"
            f"{requests.utils.quote(name)}\r\n\r\n"
        ).encode()
        + flat()
        + b"\r\n--b--\r\n"
    )
    image = requests.post(
        f"{plain.url}/images",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=30,
    ).json()
    answer = requests.get(image["origin_url"], timeout=30)
    assert answer.content == flat()
    assert "set-cookie" not in answer.headers
    assert "x" not in answer.headers
    assert re.fullmatch(
        r"attachment; filename=\"[\w. -]+\"; filename\*=UTF-8''[\w.~%-]+",
        answer.headers["content-disposition"],
    )


def test_no_zip_holds_a_path(plain):
    """Names out of an archive stay in the folder they are unpacked in."""
    ids = [
        plain.upload(flat(), name).json()["id"]
        for name in ("../../../etc/cron.d/x", "..\\..\\x.png", "/etc/passwd", "C:\\boot.ini", "..")
    ]
    answer = plain.get("/images/zip/original/" + ",".join(map(str, ids)))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for name in archive.namelist():
            assert not re.search(r"[/\\:\x00-\x1f]|^\.\.?$", name), name


def test_what_was_uploaded_runs_nothing_in_a_browser(plain):
    """An SVG with a script: an attachment, sandboxed, of its true type and no other."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    image = plain.upload(svg, "a.html").json()
    headers = requests.get(image["origin_url"], timeout=30).headers
    assert headers["content-type"] == "image/svg+xml"
    assert headers["content-disposition"].startswith("attachment")
    assert "sandbox" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    # Shown by pages of other origins, but not read by their scripts.
    assert headers["cross-origin-resource-policy"] == "cross-origin"


def test_oversized_requests_are_refused(launch, tmp_path):
    """A declared or an undeclared length over the limit, fields without end, a field of megabytes."""
    server = launch(max_file_size=1_000_000, backend="none")

    def chunked():
        yield b'--b\r\nContent-Disposition: form-data; name="auth"\r\n\r\n' + server.auth().encode()
        yield b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        yield flat()
        for _ in range(30):
            yield bytes(100_000)

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    large = flat() + bytes(1_000_000)
    answers = [
        requests.post(f"{server.url}/images", data=chunked(), headers=kind, timeout=30),
        server.upload(large),
        server.upload(flat() + bytes(3_000_000)),
        server.upload(flat(), params="x" * 300_000),
        server.call("GET", "/accounts/mine", junk="x" * 300_000),
        server.call("GET", "/accounts/mine", **{f"f{n}": "x" for n in range(200)}),
        requests.post(
            f"{server.url}/images", data=b"--b\r\n\r\nx\r\n" * 1000, headers=kind, timeout=30
        ),
    ]
    assert [answer.status_code for answer in answers] == [400] * len(answers)
    assert server.upload(flat()).status_code == 201
    assert server.used() == len(flat())
    assert list((tmp_path / "data" / "objects" / "incoming").iterdir()) == []


def test_slow_requests_end_and_hold_nobody_up(launch):
    """Half a head, half a body and a drip: 408 in time, while others are served."""
    server = launch(body_idle=1, backend="none")
    host, port = server.url.removeprefix("http://").removesuffix("/v1").split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(200)]
    body = socket.create_connection((host, int(port)))
    body.sendall(
        b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )
    head = idle[0]
    head.sendall(b"GET /healthz HTTP/1.1\r\nHost")
    assert server.upload(flat()).status_code == 201
    for stream in (body, head):
        stream.settimeout(30)
        assert b"408" in stream.recv(4096)
    for stream in (*idle, body):
        stream.close()


def test_a_body_below_the_slowest_rate_is_ended(tmp_path, monkeypatch):
    """Bytes that keep coming, but too few of them, do not keep a request alive."""
    monkeypatch.setattr("ir_build.server.http.form._HEAD_START", 0.3)
    with inside(tmp_path, backend="none", body_rate="1000") as server:
        host, port = server.url.removeprefix("http://").removesuffix("/v1").split(":")
        with socket.create_connection((host, int(port)), 30) as stream:
            stream.sendall(b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(100):
                    stream.sendall(b"x")
                    time.sleep(0.05)
                    stream.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        assert b"408" in stream.recv(4096)
                        return
                    stream.setblocking(True)
    pytest.fail("the drip went on")


def test_heads_have_a_largest_size(plain):
    """Megabytes of header lines are not collected."""
    with contextlib.suppress(ConnectionError):
        answer = plain.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"x" * 2_000_000)
        assert b" 431 " in answer
    answer = plain.raw(b"NONSENSE\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errCode"] == 400


def test_a_flood_is_slowed_down_for_its_account_only(launch):
    """Over the rate: 429 with Retry-After in whole seconds; another account is not touched."""
    server = launch(rate=1, burst=5, backend="none")
    sub = server.as_account(server.new_sub())
    answers = [server.get("/accounts/mine") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 3
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert refused[0].json()["errCode"] == 429
    assert sub.get("/accounts/mine").status_code == 200


def test_a_rate_limiter_fills_again():
    """`burst` at once, then `rate` a second, and never more than `burst`."""
    now = [0.0]
    limiter = RateLimiter(2, 3, lambda: now[0])

    def taken():
        count = 0
        with contextlib.suppress(HttpError):
            while True:
                limiter.take(1)
                count += 1
        return count

    assert taken() == 3
    now[0] += 1
    assert taken() == 2
    now[0] += 100
    assert taken() == 3


def test_overload_is_answered_201_or_429_and_fairly(launch):
    """More uploads than places: some wait, the rest are told to come again; each 201 is charged."""
    server = launch(queue=3, jobs=1)
    other = server.as_account(server.new_sub())
    data = [flat((400, 300), f"#{n:02x}8040") for n in range(14)]
    with ThreadPoolExecutor(14) as threads:
        work = [threads.submit(server.upload, one) for one in data[:12]]
        answers = [one.result() for one in work]
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {201, 429}
    assert codes.count(201) >= 1
    assert all("retry-after" in one.headers for one in answers if one.status_code == 429)
    sizes = sum(answer.json()["size_before"] for answer in answers if answer.status_code == 201)
    assert server.used() == sizes
    assert other.upload(data[13]).status_code == 201


def test_small_files_of_one_account_leave_places_too(launch):
    """While its worker sleeps, an account holds three of four places, and another one gets the last."""
    server = launch(max_uploads=4, jobs=1, metrics="/metrics")
    other = server.as_account(server.new_sub())
    assert server.upload(flat()).status_code == 201
    [worker] = workers(server)
    os.kill(worker, signal.SIGSTOP)
    with ThreadPoolExecutor(7) as threads:
        mine = [threads.submit(server.upload, flat(colour=(n, 9, 9))) for n in range(6)]
        until = time.monotonic() + 30
        while sum(one.done() for one in mine) < 3:
            assert time.monotonic() < until
            time.sleep(0.02)
        theirs = threads.submit(other.upload, flat(colour="pink"))
        metrics = f"{server.url[:-3]}/metrics"
        while "under_way 4" not in requests.get(metrics, timeout=30).text:
            assert time.monotonic() < until
            time.sleep(0.02)
        os.kill(worker, signal.SIGCONT)
        assert sorted(one.result().status_code for one in mine) == [201] * 3 + [429] * 3
        assert theirs.result().status_code == 201


def test_strangers_hold_no_place_for_uploads(launch):
    """Slow bodies without credentials take no place; an account's own do, and leave some to others."""
    server = launch(max_uploads=3, backend="none", metrics="/metrics")
    host, port = server.url.removeprefix("http://").removesuffix("/v1").split(":")
    begin = b'--b\r\nContent-Disposition: form-data; name="auth"\r\n\r\n%s\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(
        300_000
    )
    with contextlib.ExitStack() as open_ones:

        def half(auth):
            stream = open_ones.enter_context(socket.create_connection((host, int(port))))
            stream.sendall(
                b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + begin % auth + file
            )

        def wait_for_places(count):
            until = time.monotonic() + 30
            while (
                f"ir_build_uploads_under_way {count}"
                not in requests.get(f"{server.url[:-3]}/metrics", timeout=30).text
            ):
                assert time.monotonic() < until, "the known senders have no places"
                time.sleep(0.02)

        for _ in range(5):
            half(b'{"key":"a","secret":"b"}')
        assert server.upload(flat()).status_code == 201
        for _ in range(2):
            half(server.auth().encode())
        # No upload of our own before both have their places, or it might take one itself.
        wait_for_places(2)
        answer = server.upload(flat())
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert "of this account" in answer.json()["errMessage"]
        other = server.as_account(server.new_sub())
        assert other.upload(flat()).status_code == 201
        half(other.auth().encode())
        wait_for_places(3)
        third = server.as_account(server.new_sub())
        assert third.upload(flat()).status_code == 429
