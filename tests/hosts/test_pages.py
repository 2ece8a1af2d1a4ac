"""With `pages`, every host's own pages get sizes and smaller files, and the next build does the same."""

import re

import numpy as np
import pytest

from hosts.hosts import PYTHON, CommandLine, MkDocs, Pelican, Sphinx, contents, run
from ir_build.pages.html import Page
from pictures import encoded, opened

pytestmark = pytest.mark.slow

#: where each host has its home page, and its text with a picture
HOMES = {
    CommandLine: (
        "public/index.html",
        '<!doctype html><link rel=stylesheet href=x.css><main><p><img src="img/photo.jpg">',
    ),
    MkDocs: ("docs/index.md", "# Home\n\n![A photo](img/photo.jpg)\n"),
    Pelican: ("content/pages/home.rst", "Home\n####\n\n.. image:: {static}/img/photo.jpg\n"),
    Sphinx: ("index.rst", "Home\n====\n\n.. image:: extra/img/photo.jpg\n"),
}


@pytest.fixture(scope="module")
def photo():
    """Soft shapes, which AVIF needs few bytes for."""
    y, x = np.mgrid[:400, :640]
    waves = [128 + 90 * np.sin(x / 60 + shift) * np.cos(y / 50) for shift in range(3)]
    noise = np.random.default_rng(3).normal(0, 2, (400, 640, 3))
    return encoded((np.stack(waves, -1) + noise).clip(0, 255).astype(np.uint8), "jpeg", quality=96)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(params=HOMES, ids=lambda entry: entry.__name__)
def entry(request, tmp_path, cache, photo):
    entry = request.param(tmp_path, cache)
    entry.add("img/photo.jpg", photo)
    entry.write(*HOMES[request.param])
    entry.add("x.css", "img{max-width:100%}")
    return entry


def pages_of(entry):
    """The pages of the output, by path, without the time of the build that MkDocs writes into one."""
    return {
        path: re.sub(rb"Build Date UTC : [^\n]*", b"", data)
        for path, data in contents(entry.output).items()
        if path.suffix == ".html"
    }


def edited(entry):
    """Those of the pages that hold something of ours."""
    return {path: data for path, data in pages_of(entry).items() if b"data-ir" in data}


def test_the_hosts_own_pages(entry):
    """The picture has a size, and files in AVIF beside it; a second build and `pages` off hold, too."""
    log = entry.build(pages=True)
    pages = edited(entry)
    assert pages
    assert "for their pictures" in log
    for data in pages.values():
        # Where a theme has a rule that one of them would break, the other is there.
        assert b'width="640" height="400"' in data or b'type="image/avif"' in data
    files = contents(entry.output).keys()
    entry.build(pages=True)
    assert edited(entry) == pages
    assert contents(entry.output).keys() == files
    entry.build(pages=False)
    plain = pages_of(entry)
    assert not edited(entry)
    assert {path: Page(data).bytes for path, data in pages.items()}.items() <= plain.items()
    assert not [path for path in contents(entry.output) if ".ir-" in path.name]


def test_sphinx_edits_no_epub(tmp_path, cache, photo):
    """Readers of EPUBs know fewer formats than browsers."""
    entry = Sphinx(tmp_path, cache)
    entry.add("img/photo.jpg", photo)
    entry.write(*HOMES[Sphinx])
    entry.configure({"pages": True, "builders": ["epub"]})
    run(
        [PYTHON, "-m", "sphinx", "-b", "epub", ".", entry.output],
        cwd=entry.folder,
        IR_BUILD_CACHE_DIR=str(cache),
    )
    assert not edited(entry)
    assert not [path for path in contents(entry.output) if ".ir-" in path.name]


def test_sphinx_renews_a_page_that_it_did_not_write_again(tmp_path, cache, photo):
    """In an incremental build a picture changes under its page."""
    entry = Sphinx(tmp_path, cache)
    entry.add("img/photo.jpg", photo)
    entry.write(*HOMES[Sphinx])
    entry.build(pages=True)
    old = {path.name for path in contents(entry.output) if ".ir-" in path.name}
    entry.add("img/photo.jpg", encoded(np.asarray(opened(photo))[::-1].copy(), "jpeg", quality=95))
    entry.build(pages=True)
    new = {path.name for path in contents(entry.output) if ".ir-" in path.name}
    assert new
    assert not new & old
    (page,) = edited(entry).values()
    assert all(name.encode() in page for name in new)
