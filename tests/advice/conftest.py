"""Fixtures for advice: a session, a site, and what is found in it."""

import pytest

from advice.sites import Site, page, screenshot
from ir_build.advice import Kind
from ir_build.api import Session
from ir_build.config import Source, load


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One with a worker that runs already, for all sites of a module."""
    folder = tmp_path_factory.mktemp("first")
    given = {"cache_dir": str(folder / "cache"), "jobs": 1, "backend": "local"}
    config = load(folder=folder, environ={}, last=Source("the test", given, folder))
    first = (
        Site(folder / "site")
        .write("a.png", screenshot())
        .write("index.html", page("<img src=a.png>"))
    )
    with Session(config, copies=True) as made:
        made.advise(first.folder)
        yield made


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def advise(session, site):
    """What is found in the site: the kinds, by the names of their files and pages."""

    def found(*kinds):
        findings = session.advise(site.folder)
        return {one.name: one for one in findings if one.kind in (kinds or tuple(Kind))}

    return found
