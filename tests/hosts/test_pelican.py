"""The Pelican plugin, by real builds."""

import os
import signal
import subprocess
import time
import urllib.request

import pytest

from documents import drawn
from hosts.hosts import ENVIRON, PYTHON, all_smaller, contents, run, write_file
from pictures import lined_jpeg, lined_png
from services.process import free_ports

SETTINGS = """
SITENAME = AUTHOR = "x"
PATH = "content"
TIMEZONE = "UTC"
STATIC_PATHS = ["images"]
THEME = "theme"
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
DIRECT_TEMPLATES = ["index"]
"""
PAGE = "Title: A\nDate: 2026-01-01\n\n![a]({static}/images/a b.png) ![b]({attach}here.jpg)\n"


class Blog:
    """A blog with a small theme of its own, in a folder with a space and an umlaut."""

    def __init__(self, folder):
        self.folder = folder / "my blög"
        self.output = folder / "output"
        self.cache = folder / "cache"
        self.configure()
        self.write("content/a.md", PAGE)
        self.write("content/images/a b.png", lined_png(seed=1))
        self.write("content/images/manual.pdf", drawn())
        self.write("content/here.jpg", lined_jpeg(seed=2))
        self.write("theme/static/logo.png", lined_png(seed=3))
        for name in ("index", "article", "page", "category", "tag", "author"):
            self.write(f"theme/templates/{name}.html", "<p>{{ SITENAME }}</p>")
        for name in ("archives", "period_archives", "categories", "tags", "authors"):
            self.write(f"theme/templates/{name}.html", "<p>{{ SITENAME }}</p>")

    def write(self, name, content):
        return write_file(self.folder / name, content)

    def configure(self, more="PLUGINS = ['ir_build']\n"):
        self.write("pelicanconf.py", SETTINGS + f"OUTPUT_PATH = {str(self.output)!r}\n" + more)

    def build(self, *arguments, code=0, **environ):
        return run(
            [PYTHON, "-m", "pelican", *arguments],
            cwd=self.folder,
            code=code,
            **{"IR_BUILD_CACHE_DIR": str(self.cache)} | environ,
        )

    def sources(self):
        return {**contents(self.folder / "content"), **contents(self.folder / "theme")}

    def shipped(self):
        return {
            path.relative_to(self.output).as_posix(): data
            for path, data in contents(self.output).items()
            if path.suffix in (".png", ".jpg", ".pdf")
        }


SHIPPED = {
    "images/a b.png": "content/images/a b.png",
    "images/manual.pdf": "content/images/manual.pdf",
    "here.jpg": "content/here.jpg",
    "theme/logo.png": "theme/static/logo.png",
}


@pytest.fixture
def blog(tmp_path, cache):
    """A blog of the test's own over a cache that knows the pictures after the first test."""
    blog = Blog(tmp_path)
    blog.cache = cache
    return blog


def test_one_line_is_enough(blog):
    """Static files, attached files and the theme's are smaller; the sources stay."""
    before = blog.sources()
    log = blog.build()
    assert all_smaller(blog.shipped(), blog.folder, SHIPPED)
    assert blog.sources() == before
    assert "ir-build: " in log
    assert "4 of 4 files optimised" in log


def test_found_in_the_namespace(blog):
    """Pelican enables an installed plugin when PLUGINS is not set, and not when it is empty."""
    blog.configure("")
    blog.build()
    assert all_smaller(blog.shipped(), blog.folder, SHIPPED)
    blog.configure("PLUGINS = []\nDELETE_OUTPUT_DIRECTORY = True\n")
    assert "ir-build" not in blog.build()
    assert blog.shipped()["theme/logo.png"] == lined_png(seed=3)


def test_importing_it_costs_next_to_nothing(tmp_path):
    """Pelican imports every plugin, enabled or not: ours brings in nothing of the core."""
    code = (
        "import sys, pelican.plugins.ir_build; print([n for n in sys.modules if n == 'ir_build'])"
    )
    assert run([PYTHON, "-c", code], cwd=tmp_path).strip() == "[]"


def test_an_output_folder_that_is_deleted_first(blog):
    """With DELETE_OUTPUT_DIRECTORY every build is whole, and the second compresses nothing."""
    blog.configure("PLUGINS = ['ir_build']\nDELETE_OUTPUT_DIRECTORY = True\n")
    blog.build()
    before = blog.shipped()
    assert "everything cached, nothing compressed" in blog.build()
    assert blog.shipped() == before


def test_hard_links_are_broken_first(blog):
    """With STATIC_CREATE_LINKS the output is the source: the output alone changes."""
    blog.configure("PLUGINS = ['ir_build']\nSTATIC_CREATE_LINKS = True\n")
    before = blog.sources()
    for _ in range(2):
        blog.build()
        assert blog.sources() == before
        assert all_smaller(blog.shipped(), blog.folder, SHIPPED)


def test_files_that_are_not_copied_again(blog, tmp_path):
    """With STATIC_CHECK_IF_MODIFIED our output stays and is not degraded, by an empty cache too."""
    blog.configure("PLUGINS = ['ir_build']\nSTATIC_CHECK_IF_MODIFIED = True\n")
    blog.build()
    before = blog.shipped()
    blog.build(IR_BUILD_CACHE_DIR=str(tmp_path / "empty"))
    assert blog.shipped() == before


def test_pictures_of_other_plugins(blog):
    """What other plugins write while pages are written, or at the very end, is optimised too."""
    blog.write(
        "plugins/maker.py",
        "import pathlib\nfrom pelican import signals as s\n"
        f"PICTURE = {lined_png(seed=1)!r}\n"
        "def put(name):\n"
        f"    pathlib.Path({str(blog.output)!r}, name).write_bytes(PICTURE)\n"
        "def written(path, context): put('early.png')\n"
        "def finalized(pelican): put('late.png')\n"
        "def register():\n"
        "    s.content_written.connect(written)\n"
        "    s.finalized.connect(finalized)\n",
    )
    blog.configure("PLUGIN_PATHS = ['plugins']\nPLUGINS = ['ir_build', 'maker']\n")
    blog.build()
    for name in ("early.png", "late.png"):
        assert len(blog.shipped()[name]) < len(lined_png(seed=1))


def test_a_wrong_option_is_named(blog):
    """A misspelt setting ends the build before it begins."""
    blog.configure("PLUGINS = ['ir_build']\nIR_BUILD_QUALTY = 80\n")
    hint = "qualty: there is no such option; did you mean quality?"
    assert hint in blog.build(code=1)
    assert not blog.output.exists()


def test_fatal_warnings_count_ours(blog):
    """A broken picture fails the build with --fatal warnings, and only then."""
    blog.write("content/images/broken.png", lined_png()[:300])
    assert "images/broken.png: " in blog.build()
    blog.build("--fatal", "warnings", code=None)


def test_sources_inside_the_output_folder_are_safe(blog):
    """When the output folder holds the content, nothing is optimised and the build fails."""
    blog.output = blog.folder
    blog.configure()
    before = blog.sources()
    assert "which must not be changed" in blog.build(code=1)
    assert {path: path.read_bytes() for path in before} == before


def test_autoreload_and_listen(blog):
    """While serving, a changed page rebuilds once, from the cache, and pictures stay small."""
    log = blog.folder.with_name("serve.log")
    [port] = free_ports(1)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [PYTHON, "-m", "pelican", "--autoreload", "--listen", "--port", str(port)],
            cwd=blog.folder,
            env=ENVIRON | {"IR_BUILD_CACHE_DIR": str(blog.cache), "PYTHONUNBUFFERED": "1"},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:

        def logged(text, times, seconds):
            for _ in range(seconds * 10):
                if log.read_text().count(text) >= times:
                    return True
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            return False

        assert logged("ir-build: ", 1, seconds=40), log.read_text()
        # Pelican only begins to watch a moment after a build: what changes before is not noticed.
        for _ in range(8):
            blog.write("content/a.md", PAGE + "\nMore.\n")
            if logged("-> Modified: ", 1, seconds=5):
                break
        assert logged("ir-build: ", 2, seconds=40), log.read_text()
        url = f"http://127.0.0.1:{port}/images/a%20b.png"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert len(answer.read()) < len(lined_png(seed=1))
        time.sleep(2)
        assert log.read_text().count("ir-build: ") == 2
        assert log.read_text().count("everything cached, nothing compressed") >= 1
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
