"""What every door promises, stated once and tried through each of them."""

import re
import threading

import pytest

from doors.hosts import DOORS
from doors.pictures import document, drawing, photo, picture

BROKEN = "img/broken.png"
ASSETS = {
    "img/a picture.png": picture(),
    "img/größe/photo.jpg": photo(seed=40),
    "img/drawing.svg": drawing(),
    "downloads/the manual.pdf": document(),
    "img/named.jpg": picture(seed=80),  # a PNG by the name of a JPEG
    BROKEN: picture(seed=3)[:300],
}
SMALLER = ASSETS.keys() - {BROKEN}
# What may differ between two runs that did the same.
RUN = {"status", "from_cache", "seconds"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site built through every door, one after the other, over one cache."""
    cache = tmp_path_factory.mktemp("cache")
    doors = {}
    for kind in DOORS:
        door = doors[kind] = kind(tmp_path_factory.mktemp(kind.__name__), cache)
        for name, data in ASSETS.items():
            door.add(name, data)
        before = door.sources()
        door.log = door.build()
        door.first = {name: door.shipped(name) for name in ASSETS}
        door.lines = door.reported(ASSETS)
        door.changed = {path for path, data in before.items() if path.read_bytes() != data}
        door.added = door.sources().keys() - before.keys()
    return doors


@pytest.fixture(params=DOORS, ids=lambda door: door.__name__)
def door(built, request):
    return built[request.param]


def test_the_same_bytes(door, built):
    """Every door ships the same bytes, smaller ones, and a broken file as it was."""
    assert door.first == built[DOORS[0]].first
    assert {name for name in ASSETS if len(door.first[name]) < len(ASSETS[name])} == SMALLER
    assert door.first[BROKEN] == ASSETS[BROKEN]


def test_the_same_report(door, built):
    """Every door reports the same about each file."""

    def told(lines):
        return [{key: line[key] for key in line.keys() - RUN} for line in lines.values()]

    assert told(door.lines) == told(built[DOORS[0]].lines)


def test_the_same_errors(door):
    """A file that can't be worked on is a warning in the log of the host, in the same words."""
    message = door.lines[BROKEN]["error"]["message"]
    assert message
    assert f"{BROKEN}: {message}; shipped as it was" in door.log


def test_the_cache_is_shared(door):
    """What one door has compressed, the next one takes from the cache."""
    fresh = [name for name, line in door.lines.items() if not line["from_cache"]]
    assert fresh == (list(ASSETS) if isinstance(door, DOORS[0]) else [])


def test_sources_are_not_touched(door):
    """Nothing below the folder of the sources is changed or added, the configuration apart."""
    assert not door.changed
    assert {path.name for path in door.added} <= {"mkdocs.yml", "conf.py", "pelicanconf.py"}


def test_building_again_compresses_nothing_and_changes_nothing(door):
    """The second build is the first, from the cache."""
    door.build()
    assert {name: door.shipped(name) for name in ASSETS} == door.first
    assert all(line["from_cache"] for line in door.reported(ASSETS).values())


def test_strict_fails(door):
    """With `strict` the broken file fails the build, and the sentence says why."""
    log = door.build(code=None, strict=True)
    assert "strict: 1 could not be worked on" in log


def test_budgets_fail(door):
    """A budget that is not kept to fails the build, and names the files."""
    log = door.build(code=None, max_file=1000, min_saved="99.9%")
    assert re.search(r"max_file: .* over 1.0 kB: .*img/größe/photo.jpg \(", log)
    assert "% are asked for" in log


def test_a_wrong_option_is_named(door):
    """A value that can't be used fails the build at once, in the same words."""
    log = door.build(code=None, quality="great")
    assert "quality: 'great' is not a score from 30 to 100" in log


@pytest.mark.parametrize("kind", DOORS, ids=lambda kind: kind.__name__)
def test_two_builds_at_once(kind, built, tmp_path):
    """Two builds with one empty cache ship what one ships."""
    doors = [kind(tmp_path / str(number), tmp_path / "cache") for number in range(2)]
    names = ["img/a picture.png", "img/größe/photo.jpg"]
    for door in doors:
        for name in names:
            door.add(name, ASSETS[name])
    threads = [threading.Thread(target=door.build) for door in doors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for door in doors:
        for name in names:
            assert door.shipped(name) == built[kind].first[name]
