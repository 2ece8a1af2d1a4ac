"""One file's way: cache, backend, verification, swap. The backend here is a stand-in."""

import os
import threading
from pathlib import Path

import pytest

from ir_build.candidate import Candidate
from ir_build.errors import (
    AuthenticationError,
    Changed,
    CorruptFile,
    FileSkipped,
    OverTimeout,
    Reason,
    TransportError,
    WorkerCrashed,
)
from ir_build.options import Compression, Options, Part
from ir_build.outcome import Cached, Compressed, Failed, Kept
from ir_build.run import discover, fingerprint, plan
from ir_build.run.cache import Cache
from ir_build.run.destination import Destination, InPlace, OutputFolder
from ir_build.run.fingerprint import StatIndex
from ir_build.run.pipeline import Pipeline
from ir_build.run.plan import Job, Planner
from ir_build.run.skips import Skips
from ir_build.sandbox.limits import Limits
from ir_build.verify import Verdict
from ir_build.verify.verdict import differs

PNG = b"\x89PNG\r\n\x1a\n"


class Backend:
    """Halves a file, or does what a test put under its first byte after the signature."""

    name = "a stand-in"
    remote = False

    def __init__(self, identity="stand-in/1", **answers):
        self.identity = identity
        self.answers = answers
        self.calls = []
        self.gate = None

    def compress(self, data, media, options, name):
        self.calls.append(name)
        if self.gate:
            self.gate.wait(10)
        answer = self.answers.get(data[8:].split(b" ")[0].decode() or "_")
        if callable(answer):
            answer = answer(options)
        if isinstance(answer, Exception):
            raise answer
        return answer or Candidate(data[: len(data) // 2], lossy=False)

    def delivered(self, source, result):
        pass

    def warnings(self):
        return []

    def close(self):
        pass


class Run:
    """A folder, a cache and what a run needs; every `go` is a new run."""

    def __init__(self, folder: Path):
        self.folder = folder / "site"
        self.folder.mkdir()
        self.cache = Cache(folder / "cache", size_limit=10**9)
        self.index_file = folder / "index.json"
        self.backend = Backend()
        self.fallback = None
        self.options = Options(compression_type=Compression.LOSSLESS)
        self.verdict = None
        self.limits = Limits(seconds=60.0, memory=2**30)
        self.destination = InPlace(keep_times=True)

    def add(self, name, text, *, age=60):
        path = self.folder / name
        path.write_bytes(PNG + text.encode() + b" " + os.urandom(200))
        stamp = path.stat().st_mtime - age
        os.utime(path, (stamp, stamp))
        return path

    def pipeline(self, **more):
        return Pipeline(
            backend=self.backend,
            fallback=self.fallback,
            verify=self._verify,
            cache=self.cache,
            skips=Skips(self.cache.local_folder, self.limits),
            limits=self.limits,
            **more,
        )

    def _verify(self, *asked):
        detail = self.verdict(*asked) if callable(self.verdict) else self.verdict
        return differs(detail) if detail else Verdict(ok=True, score=81.25)

    def go(self, **more):
        index = StatIndex(self.index_file)
        planner = Planner(
            options_for=lambda *_: self.options,
            identity=self.backend.identity,
            index=index,
            max_file_size=10**6,
        )
        self.last = self.pipeline(**more)
        outcomes = {}
        for asset in discover.walk(self.folder):
            planned = planner.plan(asset)
            if isinstance(planned, Job):
                planned = self.last.process(planned, self.destination, index)
            if planned is not None:
                outcomes[asset.name] = planned
        index.save()
        return outcomes


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path)
    yield made
    made.cache.close()


def test_a_smaller_file_takes_the_place_and_the_second_run_does_nothing(run):
    """Twice is once: what was optimised is not sent to the backend again."""
    path = run.add("a.png", "a")
    before = path.stat().st_size
    first = run.go()["a.png"]
    assert isinstance(first, Compressed)
    assert (first.before, first.after, path.stat().st_size) == (before, before // 2, before // 2)
    second = run.go()["a.png"]
    assert isinstance(second, Kept)
    assert second.reason is Reason.ALREADY_OPTIMISED
    assert run.backend.calls == ["a.png"]


def test_a_rebuilt_original_comes_from_the_cache(run):
    """When a host writes the original again, the result is taken from the cache."""
    path = run.add("a.png", "a")
    original = path.read_bytes()
    run.go()
    path.write_bytes(original)
    outcome = run.go()["a.png"]
    assert isinstance(outcome, Cached)
    assert outcome.from_cache
    assert path.stat().st_size == len(original) // 2
    assert len(run.backend.calls) == 1


def test_equal_files_are_compressed_once(run):
    """Two files of the same content in one run cost one compression, and both get smaller."""
    one = run.add("a.png", "a")
    two = run.folder / "b.png"
    two.write_bytes(one.read_bytes())
    outcomes = run.go()
    assert len(run.backend.calls) == 1
    assert all(isinstance(outcome, Compressed) for outcome in outcomes.values())
    assert one.read_bytes() == two.read_bytes()


def test_equal_files_at_the_same_moment_are_compressed_once(run):
    """A file that is under way is waited for, not begun a second time."""
    run.backend.gate = threading.Event()
    one = run.add("a.png", "a")
    (run.folder / "b.png").write_bytes(one.read_bytes())
    index = StatIndex(None)
    planner = Planner(
        options_for=lambda *_: run.options,
        identity=run.backend.identity,
        index=index,
        max_file_size=10**6,
    )
    pipeline = run.pipeline()
    jobs = [planner.plan(asset) for asset in discover.walk(run.folder)]
    threads = [
        threading.Thread(target=pipeline.process, args=(job, run.destination, index))
        for job in jobs
    ]
    for thread in threads:
        thread.start()
    run.backend.gate.set()
    for thread in threads:
        thread.join()
    assert len(run.backend.calls) == 1


KEPT = [
    (Candidate(PNG + b"x" * 1000, lossy=False), None, Reason.NOT_SMALLER),
    (Candidate(PNG + b"x" * 199, lossy=False), None, Reason.SAVES_TOO_LITTLE),
    (Candidate(PNG, lossy=False), "12 frames became 11", Reason.WOULD_CHANGE),
    (FileSkipped(Reason.UNSUPPORTED_VARIANT, "APNG"), None, Reason.UNSUPPORTED_VARIANT),
]


@pytest.mark.parametrize(("answer", "verdict", "reason"), KEPT)
def test_a_no_has_a_reason_and_is_remembered(run, answer, verdict, reason):
    """A file that stays says why, is untouched, and is not tried again."""
    run.backend.answers["x"] = answer
    run.verdict = verdict
    run.options = Options(min_saving=0.05)
    path = run.add("a.png", "x")
    original = path.read_bytes()
    for _ in range(3):
        outcome = run.go()["a.png"]
        assert isinstance(outcome, Kept)
        assert outcome.reason is reason
        assert path.read_bytes() == original
    assert len(run.backend.calls) == 1


@pytest.mark.parametrize("remote", [False, True])
def test_what_looks_different_is_tried_without_loss(run, remote):
    """Only by the engine, which costs nothing."""
    run.options = Options()
    run.backend.remote = remote
    run.backend.answers["x"] = lambda options: Candidate(
        PNG, lossy=options.compression_type is Compression.LOSSY
    )
    run.verdict = lambda _, candidate, *__: "page 2 scores 61.0" if candidate.lossy else None
    run.add("a.png", "x")
    outcome = run.go()["a.png"]
    if remote:
        assert isinstance(outcome, Kept)
        assert outcome.detail == "page 2 scores 61.0"
    else:
        assert isinstance(outcome, Compressed)
        assert not outcome.lossy
    assert len(run.backend.calls) == (1 if remote else 2)


STEPS = [
    # what was tried, what of it is refused, and what is kept of the file in the end
    ({Part.FONTS}, {Part.FONTS}),
    ({Part.PICTURES}, {Part.PICTURES}),
    ({Part.FONTS, Part.PICTURES}, {Part.FONTS, Part.PICTURES}),
    ({Part.STRUCTURE}, {Part.FONTS, Part.PICTURES, Part.STRUCTURE}),
]


@pytest.mark.parametrize(("wrong", "kept"), STEPS)
def test_steps_are_taken_back_one_by_one(run, wrong, kept):
    """A fault in fonts costs the fonts, one in pictures the pictures; the rest stays smaller."""
    run.options = Options()
    run.backend.answers["x"] = lambda options: Candidate(
        PNG + b" ".join(sorted(part.encode() for part in options.kept_parts)),
        lossy=options.compression_type is Compression.LOSSY,
        parts=frozenset(Part) - options.kept_parts,
    )
    run.verdict = lambda _, candidate, *__: (
        "page 3 looks different"
        if any(one.encode() not in candidate.data for one in wrong)
        else None
    )
    path = run.add("a.png", "x")
    outcome = run.go()["a.png"]
    assert isinstance(outcome, Compressed)
    assert outcome.notes == ("changed less, since page 3 looks different",)
    assert path.read_bytes() == PNG + b" ".join(sorted(part.encode() for part in kept))


def test_a_broken_file_is_reported_each_time_and_tried_once(run):
    """A permanent failure is cached, so a broken file costs nothing in the next build."""
    run.backend.answers["x"] = CorruptFile("no end")
    run.add("a.png", "x")
    for _ in range(2):
        outcome = run.go()["a.png"]
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.message) == ("corrupt-file", "no end")
    assert len(run.backend.calls) == 1


def test_a_crash_is_tried_again_in_the_next_run(run):
    """A crash may be the machine's fault: it is not cached."""
    run.backend.answers["x"] = WorkerCrashed("SIGSEGV")
    run.add("a.png", "x")
    run.go()
    run.go()
    assert len(run.backend.calls) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"quality": 90.0},
        {"min_saving": 0.2},
        {"effort": "best"},
        {"max_pixels": 5},
        {"pdf_dpi": 96},
        {"preserve_metas": frozenset({"icc"})},
        {"compression_type": Compression.LOSSY},
    ],
)
def test_every_option_alone_makes_another_key(run, change):
    """A changed option never serves a result made with the old one."""
    path = run.add("a.png", "a")
    original = path.read_bytes()
    run.go()
    path.write_bytes(original)
    values = {name: getattr(run.options, name) for name in Options.__slots__}
    run.options = Options(**(values | change))
    assert isinstance(run.go()["a.png"], Compressed)
    assert len(run.backend.calls) == 2


def test_a_fault_of_ours_costs_one_file(run):
    """Whatever goes wrong inside, the file is reported and shipped as it was, the run goes on."""
    run.backend.answers["x"] = ZeroDivisionError("ours")
    path = run.add("a.png", "x")
    original = path.read_bytes()
    run.add("b.png", "b")
    outcomes = run.go()
    assert isinstance(outcomes["a.png"], Failed)
    assert "ZeroDivisionError" in outcomes["a.png"].message
    assert path.read_bytes() == original
    assert isinstance(outcomes["b.png"], Compressed)


def test_another_backend_or_version_makes_another_key(run):
    """What one engine made is not taken for the result of another."""
    path = run.add("a.png", "a")
    original = path.read_bytes()
    run.go()
    path.write_bytes(original)
    run.backend = Backend("stand-in/2")
    assert isinstance(run.go()["a.png"], Compressed)


def test_a_stricter_verification_judges_again(run, monkeypatch):
    """What an older version of the checks has passed is not taken from the cache."""
    path = run.add("a.png", "a")
    original = path.read_bytes()
    run.go()
    path.write_bytes(original)
    monkeypatch.setattr(plan, "VERIFY_VERSION", plan.VERIFY_VERSION + 1)
    plan.context.cache_clear()
    run.verdict = "it is another picture"
    assert run.go()["a.png"].reason is Reason.WOULD_CHANGE
    assert path.read_bytes() == original
    plan.context.cache_clear()


def test_a_lossy_result_is_never_compressed_again(run, monkeypatch):
    """Not with other options either: every generation loses something."""
    monkeypatch.setattr("ir_build.marker.mark", lambda data, _: data)
    run.backend.answers["a"] = Candidate(PNG + b"lossy result", lossy=True)
    run.add("a.png", "a")
    run.go()
    run.options = Options(quality=50)
    outcome = run.go()["a.png"]
    assert isinstance(outcome, Kept)
    assert outcome.reason is Reason.ALREADY_OPTIMISED


def expired():
    return AuthenticationError(401, 401, "Subscription expired")


def test_an_authentication_error_stops_the_backend_once(run):
    """After a 401 nothing more is sent; what is cached is still used, the rest is shipped as is."""
    known = run.add("a.png", "a")
    original = known.read_bytes()
    run.go()
    known.write_bytes(original)
    run.backend.answers = {"b": expired(), "c": expired()}
    run.add("b.png", "b")
    run.add("c.png", "c")
    run.add("d.png", "d")
    outcomes = run.go()
    assert run.backend.calls == ["a.png", "b.png"]
    assert isinstance(outcomes["a.png"], Cached)
    assert {outcomes[name].reason for name in ("b.png", "c.png", "d.png")} == {
        Reason.BACKEND_STOPPED
    }
    assert "Subscription expired" in str(run.last.stopped)
    run.backend.answers = {}
    assert isinstance(run.go()["d.png"], Compressed)  # the error was not cached


def test_the_fallback_does_the_rest(run):
    """With a fallback, the files after such an error are compressed by it."""
    run.backend.answers["a"] = expired()
    run.fallback = Backend("fallback/1")
    run.add("a.png", "a")
    run.add("b.png", "b")
    outcomes = run.go()
    assert all(isinstance(outcome, Compressed) for outcome in outcomes.values())
    assert (run.backend.calls, run.fallback.calls) == (["a.png"], ["a.png", "b.png"])


def test_a_server_that_is_down_is_given_up_after_three_files(run):
    """Faults in a row mean that the server is away: the others are not tried."""
    run.backend.answers["x"] = TransportError("refused")
    for number in range(6):
        run.add(f"{number}.png", "x")
    outcomes = run.go()
    assert len(run.backend.calls) == 3
    assert [type(outcomes[f"{number}.png"]) for number in range(2)] == [Failed, Failed]
    assert isinstance(outcomes["5.png"], Kept)


def test_cached_only_compresses_nothing(run):
    """While serving, what is not in the cache stays as it is."""
    run.add("a.png", "a")
    outcome = run.go(cached_only=True)["a.png"]
    assert isinstance(outcome, Kept)
    assert outcome.reason is Reason.NOT_CACHED
    assert run.backend.calls == []
    assert isinstance(run.go()["a.png"], Compressed)


def test_a_folder_gets_copies_of_everything(run, tmp_path):
    """Out of place, the originals stay and the copies are complete, kept and broken ones too."""
    run.destination = OutputFolder(tmp_path / "out")
    run.backend.answers = {"k": FileSkipped(Reason.UNSUPPORTED_VARIANT), "f": CorruptFile("broken")}
    originals = {name: run.add(name, name[0]).read_bytes() for name in ("a.png", "k.png", "f.png")}
    run.go()
    out = tmp_path / "out"
    assert (out / "a.png").read_bytes() == originals["a.png"][: len(originals["a.png"]) // 2]
    assert (out / "k.png").read_bytes() == originals["k.png"]
    assert (out / "f.png").read_bytes() == originals["f.png"]
    assert {name: (run.folder / name).read_bytes() for name in originals} == originals
    stamps = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    run.go()
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == stamps


def test_a_link_in_the_output_does_not_lead_out_of_it(run, tmp_path):
    """A folder of the output that is a link elsewhere is not written to."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "img").symlink_to(tmp_path / "elsewhere")
    (run.folder / "img").mkdir()
    run.add("img/a.png", "a")
    run.destination = OutputFolder(tmp_path / "out")
    assert isinstance(run.go()["img/a.png"], Failed)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_checking_writes_nothing(run):
    """With no destination the outcome is told and the file stays."""
    path = run.add("a.png", "a")
    original = path.read_bytes()
    run.destination = Destination()
    assert isinstance(run.go()["a.png"], Compressed)
    assert path.read_bytes() == original
    assert isinstance(run.go()["a.png"], Cached)  # still to be done


SKIPPED = [
    (b"", "corrupt-file", "empty"),
    (b"<html>error 404</html>", "corrupt-file", "bytes"),
]


@pytest.mark.parametrize(("content", "code", "hint"), SKIPPED)
def test_what_only_claims_to_be_a_picture_is_reported(run, content, code, hint):
    """An empty file or an error page named .png is a broken asset of the site."""
    (run.folder / "a.png").write_bytes(content)
    outcome = run.go()["a.png"]
    assert isinstance(outcome, Failed)
    assert outcome.code == code
    assert hint in outcome.message


def test_what_is_none_of_ours_is_passed_over(run):
    """A file of another type is not even mentioned; a Git LFS pointer and a link are."""
    (run.folder / "scan.tiff").write_bytes(b"II*\0")
    (run.folder / "data").write_bytes(b"\0\1\2")
    (run.folder / "lfs.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid x")
    (run.folder / "link.png").symlink_to(run.folder / "data")
    outcomes = run.go()
    assert {name: outcome.reason for name, outcome in outcomes.items()} == {
        "lfs.png": Reason.LFS_POINTER,
        "link.png": Reason.LINK,
    }
    assert (run.folder / "link.png").is_symlink()


def test_a_wrong_suffix_is_noted(run):
    """A PNG called .jpg is worked on as what it is, keeps its name, and the report says so."""
    run.add("a.jpg", "a")
    outcome = run.go()["a.jpg"]
    assert isinstance(outcome, Compressed)
    assert outcome.notes == ("is a PNG file named .jpg",)


def test_compression_none_and_size_limit_skip_files(run):
    """The options that say no are reasons too."""
    run.add("a.png", "a")
    (run.folder / "big.png").write_bytes(PNG + bytes(10**6))
    run.options = Options(compression_type=Compression.NONE)
    outcomes = run.go()
    assert outcomes["a.png"].reason is Reason.COMPRESSION_NONE
    assert outcomes["big.png"].reason is Reason.OVER_MAX_FILE_SIZE


def test_a_settled_file_is_not_read_again(run, monkeypatch):
    """On a warm run an unchanged file costs a stat, and neither a read nor a look into the cache."""
    run.backend.answers["x"] = FileSkipped(Reason.UNSUPPORTED_VARIANT)
    path = run.add("a.png", "x")
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns - 10**9))
    import time

    time.sleep(0.1)  # the change time must be older than a tick
    run.go()

    def forbidden(*_args, **_kwargs):
        raise AssertionError("read or looked up")

    monkeypatch.setattr("ir_build.atomic.opened", forbidden)
    monkeypatch.setattr(run.cache, "get", forbidden)
    outcome = run.go()["a.png"]
    assert isinstance(outcome, Kept)
    assert outcome.reason is Reason.UNSUPPORTED_VARIANT
    assert outcome.from_cache


def test_a_file_that_changes_before_it_is_compressed_is_noticed(run):
    """The content that was planned for must be the content that is compressed."""
    path = run.add("a.png", "a")
    index = StatIndex(None)
    planner = Planner(
        options_for=lambda *_: run.options, identity="x", index=index, max_file_size=10**6
    )
    (asset,) = discover.walk(run.folder)
    job = planner.plan(asset)
    path.write_bytes(PNG + b"changed")
    with pytest.raises(Changed):
        run.pipeline().process(job, run.destination, index)
    assert fingerprint.digest(path.read_bytes()) == fingerprint.digest(PNG + b"changed")


def test_a_result_that_could_not_be_checked_is_not_asked_for_again(run):
    """What a server made, and charged, for a file whose check met a limit is not bought in every build,
    but is when the limit is higher."""

    def verdict(*_):
        raise OverTimeout("stopped after 60 s", limit=60.0)

    run.add("a.png", "a")
    run.backend.remote = True
    run.verdict = verdict
    for _ in range(2):
        outcome = run.go()["a.png"]
        assert isinstance(outcome, Kept)
        assert outcome.reason is Reason.OVER_TIMEOUT
    assert run.backend.calls == ["a.png"]
    run.verdict = None
    run.limits = Limits(seconds=61.0, memory=2**30)
    assert isinstance(run.go()["a.png"], Compressed)


def test_a_worker_that_slept_before_it_had_the_file_says_nothing_of_it(run):
    """Such a file is skipped in this run and tried in the next."""
    run.add("a.png", "slow")
    run.backend.answers["slow"] = OverTimeout("stopped when it had slept for 120 s", limit=None)
    assert run.go()["a.png"].reason is Reason.OVER_TIMEOUT
    del run.backend.answers["slow"]
    assert isinstance(run.go()["a.png"], Compressed)


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"reason": "x"}', b"\xff"])
def test_a_damaged_note_of_a_limit_costs_time_only(run, damage):
    """The file is tried again."""
    run.add("a.png", "slow")
    run.backend.answers["slow"] = OverTimeout("stopped after 60 s", limit=60.0)
    run.go()
    (note,) = run.cache.local_folder.rglob("*.json")
    note.write_bytes(damage)
    del run.backend.answers["slow"]
    assert isinstance(run.go()["a.png"], Compressed)


def test_the_score_of_a_lossy_result_is_told_in_every_run(run):
    """By the run that made it and, from the cache, by those after it; what lost nothing has none."""
    run.options = Options()
    run.backend.answers["x"] = Candidate(PNG, lossy=True)
    run.backend.answers["y"] = Candidate(PNG, lossy=False)
    lossy, exact = run.add("a.png", "x"), run.add("b.png", "y")
    contents = lossy.read_bytes(), exact.read_bytes()
    for kind in (Compressed, Cached):
        for path, data in zip((lossy, exact), contents, strict=True):
            path.write_bytes(data)
        outcomes = run.go()
        assert type(outcomes["a.png"]) is kind
        assert (outcomes["a.png"].score, outcomes["b.png"].score) == (81.25, None)


def test_an_entry_without_a_score_stays_valid(run):
    """What an older version has put into the cache is shipped, and its score is not known."""
    path = run.add("a.png", "x")
    data = path.read_bytes()
    context = plan.context(run.options, run.backend.identity)
    key = plan.cache_key(fingerprint.digest(data), context)
    header = b'{"status":"compressed","code":"","detail":"","lossy":true,"notes":[]}'
    run.cache._set(key, len(header).to_bytes(4, "big") + header + PNG)
    outcome = run.go()["a.png"]
    assert isinstance(outcome, Cached)
    assert outcome.score is None
    assert path.read_bytes() == PNG
    assert run.backend.calls == []
