"""What a program that uses the client may rely on: names, errors, folders, asyncio."""

import asyncio
import socket
import time

import pytest

import ir_build
from ir_build import imagerecycle
from ir_build.api import Session, Source, load
from ir_build.imagerecycle import (
    AsyncClient,
    AuthenticationError,
    BackendError,
    Client,
    Credentials,
    FileKind,
    FileRejected,
    FileTooLarge,
    QuotaExceeded,
    RetryPolicy,
    TransportError,
    Unreadable,
)
from pictures import flat
from services.peer import KEY, SECRET

QUICK = RetryPolicy(connect=0.3, read=0.4, total=1.0, pause=0.01)


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{found.getsockname()[1]}/v1"


@pytest.mark.parametrize("package", [ir_build, imagerecycle])
def test_every_name_has_one_place(package):
    """What `__all__` lists is there; what programs need can be imported from these two places."""
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError):
        getattr(package, "nothing_of_this_name")  # noqa: B009


def test_a_file_that_cannot_be_read_is_named_in_an_oserror(client, tmp_path):
    """It can be caught as what it is, and says which file."""
    missing = tmp_path / "missing.png"
    with pytest.raises(OSError, match=r"missing\.png: no such file") as caught:
        client.upload(missing)
    assert caught.value.filename == str(missing)
    assert isinstance(caught.value, Unreadable)
    with pytest.raises(OSError) as caught:
        client.compress(flat(), name="a.png").to_file(tmp_path / "no" / "folder" / "a.png")
    assert str(tmp_path / "no" / "folder" / "a.png") in str(caught.value)
    assert caught.value.errno


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400}, FileRejected),
        ({"status": 401}, AuthenticationError),
        ({"status": 403, "message": "quota exceeded"}, QuotaExceeded),
        ({"status": 418}, BackendError),
    ],
)
def test_errors_about_a_file_name_it(peer, client, fault, kind):
    """Whatever a server says about an upload or a download, the text begins with the file."""
    peer.fail({"where": "upload", "kind": "status", **fault})
    with pytest.raises(kind, match=r"^a b\.png: ") as caught:
        client.upload(flat(), name="a b.png")
    assert caught.value.file == "a b.png"
    peer.fail({"where": "download", "kind": "status", **fault})
    image = client.upload(flat(), name="a b.png")
    with pytest.raises(BackendError, match=rf"^{image.name}: "):
        client.download(image)


def test_a_file_that_is_too_large_is_named(peer, client):
    """Before anything is sent, too."""
    peer.set(account={"quota_current": 0, "quota_allowed": "100", "file_max_size": 10})
    client.account()
    with pytest.raises(FileTooLarge, match=r"^big\.png: "):
        client.upload(flat(), name="big.png")


WRONG = [
    ({"resize": 100}, r"resize: 100 is not a box of width and height.*\(100, None\)"),
    ({"resize": (100,)}, "is not a box"),
    ({"resize": (None, None)}, "give a width or a height"),
    ({"resize": (0, 10)}, "not a whole number from 1"),
    ({"preserve_metas": "copyrigth"}, "is not one of datetime, location, copyright"),
    ({"preserve_metas": ["exif"]}, "is not one of datetime, location, copyright"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_what_makes_no_sense_is_told_at_once(client, options, words):
    """A ValueError says what is wanted, before anything is read or sent."""
    with pytest.raises(ValueError, match=words):
        client.compress("a.png", **options)


def test_one_name_and_a_box_as_text(peer, client):
    """`preserve_metas` takes a name by itself, `resize` the form that settings take."""
    client.compress(flat(), resize="100x", preserve_metas="copyright").to_bytes()
    body = next(seen[3] for seen in peer.seen if seen[0] == "upload")
    assert "copyright" in body
    assert '"width": 100' in body


def test_no_connection_says_why_and_to_whom(nobody):
    """The server's address and the system's reason are in the text, the secret is not."""
    with Client(Credentials(KEY, SECRET, nobody), retry_policy=QUICK) as client:
        origin = nobody.removesuffix("/v1")
        with pytest.raises(TransportError, match=rf"{origin}: .*\(Connection refused\)") as caught:
            client.account()
    assert caught.value.unreachable
    assert not caught.value.lost
    assert SECRET not in str(caught.value)


def test_a_name_that_is_not_known_is_told():
    """Without a network, or with a typing error, names cannot be resolved: that is said."""
    address = "https://no-such-host.invalid/v1"
    with (
        Client(Credentials(KEY, SECRET, address), retry_policy=QUICK) as client,
        pytest.raises(TransportError, match=r"no-such-host\.invalid: .*cannot be resolved"),
    ):
        client.account()


def test_nobody_is_waited_for_without_a_connection(nobody):
    """Attempts end after the time that one connection may take, however many are left."""
    policy = RetryPolicy(connect=0.5, attempts=1000, pause=0.05, longest_pause=0.05)
    started = time.monotonic()
    with (
        Client(Credentials(KEY, SECRET, nobody), retry_policy=policy) as client,
        pytest.raises(TransportError),
    ):
        client.account()
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_build_without_a_network_says_what_helps(nobody, tmp_path):
    """With credentials and no server, one file has waited; the rest is told about `fallback`."""
    (tmp_path / "site").mkdir()
    for number in range(5):
        (tmp_path / "site" / f"{number}.png").write_bytes(flat((60, 40 + number)))
    environ = {"IR_BUILD_API_KEY": KEY, "IR_BUILD_API_SECRET": SECRET, "IR_BUILD_API_URL": nobody}
    settings = {"cache_dir": str(tmp_path / "cache"), "concurrency": 1}
    config = load(Source("test", settings, tmp_path), folder=tmp_path, environ={})
    with Session(config, copies=True, environ=environ) as session:
        report = session.optimize_folder(tmp_path / "site")
    (warning,) = report.warnings
    assert "Connection refused" in warning
    assert "unless fallback or backend is local" in warning
    assert all(outcome.after == outcome.before for outcome in report.outcomes)


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "deep/b.PNG", "deep/er/c.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(flat())
    (tmp_path / "in" / "notes.txt").write_text("x")
    (tmp_path / "in" / "link.png").symlink_to("a.png")
    return tmp_path / "in"


def test_a_folder_is_compressed_several_files_at_once(client, folder, tmp_path):
    """Every picture gets its copy; progress is told; results are in the order of the paths."""
    told = []
    results = client.compress_folder(
        folder, tmp_path / "out", concurrency=2, progress=lambda *counts: told.append(counts)
    )
    names = [result.path.relative_to(folder).as_posix() for result in results]
    assert names == ["a.png", "deep/b.PNG", "deep/er/c.png"]
    assert told == [(1, 3), (2, 3), (3, 3)]
    for name, result in zip(names, results, strict=True):
        assert (tmp_path / "out" / name).stat().st_size == result.image.size_after
        assert result.error is None
    assert not (tmp_path / "out" / "notes.txt").exists()


def test_in_a_folder_one_error_is_one_files(peer, client, folder, tmp_path):
    """The others are done; after one that concerns the account nothing more is sent."""
    peer.fail({"where": "upload", "kind": "status", "status": 400})
    results = client.compress_folder(folder, tmp_path / "out", concurrency=1)
    assert [type(result.error) for result in results] == [FileRejected, type(None), type(None)]
    peer.fail({"where": "upload", "kind": "status", "status": 401})
    results = client.compress_folder(folder, tmp_path / "out2", concurrency=1)
    assert [result.image for result in results] == [None] * 3
    assert isinstance(results[0].error, AuthenticationError)
    assert str(results[2].error).startswith("c.png: not sent")
    assert peer.count("upload") == 1
    assert not list((tmp_path / "out2").rglob("*.*"))


@pytest.mark.slow
def test_asyncio_against_the_server(server, tmp_path):
    """Many files at once over one client, each the result that the other client gets."""
    credentials = Credentials(server.key, server.secret, server.url)

    async def run():
        async with AsyncClient(credentials) as client:
            assert (await client.account()).quota_used is not None
            paths = [tmp_path / f"{number}.png" for number in range(8)]
            for number, path in enumerate(paths):
                path.write_bytes(flat((60, 40 + number)))
            images = await asyncio.gather(
                *(client.compress(path, path, resize=(30, None)) for path in paths)
            )
            original = await client.download(images[0], kind=FileKind.ORIGINAL)
            assert original == flat((60, 40))
            await client.delete_image(images[0].id)
            with pytest.raises(BackendError):
                await client.download(images[0])
            return [path.stat().st_size for path in paths], [one.size_after for one in images]

    found, told = asyncio.run(run())
    assert found == told
    with Client(credentials) as client:
        job = client.compress(flat((60, 41)), name="1.png", resize=(30, None))
        assert job.to_bytes() == (tmp_path / "1.png").read_bytes()


FAULTS = [
    ([{"where": "upload", "kind": "status", "status": 503}], None),
    ([{"where": "upload", "kind": "reset"}, {"where": "download", "kind": "truncated"}], None),
    ([{"where": "upload", "kind": "status", "status": 400}], FileRejected),
    ([{"where": "upload", "kind": "status", "status": 302}], TransportError),
    ([{"where": "download", "kind": "status", "status": 404}], BackendError),
    ([{"where": "upload", "kind": "silence", "seconds": 3}] * 4, TransportError),
]


@pytest.mark.parametrize(("faults", "error"), FAULTS)
def test_asyncio_and_faults(peer, tmp_path, faults, error):
    """Passing trouble is retried, lasting trouble ends in the same errors, and the file stays."""
    path = tmp_path / "a.png"
    path.write_bytes(flat())
    peer.fail(*faults)

    async def run():
        async with AsyncClient(Credentials(KEY, SECRET, peer.url), retry_policy=QUICK) as client:
            await client.compress(path, path)

    if error is None:
        asyncio.run(run())
        assert path.stat().st_size < len(flat())
    else:
        with pytest.raises(error, match=r"^a( b)?\.png: ") as caught:
            asyncio.run(run())
        assert SECRET not in str(caught.value)
        assert path.read_bytes() == flat()


def test_asyncio_and_cancellation(peer, tmp_path):
    """A call that is cancelled leaves the file as it was, and the client can be closed."""
    path = tmp_path / "a.png"
    path.write_bytes(flat())
    peer.fail(*[{"where": "upload", "kind": "silence", "seconds": 3}] * 4)

    async def run():
        async with AsyncClient(Credentials(KEY, SECRET, peer.url), retry_policy=QUICK) as client:
            async with asyncio.timeout(0.2):
                await client.compress(path, path)

    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert path.read_bytes() == flat()
    assert list(tmp_path.iterdir()) == [path]


def test_asyncio_says_what_is_wrong_before_it_sends(nobody, tmp_path):
    """A missing file and a box that is none are the errors that the other client raises."""

    async def run(*arguments, **options):
        credentials = Credentials(KEY, SECRET, nobody)
        async with AsyncClient(credentials, retry_policy=QUICK) as client:
            await client.compress(*arguments, **options)

    with pytest.raises(OSError, match=r"missing\.png: no such file"):
        asyncio.run(run(tmp_path / "missing.png", tmp_path / "b.png"))
    with pytest.raises(ValueError, match="is not a box"):
        asyncio.run(run(flat(), tmp_path / "b.png", resize=100))
    with pytest.raises(TransportError) as caught:
        asyncio.run(run(flat(), tmp_path / "b.png", name="a.png"))
    assert caught.value.unreachable
    assert list(tmp_path.iterdir()) == []
