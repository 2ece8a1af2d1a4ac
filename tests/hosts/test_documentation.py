"""Every configuration of a host that the documentation shows, built by that host as it stands."""

import re
import textwrap

import pytest

from hosts.hosts import PYTHON, run, write_file
from pictures import lined_png
from test_docs import ROOT, blocks


def showing(language, *words):
    """The blocks of a language that have all the words; of equal ones the last."""
    found = {block.values[0]: block for block in blocks(language)}
    return [block for text, block in found.items() if all(word in text for word in words)]


PLUGINS = showing("yaml", "plugins:", "- ir-build")
CONF = showing("python", "# conf.py")
PELICAN = showing("python", "# pelicanconf.py")
MODES = re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "mkdocs.md").read_text(), re.MULTILINE)


@pytest.fixture
def build(cache):
    """Builds over a cache that knows the picture after the first test."""

    def build(folder, *arguments):
        run([PYTHON, "-m", *arguments], cwd=folder, IR_BUILD_CACHE_DIR=str(cache))

    return build


def mkdocs(build, folder, text):
    write_file(folder / "docs/index.md", "# Home\n\n![](a.png)\n")
    write_file(folder / "docs/a.png", lined_png())
    write_file(folder / "mkdocs.yml", f"site_name: x\n{text}")
    build(folder, "mkdocs", "build", "--strict")
    assert len((folder / "site" / "a.png").read_bytes()) < len(lined_png())


@pytest.mark.parametrize("text", PLUGINS)
def test_mkdocs_builds_what_is_shown(build, tmp_path, text):
    """Every `plugins` shown, the README's too, makes a site with smaller pictures."""
    mkdocs(build, tmp_path, text)


def test_what_mkdocs_serve_does_may_be_written_as_it_is_shown(build, tmp_path):
    """Each value of the table, without quotes: YAML takes `off` for a truth value."""
    assert MODES == ["off", "cached", "full"]
    for mode in MODES:
        mkdocs(build, tmp_path, f"plugins:\n  - ir-build:\n      serve: {mode}\n")


@pytest.mark.parametrize("text", CONF)
def test_sphinx_builds_what_is_shown(build, tmp_path, text):
    """Every `conf.py` shown makes a site with smaller pictures."""
    source = tmp_path / "source"
    write_file(source / "index.rst", "Home\n====\n\n.. image:: a.png\n")
    write_file(source / "a.png", lined_png())
    write_file(source / "conf.py", textwrap.dedent(text))
    build(tmp_path, "sphinx", "-W", "source", "out")
    shipped = (tmp_path / "out" / "_images" / "a.png").read_bytes()
    assert len(shipped) < len(lined_png())


@pytest.mark.parametrize("text", PELICAN)
def test_pelican_builds_what_is_shown(build, tmp_path, text):
    """Every `pelicanconf.py` shown makes a site with smaller pictures."""
    write_file(tmp_path / "content/images/a.png", lined_png())
    write_file(tmp_path / "content/a.rst", "A\n#\n\n:date: 2026-01-01\n")
    own = "PATH = 'content'\nTIMEZONE = 'UTC'\nFEED_ALL_ATOM = CATEGORY_FEED_ATOM = None\n"
    write_file(tmp_path / "pelicanconf.py", own + textwrap.dedent(text))
    build(tmp_path, "pelican", "--settings", "pelicanconf.py")
    shipped = (tmp_path / "output" / "images" / "a.png").read_bytes()
    assert len(shipped) < len(lined_png())
