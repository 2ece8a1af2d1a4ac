"""The client and its commands, end to end, against `ir-build serve` in a process of its own."""

import functools
import hashlib
import json
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from click.testing import CliRunner
from PIL import Image

from ir_build.api import Session, Source, load
from ir_build.cli import main
from ir_build.errors import AuthenticationError, FileRejected, Forbidden, NotFound, QuotaExceeded
from ir_build.imagerecycle import Client, Credentials
from ir_build.imagerecycle.wire import FileKind
from pictures import flat
from server.running import start

pytestmark = pytest.mark.slow


@pytest.fixture
def client(server):
    with Client(Credentials(server.key, server.secret, server.url)) as made:
        made.delete_all_images(confirm=True)
        yield made


def invoke(*words, code=0, text=None):
    """A command's output; it ends with `code`."""
    done = CliRunner().invoke(main, [*map(str, words)], input=text)
    assert done.exit_code == code, done.output
    return done.output


def test_a_picture_by_path_bytes_and_file_object(client, tmp_path):
    """All three ways give the same result, which is smaller and looks the same."""
    data = flat()
    source = tmp_path / "a b.png"
    source.write_bytes(data)
    results = set()
    with source.open("rb") as file:
        for one in (source, str(source), data, file):
            image = client.upload(one, name="a b.png")
            assert (image.name, image.width, image.height) == ("a b.png", 60, 40)
            assert image.size_before == len(data)
            results.add(client.download(image))
    (made,) = results
    assert len(made) < len(data)
    with Image.open(BytesIO(made)) as opened:
        assert opened.size == (60, 40)


def test_the_short_form_and_its_options(client, tmp_path):
    """`compress().to_file()` with a box to fit in, and `to_bytes()`."""
    image = client.compress(flat((80, 40)), resize=(20, None)).to_file(tmp_path / "small.png")
    assert (tmp_path / "small.png").stat().st_size == image.size_after
    with Image.open(tmp_path / "small.png") as opened:
        assert opened.size == (20, 10)
    data = client.compress(flat(), lossless=True, preserve_metas=["icc"]).to_bytes()
    with Image.open(BytesIO(data)) as opened:
        assert opened.convert("RGB").getpixel((0, 0)) == (0, 128, 128)


def test_what_an_image_tells(client):
    """Times are aware and in UTC, the original can be had, a missing one is an error."""
    image = client.upload(flat())
    assert client.image(image.id) == image
    assert image.uploaded.tzinfo is UTC
    assert abs(datetime.now(UTC) - image.uploaded) < timedelta(minutes=5)
    assert timedelta(days=27) < image.expires - image.uploaded < timedelta(days=32)
    assert 0 < image.saved < 1
    assert client.download(image, kind=FileKind.ORIGINAL) == flat()
    client.delete_image(image.id)
    with pytest.raises(NotFound):
        client.image(image.id)
    with pytest.raises(NotFound):
        client.download(image)


def test_an_iterator_goes_over_all_pages(client):
    """Newest first, each once, however small the pages."""
    sent = [client.upload(flat(colour=(number, 0, 0))).id for number in range(7)]
    for page_size in (1, 3, 7, 50):
        assert [image.id for image in client.images(page_size=page_size)] == sent[::-1]
    page = client.image_page(2, 2)
    assert (page.total, page.previous.offset, page.next.offset) == (7, 0, 4)
    with pytest.raises(ValueError, match="confirm=True"):
        client.delete_all_images(confirm=False)
    client.delete_all_images(confirm=True)
    assert list(client.images()) == []


def test_a_zip_is_streamed_to_a_file(client, tmp_path):
    """Results or originals of several images, with distinct names."""
    ids = [client.upload(flat(colour=(0, 0, number)), name="a.png").id for number in range(3)]
    client.zip_to(ids, tmp_path / "all.zip", kind=FileKind.ORIGINAL)
    with zipfile.ZipFile(tmp_path / "all.zip") as opened:
        assert len(set(opened.namelist())) == 3
        found = {opened.read(name) for name in opened.namelist()}
    assert found == {flat(colour=(0, 0, number)) for number in range(3)}
    with pytest.raises(NotFound):
        client.zip_to([10**9], tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


def test_quota_and_consumption(client):
    """What was sent is counted, for today and for this month."""
    before = client.account()
    client.upload(flat(colour=(1, 2, 3)))
    after = client.account()
    assert after.quota_used - before.quota_used == len(flat())
    assert after.period_start < datetime.now(UTC) < after.period_end
    used = client.consumption()
    assert used.days[-1].date == datetime.now(UTC).date()
    assert used.days[-1].before >= len(flat())
    assert used.days[-1].files >= 1


def test_sub_accounts_from_birth_to_death(server, client):
    """Create, list, get, edit, quota, reset both, delete; several clients in one process."""
    made = client.create_sub_account("Docs", description="of the team", quota=3 * len(flat()))
    assert (made.title, made.description, made.quota_used) == ("Docs", "of the team", 0)
    assert made in client.sub_accounts()
    assert client.sub_account(made.id) == made
    with Client(Credentials(made.key, made.secret, server.url)) as below:
        image = below.upload(flat())
        with pytest.raises(Forbidden):
            below.sub_accounts()
        with pytest.raises(NotFound):
            client.image(image.id)
        below.upload(flat(colour="red"))
        with pytest.raises(QuotaExceeded) as caught:
            below.upload(flat((90, 60), colour="green"))
        assert caught.value.used == len(flat()) + len(flat(colour="red"))
        assert client.reset_quota(made.id).quota_used == 0
        below.upload(flat(colour="blue"))
        renewed = client.reset_secret(made.id)
        assert renewed.key == made.key
        assert renewed.secret != made.secret
        with pytest.raises(AuthenticationError):
            below.account()
    changed = client.edit_sub_account(made.id, title="Site", quota=0)
    assert (changed.title, changed.description, changed.quota) == ("Site", "of the team", None)
    client.delete_sub_account(made.id)
    with pytest.raises(NotFound):
        client.sub_account(made.id)


def test_what_the_server_does_not_take(client):
    """A broken file and an address that it may not fetch are rejected, and cost nothing."""
    used = client.account().quota_used
    with pytest.raises(FileRejected):
        client.upload(b"no picture")
    with pytest.raises(FileRejected):
        client.upload_url("http://127.0.0.1/a.png")
    assert client.account().quota_used == used
    assert client.doubtful == 0


def test_a_picture_that_the_server_fetches(tmp_path):
    """An upload by address, from a host that the server's operator allows."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a b.png").write_bytes(flat(colour="olive"))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path / "site")
    site = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True).start()
    host = f"127.0.0.1:{site.server_port}"
    running = start(tmp_path / "data", tmp_path / "log", url_uploads="listed", url_allow=host)
    try:
        with Client(Credentials(running.key, running.secret, running.url)) as client:
            image = client.upload_url(f"http://{host}/a%20b.png")
            assert client.download(image, kind=FileKind.ORIGINAL) == flat(colour="olive")
            with pytest.raises(FileRejected):
                client.upload_url(f"http://{host}/missing.png")
    finally:
        running.stop()
        site.shutdown()
        site.server_close()


def test_one_client_in_many_threads(client):
    """Twelve threads at once: each gets its own file back."""
    wrong = []

    def work(number):
        data = flat(colour=(number, number, 0))
        image = client.upload(data)
        if client.download(image, kind=FileKind.ORIGIN) != data:
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_account_from_the_command_line(client, environ):
    """Quota, dates and chart; the same as JSON; never the secret."""
    client.upload(flat(colour=(9, 9, 9)))
    text = invoke("account")
    assert "resets" in text
    assert "by day" in text
    assert datetime.now(UTC).strftime("%Y-%m-%d") in text
    document = json.loads(invoke("account", "--json"))
    assert document["account"]["quota_used"] > 0
    assert json.loads(invoke("account", "consumption", "--json"))["days"][-1]["files"] > 0
    assert "####" in invoke("account", "consumption")
    assert environ["IR_BUILD_API_SECRET"] not in text + json.dumps(document)


def test_sub_accounts_from_the_command_line(client, environ):
    """Every command; what destroys something wants --yes; secrets show where they are asked for."""
    made = json.loads(invoke("account", "sub", "create", "CI", "--quota", "5MB", "--json"))
    assert made["quota"] == 5_000_000
    identifier = made["id"]
    listed = invoke("account", "sub", "list")
    assert "CI" in listed
    assert made["secret"] not in listed + invoke("account", "sub", "get", identifier)
    assert made["secret"] not in invoke("account", "sub", "list", "--json")
    assert made["secret"] in invoke("account", "sub", "get", identifier, "--show-secret")
    assert "Nightly" in invoke("account", "sub", "edit", identifier, "--title", "Nightly")
    invoke("account", "sub", "edit", identifier, code=2)
    for command in ("reset-quota", "reset-secret", "delete"):
        assert "--yes" in invoke("account", "sub", command, identifier, code=2)
    assert json.loads(invoke("account", "sub", "reset-quota", identifier, "--yes", "--json"))["id"]
    renewed = json.loads(invoke("account", "sub", "reset-secret", identifier, "--yes", "--json"))
    assert renewed["secret"] != made["secret"]
    invoke("account", "sub", "delete", identifier, "--yes")
    assert "404" in invoke("account", "sub", "get", identifier, code=5)


def test_images_from_the_command_line(client, environ, tmp_path):
    """List, get, download, zip and delete."""
    one, two = (client.upload(flat(colour=colour), name="a b.png").id for colour in ("red", "blue"))
    assert [image["id"] for image in json.loads(invoke("images", "list", "--json"))] == [two, one]
    assert "a b.png" in invoke("images", "list", "--limit", 1)
    assert json.loads(invoke("images", "get", one, "--json"))["width"] == 60
    assert "original" in invoke("images", "get", one)
    invoke("images", "download", one, two, "--out", "here", "--original")
    assert (tmp_path / "here" / f"{one}-a b.png").read_bytes() == flat(colour="red")
    assert "--force" in invoke("images", "download", one, "--out", "here", code=2)
    invoke("images", "download", one, "--out", "here", "--force")
    assert (tmp_path / "here" / f"{one}-a b.png").stat().st_size < len(flat(colour="red"))
    assert json.loads(invoke("images", "zip", one, two, "--out", "all.zip", "--json"))["size"] > 0
    assert "--yes" in invoke("images", "delete", one, code=2)
    invoke("images", "delete", one, "--yes")
    invoke("images", "delete", code=2)
    invoke("images", "delete", "--all", "--yes")
    assert json.loads(invoke("images", "list", "--json")) == []


def test_a_login_is_tried_and_kept(server, tmp_path, monkeypatch):
    """`login` asks, tries and keeps; `logout` forgets; a wrong secret is not kept."""
    for name in ("IR_BUILD_API_KEY", "IR_BUILD_API_SECRET", "IR_BUILD_API_URL"):
        monkeypatch.delenv(name, raising=False)
    kept = tmp_path / "new" / "credentials.toml"
    monkeypatch.setenv("IR_BUILD_CREDENTIALS", str(kept))
    assert "account login" in invoke("account", code=2)
    invoke("account", "login", "--url", server.url, text=f"{server.key}\n{'0' * 64}\n", code=5)
    assert not kept.exists()
    right = f"{server.key}\n{server.secret}\n"
    text = invoke("account", "login", "--url", server.url, text=right)
    assert server.secret not in text
    login = ["account", "login", "--json", "--url", server.url]
    done = CliRunner().invoke(main, login, input=right)
    assert json.loads(done.stdout)["server"] == server.url
    assert server.secret not in done.output
    assert kept.stat().st_mode & 0o777 == 0o600
    assert server.url in invoke("account")
    assert json.loads(invoke("account", "logout", "--json")) == {"logged_out": True}
    assert not kept.exists()
    invoke("account", "logout", code=2)


def test_originals_come_back(client, environ, tmp_path):
    """What a build changed in place is restored, byte for byte, by the manifest of earlier runs."""
    site = tmp_path / "img"
    site.mkdir()
    sources = {f"{colour}.png": flat(colour=colour) for colour in ("red", "lime", "navy")}
    for name, data in sources.items():
        (site / name).write_bytes(data)
    config = load(Source("test", {"jobs": 1}, tmp_path), folder=tmp_path)
    for _ in range(2):  # the second time from the cache
        with Session(config, copies=True) as session:
            assert len(session.optimize_folder(site).optimised) in (0, 3)
    (site / "other.png").write_bytes(flat(colour="white"))
    assert "Error" not in invoke("restore", site / "red.png")
    assert (site / "red.png").read_bytes() == sources["red.png"]
    document = json.loads(invoke("restore", "img", "--json"))
    assert len(document["restored"]) == 2
    assert not document["failed"]
    assert {name: (site / name).read_bytes() for name in sources} == sources
    assert "no build on this machine" in invoke("restore", site / "other.png", code=5)


def test_an_original_that_is_gone_or_wrong_changes_nothing(client, environ, tmp_path):
    """After expiry, or when the server has another file, the file at hand stays."""
    from ir_build.imagerecycle.manifest import Manifest, Sent

    made, another = flat(colour="navy"), client.upload(flat(colour="pink"))
    path = tmp_path / "a.png"
    path.write_bytes(made)
    result = hashlib.sha256(made).hexdigest()
    expires = datetime(2026, 1, 2, tzinfo=UTC)
    manifest = Manifest(tmp_path / "cache" / "sent.sqlite3")
    for url, words in (
        (f"{client.url}/images/original/{'0' * 32}/a.png", "2026-01-02"),
        (another.origin_url, "not the original"),
    ):
        manifest.sent(Sent("ab" * 32, 10**6, client.url, 1, url, expires))
        manifest.made(result, "ab" * 32)
        assert words in invoke("restore", path, code=5)
        assert path.read_bytes() == made
    manifest.close()
    assert (tmp_path / "cache" / "sent.sqlite3").stat().st_mode & 0o077 == 0


def test_a_build_and_its_rebuild(client, environ, tmp_path):
    """`ir-build optimize --out` by the server: smaller, and the second time nothing is charged."""
    (tmp_path / "site").mkdir()
    for number in range(5):
        (tmp_path / "site" / f"{number}.png").write_bytes(flat(colour=(5, 5, number)))
    (tmp_path / "site" / "same.png").write_bytes(flat(colour=(5, 5, 4)))
    before = client.account().quota_used
    assert "6 of 6 files optimised" in invoke("optimize", "site", "--out", "small", "--jobs", 1)
    spent = client.account().quota_used - before
    assert spent == sum(len(flat(colour=(5, 5, number))) for number in range(5))
    assert "everything cached" in invoke("optimize", "site", "--out", "again", "--jobs", 1)
    assert client.account().quota_used - before == spent
