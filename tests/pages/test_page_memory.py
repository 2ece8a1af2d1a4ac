"""Pages are remembered: the same page costs a hash, and whatever it depends on is looked at again."""

import shutil

import pytest

from ir_build.api import Session
from ir_build.config import Source, load
from ir_build.options import Pages
from ir_build.report.json import to_json
from ir_build.run.cache import Cache
from ir_build.run.fingerprint import digest
from ir_build.run.page_memory import PageMemory

pytestmark = pytest.mark.slow

PAGE = (
    "<!doctype html><html><head><title>x</title><link rel=stylesheet href=css/style.css></head><body><main>"
    '<p>A caf\xe9</p>\r\n<p><img src="img/a.svg" alt="a">\r\n<p><img src="img/b.svg" alt="b"></main>'
)
FILES = {
    "index.html": PAGE.encode("latin-1"),
    "other.html": PAGE.replace("img/b.svg", "img/missing.svg").encode("latin-1"),
    "css/style.css": b'@import "more.css"; img{max-width:100%}',
    "css/more.css": b"p{color:navy}",
    "img/a.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="70"/>',
    "img/b.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"/>',
}


def built(folder, changed=None):
    """A site as its generator writes it. In `changed` are other files, None for one that is not there."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in (FILES | (changed or {})).items():
        if data is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


def run(folder, cache, pages=True):
    """What a run reports, and the files that it leaves."""
    written = {"effort": "fast", "pages": pages, "cache_dir": str(cache), "jobs": 1}
    config = load(Source("the test", written, folder), folder=folder, environ={})
    with Session(config, copies=True) as session:
        report = session.optimize_folder(folder)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return report.pages.to_json(), files


def memory_of(folder, cache, options=None):
    """What is remembered of the pages in a folder."""
    file = Cache(cache, size_limit=10**9).index_file(folder.resolve())
    return PageMemory(file.with_suffix(".pages.json"), options or Pages())


def test_a_page_that_is_built_again_is_known(tmp_path):
    """All of it is told by what was remembered: its bytes, its files, and what the report says."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    built(site)
    report, files = run(site, cache)
    known = memory_of(site, cache).get("index.html", digest(FILES["index.html"]))
    assert known.result(FILES["index.html"]).data == files["index.html"]
    assert b'width="300"' in files["index.html"]
    built(site)
    assert run(site, cache) == (report, files)
    assert run(site, cache) == (report | {"written": 0}, files)
    assert run(site, cache) == (report | {"written": 0}, files)


@pytest.mark.parametrize(
    "changed",
    [
        {"img/b.svg": FILES["img/b.svg"].replace(b"300", b"240")},
        {"img/missing.svg": FILES["img/a.svg"]},
        {"img/a.svg": None},
        {"css/style.css": b"img{max-width:100%;height:9px}"},
        {"css/more.css": b"img{display:flex}"},
        {"css/more.css": None},
        {"css/ir-build-pictures.css": b"a file of somebody else"},
        {"index.html": FILES["other.html"], "other.html": FILES["index.html"]},
        {"index.html": FILES["index.html"].replace(b" alt", b" width=50 alt")},
    ],
    ids=lambda changed: " ".join(changed) + str(len(str(changed))),
)
def test_a_change_is_seen(tmp_path, changed):
    """A page comes out as if nothing were known when a picture, a style sheet or itself is another."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    built(site)
    before = run(site, cache)
    built(site, changed)
    after = run(site, cache)
    shutil.rmtree(cache)
    built(site, changed)
    assert run(site, cache) == after
    assert after != before


@pytest.mark.parametrize(
    "pages", [{"attributes": False}, {"site_url": "https://example.org/a/"}, {"formats": []}]
)
def test_settings_are_a_part_of_what_is_known(tmp_path, pages):
    """Other settings come out as if nothing were known."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    built(site)
    run(site, cache)
    built(site)
    after = run(site, cache, pages)
    shutil.rmtree(cache)
    built(site)
    assert run(site, cache, pages) == after


def test_a_damaged_memory_is_no_memory(tmp_path):
    """Pages come out whatever stands in the file."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    built(site)
    first = run(site, cache)
    file = Cache(cache, size_limit=10**9).index_file(site.resolve()).with_suffix(".pages.json")
    whole = file.read_text()
    assert first[0]["written"] == 2
    for damaged in (
        "",
        "[]",
        whole[:-40],
        whole.replace("lazy", "eager"),
        whole.replace('"shown":[', '"shown":[7,'),
        whole.replace('"inserted":[', '"inserted":[7,'),
        whole.replace('"loads"', '"load"'),
    ):
        file.write_text(damaged)
        built(site)
        assert run(site, cache) == first


def test_pages_that_are_gone_are_forgotten(tmp_path):
    """The memory does not grow with every build."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    for number in range(4):
        built(site, {"index.html": FILES["index.html"] + b"%d" % number, "other.html": None})
        run(site, cache)
        run(site, cache)
    memory = memory_of(site, cache)
    assert memory.get("other.html", digest(FILES["other.html"])) is None
    assert memory.get("index.html", digest(FILES["index.html"] + b"3")) is not None
    assert memory.get("index.html", digest(FILES["index.html"] + b"0")) is None


def test_report_as_json_stays_the_same(tmp_path):
    """With a known page JSON says what it said."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    config = load(
        Source("the test", {"pages": True, "cache_dir": str(cache)}, site), folder=site, environ={}
    )
    told = []
    for _ in range(2):
        built(site)
        with Session(config, copies=True) as session:
            told.append(to_json(session.optimize_folder(site)).split('"pages":')[1])
    assert told[0] == told[1]
