"""Builds whose files are compressed by a server on a real socket."""

import threading

import pytest
from PIL import Image

from ir_build import backends
from ir_build.api import Session, Source, load
from ir_build.backends.quota_budget import QuotaBudget
from ir_build.errors import ConfigError, FileSkipped, Reason
from ir_build.imagerecycle.wire import Account
from ir_build.run.memory_budget import MemoryBudget
from pictures import encoded
from services.peer import KEY, SECRET


def numbered(number, size=(60, 40)):
    """A picture like no other, that anybody can optimise."""
    image = Image.new("RGB", size, (number % 256, number // 256, 99))
    image.putpixel((0, 0), (255, 255, number % 256))
    return encoded(image, "png", compress_level=0)


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def build(peer, site, tmp_path):
    """Optimise the site by the peer, as a build does."""

    def run(out=None, **settings):
        environ = {
            "IR_BUILD_API_KEY": KEY,
            "IR_BUILD_API_SECRET": SECRET,
            "IR_BUILD_API_URL": peer.url,
        }
        settings = {"cache_dir": str(tmp_path / "cache"), "jobs": 1, "min_saving": 0} | settings
        config = load(Source("test", settings, tmp_path), folder=tmp_path, environ={})
        with Session(config, copies=True, environ=environ) as session:
            return session.optimize([site], out=out) if out else session.optimize_folder(site)

    return run


def fill(site, count, size=(60, 40)):
    for number in range(count):
        (site / f"{number:03}.png").write_bytes(numbered(number, size))


def by_name(report):
    return {outcome.name: outcome for outcome in report.outcomes}


def test_files_go_up_and_come_back_smaller(peer, site, build):
    """The upload carries credentials, parameters and the name; the download no credentials."""
    (site / "a b.png").write_bytes(numbered(1))
    report = build(resize="800x", preserve_metas=["copyright"], compression_type="lossless")
    (outcome,) = report.optimised
    assert (site / "a b.png").stat().st_size == outcome.size < len(numbered(1))
    assert not outcome.lossy
    assert peer.origin in report.backend
    assert [seen[0] for seen in peer.seen] == ["account", "upload", "download"]
    _, (_, path, _, body), (_, download, headers, _) = peer.seen
    assert path == "/v1/images"
    assert 'filename="a b.png"' in body
    for part in (KEY, SECRET, '"lossless"', '"resize": {"width": 800}', "copyright"):
        assert part in body
    assert SECRET not in download + headers


def test_a_rebuild_spends_nothing_and_equal_files_are_sent_once(peer, site, build):
    """The backend's identity is in the cache key; what is equal is one upload."""
    fill(site, 3)
    for number in range(6):
        (site / f"same{number}.png").write_bytes(numbered(99))
    originals = {path: path.read_bytes() for path in site.iterdir()}
    assert len(build().optimised) == 9
    assert peer.count("upload") == 4
    for path, data in originals.items():
        path.write_bytes(data)
    report = build()
    assert len(report.optimised) == 9
    assert report.all_cached
    assert peer.count("upload") == 4
    assert peer.count("account") == 1


def test_equal_files_are_sent_once_without_a_cache_too(peer, site, build, tmp_path):
    """A cache that cannot be used costs no quota within a build."""
    fill(site, 20)
    for name in ("0.png", "z.png"):
        (site / name).write_bytes(numbered(99))
    (tmp_path / "file").touch()
    report = build(cache_dir=str(tmp_path / "file" / "cache"), concurrency=1)
    assert len(report.optimised) == 22
    assert peer.count("upload") == 21


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401, "message": "Subscription expired"}, "Subscription expired"),
        ({"status": 403, "message": "Montly quota exceeded"}, "Montly quota exceeded"),
    ],
)
def test_a_fatal_http_error_stops_the_build_once(peer, site, build, fault, words):
    """No more than what was under way is sent; the rest is shipped as it was, with one warning."""
    fill(site, 40)
    peer.fail(*[{"where": "upload", "kind": "status", **fault}] * 40)
    report = build(concurrency=4)
    assert peer.count("upload") <= 4
    assert not report.optimised
    assert all((site / f"{number:03}.png").read_bytes() == numbered(number) for number in range(40))
    (warning,) = report.warnings
    assert words in warning
    assert "shipped as it was" in warning
    stopped = [outcome for outcome in report.kept if outcome.reason is Reason.BACKEND_STOPPED]
    assert len(stopped) == 40
    peer.set()
    assert len(build().optimised) == 40, "nothing of it may have been cached"


def test_the_engine_takes_over_only_where_asked(peer, site, build):
    """`fallback: local` does the rest of the files here."""
    fill(site, 5)
    peer.fail(*[{"where": "upload", "kind": "status", "status": 401}] * 5)
    report = build(fallback="local")
    assert len(report.optimised) == 5
    assert "built-in engine did the rest" in report.warnings[0]


def test_a_server_that_is_down_is_given_up(peer, site, build):
    """After a few files in a row that failed, no others are tried."""
    fill(site, 30)
    peer.fail(*[{"where": "account", "kind": "status", "status": 418}] * 200)
    report = build(concurrency=2)
    assert peer.count("account") < 20
    assert any("418" in warning for warning in report.warnings)
    assert not report.optimised


def test_what_does_not_fit_is_said_and_not_sent(peer, site, build):
    """Size and quota are read first; smaller files still go, and nothing of it is cached."""
    fill(site, 4)
    (site / "big.png").write_bytes(numbered(7, (200, 100)))
    (site / "huge.png").write_bytes(numbered(8, (300, 200)))
    peer.set(account={"quota_current": 0, "quota_allowed": 31_000, "quota_file_max_size": "100000"})
    report = build()
    outcomes = by_name(report)
    assert outcomes["huge.png"].reason is Reason.NOT_TAKEN
    assert "100000" in outcomes["huge.png"].detail
    assert outcomes["big.png"].reason is Reason.OVER_QUOTA
    assert "bytes of the account's quota are left" in outcomes["big.png"].detail
    assert len(report.optimised) == 4
    (warning,) = report.warnings
    assert "the account's quota: 1 of the files" in warning
    assert f"{len(numbered(7, (200, 100)))} bytes" in warning
    peer.set()
    assert by_name(build())["big.png"].status == "compressed"


def test_a_build_has_a_spending_limit(peer, site, build):
    """`max_quota_per_build` bounds what is sent, and a rejected file costs nothing of it."""
    fill(site, 9)
    peer.fail(*[{"where": "upload", "kind": "status", "status": 400, "message": "corrupt"}] * 2)
    report = build(max_quota_per_build=3 * len(numbered(0)), concurrency=1)
    assert len(report.optimised) == 3
    assert [failed.code for failed in report.failed] == ["rejected"] * 2
    assert peer.count("upload") == 5
    assert ": 4 of the files" in report.warnings[0]
    assert "max_quota_per_build" in report.warnings[0]


def test_types_that_a_server_does_not_know_are_tried_once(peer, site, build):
    """Where a server refuses an SVG file, no other one is sent; the engine may do them."""
    for number in range(3):
        drawing = f'<rect width="{number + 5}" height="9"/>' + "<!-- to be left out -->" * 9
        (site / f"{number}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{drawing}</svg>'
        )
    peer.fail(*[{"where": "upload", "kind": "status", "status": 400}] * 9)
    report = build(concurrency=1)
    assert peer.count("upload") == 1
    assert {outcome.reason for outcome in report.kept} == {Reason.NOT_TAKEN}
    assert not report.failed
    assert len(build(fallback="local").optimised) == 3


def test_what_comes_back_is_verified(peer, site, build):
    """A server that returns another picture, or a larger one, changes nothing."""
    (site / "a.png").write_bytes(numbered(1))
    build()
    other = numbered(200)
    (site / "b.png").write_bytes(other)
    made = f"{peer.origin}/v1/images/optimized/{1:032}/x.png"
    peer.set(keep_files=True, image={"optimized_url": made, "size_after": 0})
    report = build()
    assert by_name(report)["b.png"].reason is Reason.WOULD_CHANGE
    assert (site / "b.png").read_bytes() == other


def test_the_original_back_is_not_an_error(peer, site, build):
    """When the service could not make it smaller, nothing is downloaded."""
    (site / "a.png").write_bytes(numbered(1))
    peer.set(image={"size_after": len(numbered(1))})
    assert by_name(build())["a.png"].reason is Reason.NOT_SMALLER
    assert peer.count("download") == 0


def test_nothing_is_sent_that_could_not_be_written(peer, site, build, tmp_path):
    """Before quota is spent the place of the result is looked at."""
    fill(site, 2)
    (tmp_path / "file").touch()
    report = build(out=tmp_path / "file" / "small")
    assert peer.count("upload") == 0
    assert len(report.failed) == 2


def test_the_line_is_full_and_never_fuller(peer, site, build):
    """As many calls are under way as the setting says."""
    fill(site, 40)
    peer.set(delay=0.05)
    assert len(build(concurrency=6).optimised) == 40
    assert peer.most == 6


def test_uploads_in_doubt_are_told(peer, site, build):
    """A lost answer may mean two charges: the report says so."""
    fill(site, 1)
    peer.fail({"where": "upload", "kind": "reset"})
    report = build()
    assert len(report.optimised) == 1
    (warning,) = report.warnings
    assert "lost: 1;" in warning


def choose(name, environ, folder):
    return backends.choose(
        name, environ=environ, sandbox=None, folder=folder, concurrency=4, budget=None
    )


def test_credentials_choose_the_server(tmp_path):
    """`auto` is the server where the environment has credentials; `local` never is."""
    environ = {"IR_BUILD_API_KEY": KEY, "IR_BUILD_API_SECRET": SECRET}
    chosen = choose("auto", environ, tmp_path)
    assert chosen.remote
    assert chosen.name == "the server https://api.imagerecycle.com"
    chosen.close()
    nobody = {"IR_BUILD_CREDENTIALS": str(tmp_path / "none.toml")}
    assert not choose("auto", nobody, tmp_path).remote
    assert not choose("local", environ, tmp_path).remote
    with pytest.raises(ConfigError, match="IR_BUILD_API_KEY"):
        choose("api", nobody, tmp_path)


def test_a_login_alone_sends_no_build_away(tmp_path):
    """Kept credentials are for `backend: api`; `auto` wants them in the environment."""
    kept = tmp_path / "credentials.toml"
    kept.write_text(f'key = "{KEY}"\nsecret = "{SECRET}"\n')
    kept.chmod(0o600)
    environ = {"IR_BUILD_CREDENTIALS": str(kept)}
    assert not choose("auto", environ, tmp_path).remote
    chosen = choose("api", environ, tmp_path)
    assert chosen.remote
    chosen.close()


def test_a_quota_budget_is_never_overdrawn():
    """Many threads at once take no more than there is; what is given back can be taken again."""
    asked = []

    def ask():
        asked.append(1)
        return Account(quota_used=0, quota=1000, file_max_size=None)

    quota_budget = QuotaBudget(ask, budget=None)
    taken = []

    def take():
        try:
            quota_budget.take(30)
            taken.append(30)
        except FileSkipped:
            pass

    threads = [threading.Thread(target=take) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 990
    assert len(asked) == 1
    quota_budget.give_back(30)
    quota_budget.take(40)


def test_a_memory_budget_holds_what_fits_and_one_that_does_not():
    """Never more than its size at once, but for a single larger thing, alone."""
    budget, held, most = MemoryBudget(100), [], []
    lock = threading.Lock()

    def hold(size):
        with budget.reserve(size):
            with lock:
                held.append(size)
                most.append((sum(held), len(held)))
            threading.Event().wait(0.002)
            with lock:
                held.remove(size)

    threads = [threading.Thread(target=hold, args=(size,)) for size in [30, 60, 250, 10] * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 32
    assert all(total <= 100 or count == 1 for total, count in most)
