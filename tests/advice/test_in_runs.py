"""Findings in the report of a run: of what it ships, and only where a report is asked for."""

import json
from pathlib import Path

import pytest

from advice.sites import SIZED, Site, film, jpeg, page
from ir_build.api import Session, finish_run
from ir_build.config import Source, load

pytestmark = pytest.mark.slow


class Log:
    """A host's logger that nobody reads."""

    def info(self, *_):
        """Nothing is kept."""

    warning = info


@pytest.fixture
def site(tmp_path):
    body = f"<h1>x</h1><img src=img/film.gif {SIZED}><img src=img/wide.jpg width=300 height=66>"
    made = Site(tmp_path / "site").write("img/film.gif", film()).write("sub/index.html", page("x"))
    return made.write("img/wide.jpg", jpeg(1800, 400, quality=100)).write("index.html", page(body))


def run(site, **settings):
    given = {
        "cache_dir": str(site.folder.parent / "cache"),
        "jobs": 1,
        "effort": "fast",
        **settings,
    }
    config = load(
        folder=site.folder.parent, environ={}, last=Source("the test", given, site.folder.parent)
    )
    return config, Session(config, copies=True)


def test_a_host_reports_what_it_ships(site):
    """The report has the film and the oversized picture; what the run itself has mended is no news."""
    config, session = run(site, report=["savings.json"])
    with session:
        report = session.optimize_folder(site.folder)
    assert finish_run(report, config, Log()) is None
    document = json.loads((site.folder.parent / "savings.json").read_text())
    found = {one["name"]: one["kind"] for one in document["findings"]}
    assert found["img/film.gif"] == "film"
    assert found["img/wide.jpg"] == "oversized"
    assert "uncompressed" not in {one["kind"] for one in document["findings"]}
    assert found.keys() <= {"img/film.gif", "img/wide.jpg", "index.html"}


def test_without_a_report_nothing_is_looked_for(site):
    """A build that asks for no report pays nothing, and neither does one that leaves pages out."""
    _, session = run(site)
    with session:
        assert session.optimize_folder(site.folder).findings == ()
    _, session = run(site, report=["savings.json"])
    with session:
        assert session.optimize([site.folder / "img/film.gif"]).findings == ()


def test_names_are_those_of_the_report(site, monkeypatch):
    """On the command line a file is called as it was given; in a copy, too."""
    monkeypatch.chdir(site.folder.parent)
    _, session = run(site, report=["savings.json"])
    with session:
        report = session.optimize(
            [site.folder.relative_to(site.folder.parent)], out=site.folder.parent / "out"
        )
    names = {outcome.name for outcome in report.outcomes}
    assert "site/img/film.gif" in names
    assert {one.name for one in report.findings if one.at_stake} <= names


def test_reports_in_the_site_are_no_part_of_it(site):
    """A report names every file. One that lies in the site hides no orphan, in whatever form, in no run."""
    site.write("img/orphan.jpg", jpeg(600, 400))
    reports = [f"site/report.{form}" for form in ("html", "json", "md", "txt", "sarif", "xml")]
    _, session = run(site, report=reports)
    with session:
        first = session.optimize_folder(site.folder)
        for name in reports:
            first.write(site.folder.parent / name)
        again = session.optimize_folder(site.folder)
    assert "orphan" in {one.kind for one in first.findings}
    assert [(one.kind, one.name) for one in again.findings] == [
        (one.kind, one.name) for one in first.findings
    ]


def test_files_of_two_sites_keep_their_names(site, monkeypatch):
    """Two folders of one run may have files of one name. Findings name those that they are about."""
    other = Site(site.folder.parent / "other")
    other.write("wide.jpg", jpeg(300, 200)).write("index.html", page(f"<img src=wide.jpg {SIZED}>"))
    site.write("wide.jpg", jpeg(1800, 400, quality=100))
    site.write("index.html", page("<img src=wide.jpg width=300 height=66>"))
    monkeypatch.chdir(site.folder.parent)
    _, session = run(site, report=["savings.json"])
    with session:
        report = session.optimize([Path("site"), Path("other")])
    assert "site/wide.jpg" in {one.name for one in report.findings if one.kind == "oversized"}
    assert "other/wide.jpg" not in {one.name for one in report.findings}
