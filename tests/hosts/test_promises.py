"""What every entry point promises, stated once and tried through each of them."""

import os
import re
import threading

import pytest

from documents import drawn
from hosts.hosts import ENTRY_POINTS
from pictures import lined_jpeg, lined_png, lined_svg

BROKEN = "img/broken.png"
ASSETS = {
    "img/a picture.png": lined_png(),
    "img/größe/photo.jpg": lined_jpeg(seed=40),
    "img/drawing.svg": lined_svg(),
    "downloads/the manual.pdf": drawn(),
    "img/named.jpg": lined_png(seed=80),  # a PNG by the name of a JPEG
    BROKEN: lined_png(seed=3)[:300],
}
SMALLER = ASSETS.keys() - {BROKEN}
# What may differ between two runs that did the same.
RUN = {"status", "from_cache", "seconds"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site built through every entry point, one after the other, over one cache."""
    cache = tmp_path_factory.mktemp("cache")
    entries = {}
    for kind in ENTRY_POINTS:
        entry = entries[kind] = kind(tmp_path_factory.mktemp(kind.__name__), cache)
        for name, data in ASSETS.items():
            entry.add(name, data)
        before = entry.sources()
        entry.log = entry.build()
        entry.first = {name: entry.shipped(name) for name in ASSETS}
        entry.lines = entry.reported(ASSETS)
        entry.changed = {path for path, data in before.items() if path.read_bytes() != data}
        entry.added = entry.sources().keys() - before.keys()
    return entries


@pytest.fixture(params=ENTRY_POINTS, ids=lambda entry: entry.__name__)
def entry(built, request):
    return built[request.param]


def test_the_same_bytes(entry, built):
    """Every entry point ships the same bytes, smaller ones, and a broken file as it was."""
    assert entry.first == built[ENTRY_POINTS[0]].first
    assert {name for name in ASSETS if len(entry.first[name]) < len(ASSETS[name])} == SMALLER
    assert entry.first[BROKEN] == ASSETS[BROKEN]


def test_the_same_report(entry, built):
    """Every entry point reports the same about each file."""

    def told(lines):
        return [{key: line[key] for key in line.keys() - RUN} for line in lines.values()]

    assert told(entry.lines) == told(built[ENTRY_POINTS[0]].lines)


def test_the_same_errors(entry):
    """A file that can't be worked on is a warning in the log of the host, in the same words."""
    message = entry.lines[BROKEN]["error"]["message"]
    assert message
    assert f"{BROKEN}: {message}; shipped as it was" in entry.log


def test_the_cache_is_shared(entry):
    """What one entry point has compressed, the next one takes from the cache."""
    fresh = [name for name, line in entry.lines.items() if not line["from_cache"]]
    assert fresh == (list(ASSETS) if isinstance(entry, ENTRY_POINTS[0]) else [])


def test_sources_are_not_touched(entry):
    """Nothing below the folder of the sources is changed or added, the configuration apart."""
    assert not entry.changed
    assert {path.name for path in entry.added} <= {"mkdocs.yml", "conf.py", "pelicanconf.py"}


@pytest.fixture(scope="module")
def again(built):
    """The log of a second build through each entry point, on a terminal where there are any."""
    return {kind: built[kind].build(terminal=os.name == "posix") for kind in ENTRY_POINTS}


def test_building_again_compresses_nothing_and_changes_nothing(entry, again):
    """The second build is the first, from the cache."""
    assert {name: entry.shipped(name) for name in ASSETS} == entry.first
    assert all(line["from_cache"] for line in entry.reported(ASSETS).values())


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_progress_is_shown_in_one_live_line_on_a_terminal(entry, again):
    """Every entry point says how far it is in the same way; a log of so short a run has no line of it.

    Pelican turns a wheel of its own, and gets what a log gets.
    """
    shown = re.search(r"\r\d+ of \d+ files, saved [\d.]+ k?B *\r", again[type(entry)])
    assert bool(shown) is (type(entry).__name__ != "Pelican")
    assert not re.search(r"\d of \d+ files, saved", entry.log)


@pytest.fixture(scope="module")
def failed(again, built):
    """The log of a build through each entry point that fails by `strict` and by two budgets."""
    asked = {"strict": True, "max_file": 1000, "min_saved": "99.9%"}
    return {kind: built[kind].build(code=None, **asked) for kind in ENTRY_POINTS}


def test_strict_fails(entry, failed):
    """With `strict` the broken file fails the build; a sentence says why, and no traceback."""
    assert "strict: 1 could not be worked on" in failed[type(entry)]
    # Pelican shows one for whatever ends a build.
    assert type(entry).__name__ == "Pelican" or "Traceback" not in failed[type(entry)]


@pytest.mark.parametrize("kind", ENTRY_POINTS, ids=lambda kind: kind.__name__)
def test_what_meets_a_limit_fails_no_strict_build(kind, tmp_path):
    """A file that needs more CPU time than it may take is shipped as it was, and told, not warned of:
    neither `strict` nor the host's own strict mode fails."""
    name, data = "img/photo.jpg", lined_jpeg((600, 450))
    entry = kind(tmp_path, tmp_path / "cache")
    entry.add(name, data)
    entry.success = 0  # for the hook, too, which has changed nothing
    log = entry.build(warnings_fail=True, strict=True, timeout=0.1)
    assert entry.shipped(name) == data
    assert entry.reported([name])[name]["reason"]["code"] == "over-timeout"
    assert f"{name}: skipped, needs more CPU time than timeout allows: stopped after 0.1 s" in log


def test_budgets_fail(entry, failed):
    """A budget that is not kept to fails the build, and names the files."""
    log = failed[type(entry)]
    assert re.search(r"max_file: .* over 1.0 kB: .*img/größe/photo.jpg \(", log)
    # Pelican's log breaks lines where a terminal would.
    assert "% are asked for" in " ".join(log.split())


def test_a_wrong_option_is_named(entry):
    """A value that can't be used fails the build at once, in the same words."""
    log = entry.build(code=None, quality="great")
    assert "quality: 'great' is not a score from 30 to 100" in log


def test_builds_at_once(built, tmp_path):
    """Builds through every entry point at once, with one empty cache, ship what each ships alone."""
    entries = {kind: kind(tmp_path / kind.__name__, tmp_path / "cache") for kind in ENTRY_POINTS}
    names = ["img/a picture.png", "img/größe/photo.jpg"]
    for entry in entries.values():
        for name in names:
            entry.add(name, ASSETS[name])
    threads = [threading.Thread(target=entry.build) for entry in entries.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kind, entry in entries.items():
        for name in names:
            assert entry.shipped(name) == built[kind].first[name]
