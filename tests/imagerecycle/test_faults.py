"""Faults at the level of TCP and of HTTP, on a real socket: each ends in its error or a retry."""

import logging
import socket
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image as Picture

from ir_build.errors import (
    ApiError,
    AuthenticationError,
    BackendError,
    FileRejected,
    FileTooLarge,
    Forbidden,
    NotFound,
    QuotaExceeded,
    ServiceUnavailable,
    TransportError,
    Unreadable,
)
from ir_build.imagerecycle import Client, Credentials
from ir_build.imagerecycle.retry_policy import RetryPolicy
from pictures import flat
from services.peer import KEY, SECRET

QUICK = RetryPolicy(connect=2, read=0.4, pause=0.01)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a b.png"
    path.write_bytes(flat())
    return path


def status(where, number, **more):
    return {"where": where, "kind": "status", "status": number, **more}


def kind(where, what, **more):
    return {"where": where, "kind": what, **more}


PASSING = [
    [status("upload", 500)],
    [status("upload", 502), status("upload", 503)],
    [status("upload", 429, headers={"Retry-After": "0"})],
    [kind("upload", "reset")],
    [kind("upload", "reset in the request")],
    [kind("upload", "silence", seconds=0.6)],
    [status("download", 502)],
    [kind("download", "reset")],
    [kind("download", "reset midway")],
    [kind("download", "truncated")],
    [kind("download", "silence", seconds=0.6)],
    [status("upload", 429), kind("upload", "reset"), status("download", 500)],
]


@pytest.mark.parametrize("faults", PASSING)
def test_passing_trouble_is_retried(peer, client, source, faults):
    """A bad answer costs a retry; what arrives in the end is whole."""
    peer.fail(*faults)
    client.compress(source).to_file(source)
    assert peer.faults == 0
    assert len(source.read_bytes()) < len(flat())
    with Picture.open(source) as opened:
        assert opened.convert("RGB").tobytes() == Picture.new("RGB", (60, 40), "teal").tobytes()


HTML = {"type": "text/html", "body": "<html>welcome</html>"}
LASTING = [
    ([status("upload", 401, message="Subscription expired")], AuthenticationError, "Subscription"),
    ([status("upload", 403, message="Montly quota exceeded")], QuotaExceeded, "Montly"),
    ([status("upload", 400, message="corrupt")], FileRejected, "corrupt"),
    ([status("upload", 413)], FileTooLarge, "largest size"),
    ([status("upload", 404)], NotFound, "404"),
    ([status("upload", 418)], ApiError, "418"),
    ([kind("upload", "body", **HTML)], TransportError, "not JSON"),
    ([kind("upload", "body", type="application/json", body="[1, 2")], TransportError, "not JSON"),
    ([kind("upload", "body", type="application/json", body="{}")], TransportError, "not an image"),
    (
        [kind("upload", "body", type="application/json", body='{"ErrCode": 403, "errMessage": "x"}')],
        QuotaExceeded,
        "x",
    ),
    (
        [status("upload", 302, headers={"Location": "http://127.0.0.1:9/v1/images"})],
        TransportError,
        "redirects",
    ),
    ([status("upload", 500)] * 4, ServiceUnavailable, "500"),
    ([kind("upload", "reset")] * 4, TransportError, "may have been charged"),
    ([kind("download", "body", **HTML)], TransportError, "bytes instead of"),
    ([kind("download", "body", type="image/png", body="x" * 143)], TransportError, ""),
    (
        [status("download", 302, headers={"Location": "http://127.0.0.1:9/secret"})],
        TransportError,
        "redirects",
    ),
    ([kind("download", "without a length, truncated")], TransportError, "bytes instead of"),
    ([kind("download", "too long")], TransportError, "larger than it may be"),
    ([status("download", 404, message="expired")], NotFound, "expired"),
    ([kind("download", "drip")], TransportError, "takes too long"),
    ([kind("download", "reset midway")] * 4, TransportError, ""),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "error", "words"), LASTING)
def test_lasting_trouble_is_its_error_and_nothing_is_written(
    peer, client, source, caplog, faults, error, words
):
    """The right error with what to do, the original intact, nothing beside it, no secret shown."""
    caplog.set_level(logging.DEBUG)
    peer.fail(*faults)
    with pytest.raises(BackendError) as caught:
        client.compress(source).to_file(source)
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert peer.faults == 0
    assert source.read_bytes() == flat()
    assert list(source.parent.iterdir()) == [source]
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    for secret in (KEY, SECRET):
        assert secret not in shown
        assert secret not in repr(vars(client))


def test_an_error_page_of_the_right_size_is_not_taken_for_a_picture(peer, client, source):
    """A download must begin as a file of one of our types, whatever its status and length."""
    size = len(client.compress(source).to_bytes())
    peer.fail(kind("download", "body", type="image/png", body="<" * size))
    with pytest.raises(TransportError, match="neither an image nor a PDF"):
        client.compress(source).to_file(source)
    assert source.read_bytes() == flat()


@pytest.mark.parametrize("part", ["drip", "dripping head"])
def test_an_endless_answer_is_given_up(peer, part):
    """An answer whose head or body keeps dripping in is not waited for longer than its total time."""
    retry_policy = RetryPolicy(connect=2, read=0.4, total=0.2, pause=0.01)
    peer.fail(kind("account", part))
    with (
        Client(Credentials(KEY, SECRET, peer.url), retry_policy=retry_policy) as client,
        pytest.raises(TransportError, match="takes too long"),
    ):
        client.account()


def test_closing_a_client_ends_what_another_thread_waits_for(peer):
    """Whoever interrupts a build does not wait for a server that takes its time."""
    peer.fail(kind("account", "silence", seconds=60))
    client = Client(Credentials(KEY, SECRET, peer.url))
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.account)
        while peer.faults:
            assert not call.done()
        client.close()
        with pytest.raises(TransportError):
            call.result(timeout=20)


def test_a_server_that_is_not_there():
    """A refused connection is retried, then said to be one; nothing can have been charged."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    with (
        Client(Credentials(KEY, SECRET, url), retry_policy=QUICK) as client,
        pytest.raises(TransportError, match="the connection failed") as caught,
    ):
        client.upload(flat())
    assert not caught.value.lost
    assert client.doubtful == 0
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_accepts_and_never_answers(peer):
    """Silence ends in a time-out."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        retry_policy = RetryPolicy(read=0.1, attempts=2, pause=0.01)
        with (
            Client(Credentials(KEY, SECRET, url), retry_policy=retry_policy) as client,
            pytest.raises(TransportError, match="takes too long"),
        ):
            client.account()


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        status("account", 429, headers={"Retry-After": "1"}),
        status("account", 503, retry_in=1, clock=2 * 24 * 3600),
        status("account", 503, retry_in=1, clock=-2 * 24 * 3600),
    ],
)
def test_retry_after_is_honoured_whatever_the_clocks_say(peer, client, fault):
    """In seconds or as a date; a date is read by the server's own clock."""
    import time

    peer.fail(fault)
    started = time.monotonic()
    client.account()
    assert 0.8 <= time.monotonic() - started < 30
    assert peer.count("account") == 2


def test_a_pause_that_is_too_long_is_an_error_at_once(peer, client):
    """A server that wants to be left alone for an hour is not asked again before."""
    peer.fail(status("account", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(ServiceUnavailable) as caught:
        client.account()
    assert caught.value.retry_after == 3600
    assert peer.count("account") == 1


def test_a_client_that_is_closed_waits_no_longer(peer):
    """An interrupted build does not sit out the pauses of its retries."""
    peer.fail(*[status("account", 503, headers={"Retry-After": "50"})] * 9)
    client = Client(Credentials(KEY, SECRET, peer.url))
    raised = []

    def ask():
        with pytest.raises(TransportError, match="the client was closed"):
            client.account()
        raised.append(1)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while peer.count("account") == 0:
        threading.Event().wait(0.02)
    client.close()
    for thread in threads:
        thread.join(20)
    assert len(raised) == 3


def test_what_may_have_been_charged_is_counted(peer, client):
    """An upload whose answer was lost is sent again, and remembered."""
    client.upload(flat())
    assert client.doubtful == 0
    peer.fail(kind("upload", "reset"))
    client.upload(flat())
    assert client.doubtful == 1


def test_a_refused_quota_carries_the_usage(peer, client):
    """The error says how much of how much is used."""
    peer.set(
        account={"quota_current": 990, "quota_allowed": 1000},
        faults=[status("upload", 403, message="Montly quota exceeded")],
    )
    with pytest.raises(QuotaExceeded, match="990 of 1000 bytes") as caught:
        client.upload(flat())
    assert (caught.value.used, caught.value.quota) == (990, 1000)


def test_any_other_403_is_no_quota(peer, client):
    """Only an upload is refused for its quota."""
    peer.fail(status("account", 403, message="no"))
    with pytest.raises(Forbidden):
        client.account()


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:9/etc/passwd",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://2852039166/",
        "https://0x7f.0.0.1/x.png",
        "https://127.0.0.0x1/x.png",
        "https://0x7f000001/x.png",
        "https://[::1]/x.png",
        "https://localhost/x.png",
        "https://user@cdn.example.org/x.png",
        "https://cdn.example.org:8443/x.png",
        "http://cdn.example.org/x.png",
        "//127.0.0.1:9/x.png",
        "https://[/x.png",
    ],
)
def test_a_link_that_leads_inside_is_not_followed(peer, client, source, link):
    """Files come from the API's origin, or from a public host over https."""
    peer.set(image={"optimized_url": link})
    with pytest.raises(TransportError, match="public host"):
        client.compress(source).to_file(source)
    assert peer.count("download") == 0


def test_a_link_without_a_host_is_the_servers(peer, client, source):
    """Relative links, spaces and umlauts in links are fine; no credentials go with them."""
    client.upload(source)
    made = f"/v1/images/optimized/{1:032}"
    peer_image = {"optimized_url": f"{made}/ä b.png"}
    peer.set(image=peer_image)
    client.compress(source).to_file(source)
    _, path, headers, _ = peer.seen[-1]
    assert path == f"{made}/%C3%A4%20b.png"
    assert SECRET not in path + headers


def test_nothing_is_sent_when_the_result_could_not_be_written(peer, client, source, tmp_path):
    """Whether there is a place for it is found out before quota is spent."""
    for target in (tmp_path / "missing" / "b.png", tmp_path):
        with pytest.raises(Unreadable):
            client.compress(source).to_file(target)
    assert peer.count("upload") == 0


def test_a_file_over_the_limit_is_not_sent(peer, client, tmp_path):
    """Once the account is known, what is too large is refused here."""
    peer.set(account={"quota_current": 0, "quota_allowed": 0, "file_max_size": 10})
    client.account()
    with pytest.raises(FileTooLarge, match="10"):
        client.upload(flat())
    assert peer.count("upload") == 0
