"""What shipped clients send, byte by byte, and the documentation's own curl lines."""

import contextlib
import json
import re
import shlex
import subprocess
import sys

import pytest
import requests

from pictures import flat
from services.programs import program

pytestmark = pytest.mark.slow


def post(server, body, content_type, extra=b""):
    """Send a body as it is; the answer's status and JSON."""
    head = (
        b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: "
        + content_type
        + b"\r\nContent-Length: %d\r\n" % len(body)
        + extra
        + b"\r\n"
    )
    answer = server.raw(head + body)
    while answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def form(server, newline, close, filename=b"a.png", data=None):
    line = b"--b=1" + newline
    head = line + b'Content-Disposition: form-data; name="auth"' + newline * 2
    head += server.auth().encode() + newline
    head += line + b'Content-Disposition: form-data; name="file"; filename="' + filename + b'"'
    head += newline + b"Content-Type: application/octet-stream" + newline * 2
    return head + (data or flat()) + newline + close


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize("close", [b"--b=1--", b"--b=1--\r\n", b""])
def test_odd_multipart_bodies(plain, newline, close):
    """LF-only lines, no closing boundary, an unquoted boundary with `=`: the file arrives whole."""
    status, image = post(plain, form(plain, newline, close), b"multipart/form-data; boundary=b=1")
    assert (status, image["size_before"]) == (201, len(flat()))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"C:\\Users\\me\\img\\photo 1.png", "photo 1.png"),
        (b"/var/www/site/../img/photo.png", "photo.png"),
        (b"..\\..\\x.png", "x.png"),
        (b"../../", "file"),
        (b"..", "file"),
        (b"\xc3\xa9t\xc3\xa9.png", "été.png"),
        (b"a\x1b]0;x\x07.png", "a]0;x.png"),
        (b"x" * 400 + b".png", "x" * 196 + ".png"),
    ],
)
def test_a_file_name_is_a_base_name(plain, sent, kept):
    """Whole paths with / or \\, parents, control characters, endless names."""
    body = form(plain, b"\r\n", b"--b=1--", sent)
    status, image = post(plain, body, b"multipart/form-data; boundary=b=1")
    assert (status, image["filename"]) == (201, kept)


def test_expect_100_continue_is_answered(plain):
    """curl asks before bodies of over a megabyte, and has no User-Agent here."""
    data = flat((700, 600))
    body = form(plain, b"\r\n", b"--b=1--", data=data)
    kind = b"multipart/form-data; boundary=b=1"
    status, image = post(plain, body, kind, b"Expect: 100-continue\r\n")
    assert (status, image["size_before"]) == (201, len(data))


def test_a_chunked_body_is_taken(plain):
    """A client that does not know its length beforehand."""
    body = form(plain, b"\r\n", b"--b=1--")
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 999]), body[at : at + 999])
        for at in range(0, len(body), 999)
    )
    answer = plain.raw(
        b"POST /v1/images/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=b=1\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunks
        + b"0\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 201")


def test_credentials_may_follow_a_small_file_but_not_a_large_one(plain):
    """A form whose file comes first is read up to a megabyte; more is not taken from a stranger."""
    for size, status in ((10_000, 201), (1_500_000, 401)):
        data = flat() + bytes(size)
        body = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
            + data
            + b'\r\n--b\r\nContent-Disposition: form-data; name="auth"\r\n\r\n'
            + plain.auth().encode()
            + b"\r\n--b--\r\n"
        )
        assert post(plain, body, b"multipart/form-data; boundary=b")[0] == status


# The lines of the documentation, as they are printed but for the line breaks between arguments.
DOCUMENTED = """
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/mine'
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/mine/consumption'
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/sub'
curl -X POST -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' -d 'title="New subaccount"' -d 'description="This is my description"' -d 'quota="524288000"' 'https://api.imagerecycle.com/v1/accounts/sub'
curl -X POST -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' -d 'title="New subaccount"' -d 'description="This is my description"' -d 'monthly_quota="524288000"' 'https://api.imagerecycle.com/v1/accounts/sub'
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/sub/123'
curl -X PUT -d 'title="My new title"' -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/sub/123'
curl -X PUT -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/sub/reset_secret/123'
curl -X PUT -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/sub/reset_quota/123'
curl -X DELETE -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/accounts/sub/123'
curl -X POST -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' -d 'url=https://www.google.fr/images/srpr/logo11w.png' -d 'params={"compression_type":"lossy"}' 'https://api.imagerecycle.com/v1/images'
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/images'
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/images/3012'
curl -X GET 'https://api.imagerecycle.com/v1/images/optimized/cd493caac5e70f154c80141fccb5ad0a/logo11w.png'
curl -X GET -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/images/zip/optimized/1230,1231,1400'
curl -X DELETE -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'http://imageoptimizerapi.local/v1/images/23189'
curl -X DELETE -d 'auth={"key":"your_api_key","secret":"your_api_secret"}' 'https://api.imagerecycle.com/v1/images'
"""


def test_the_documentations_own_curl_lines_work(plain, launch, tmp_path):
    """Each as it is printed, with host, credentials and ids replaced: the documented status."""
    curl = program("curl")
    site = tmp_path / "site"
    site.mkdir()
    (site / "logo11w.png").write_bytes(flat())
    with (
        subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
            cwd=site,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as host,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(host.terminate)
        port = re.search(r"port (\d+)", host.stdout.readline())[1]
        server = launch(url_uploads="listed", url_allow=f"127.0.0.1:{port}", backend="none", jobs=1)
        image = server.upload(flat()).json()
        replaced = {
            "https://api.imagerecycle.com/v1": server.url,
            "http://imageoptimizerapi.local/v1": server.url,
            "https://www.google.fr/images/srpr": f"http://127.0.0.1:{port}",
            "your_api_key": server.key,
            "your_api_secret": server.secret,
            "cd493caac5e70f154c80141fccb5ad0a": image["optimized_url"].split("/")[-2],
            "1230,1231,1400": str(image["id"]),
            "3012": str(image["id"]),
            "23189": str(image["id"]),
            "123'": "2'",
        }
        seen = []
        for line in DOCUMENTED.strip().splitlines():
            command = line
            for printed, ours in replaced.items():
                command = command.replace(printed, ours)
            words = [*shlex.split(command), "-s", "-o", str(tmp_path / "out"), "-w", "%{http_code}"]
            words[0] = curl
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            seen.append(int(done.stdout))
            if "title=" in command and "POST" in command:
                made = json.loads((tmp_path / "out").read_bytes())
                assert (made["title"], made["quota_allowed"]) == ("New subaccount", 524288000)
                replaced["123'"] = f"{made['id']}'"
    assert seen == [
        200,
        200,
        200,
        201,
        201,
        200,
        200,
        200,
        200,
        200,
        201,
        200,
        200,
        200,
        200,
        204,
        204,
    ]


@pytest.mark.parametrize("bad", ["\ud800", "a\0b", "\udfff\ud800"])
def test_what_is_no_text_is_refused_as_anything_wrong(either, bad):
    """Half a surrogate pair and NUL, which JSON can spell: 401 in credentials, 400 elsewhere."""
    for wrong in ({"key": bad, "secret": either.secret}, {"key": either.key, "secret": bad}):
        for body in ({"auth": wrong}, {"auth": json.dumps(wrong)}):
            answer = requests.post(f"{either.url}/images", json=body, timeout=30)
            assert answer.status_code == 401
        for path in ("images", "accounts/mine", "accounts/sub"):
            query = {"auth": json.dumps(wrong)}
            assert requests.get(f"{either.url}/{path}", query, timeout=30).status_code == 401
    sub = either.new_sub()["id"]
    for method, path in (("POST", "sub"), ("PUT", f"sub/{sub}")):
        for name in ("title", "description"):
            body = {"auth": either.auth(), name: bad}
            address = f"{either.url}/accounts/{path}"
            answer = requests.request(method, address, json=body, timeout=30)
            assert (answer.status_code, name in answer.json()["errMessage"]) == (400, True)
    for body in ({"url": f"http://example.org/{bad}"}, {"params": {"compression_type": bad}}):
        answer = requests.post(
            f"{either.url}/images", json={"auth": either.auth(), **body}, timeout=30
        )
        assert answer.status_code == 400
