"""The MkDocs plugin, by real builds with MkDocs, Material and ProperDocs."""

import json
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hosts.hosts import ENVIRON, write_file
from pictures import encoded, lined, lined_png
from services.process import free_ports
from services.programs import program

HOSTS = ["mkdocs", "properdocs"]
SIZE = (300, 200)


class Site:
    """A small MkDocs project in a folder whose name has a space and an umlaut."""

    def __init__(self, folder):
        self.folder = folder / "my dócs"
        self.docs = self.folder / "docs"
        self.site = self.folder / "site"
        self.cache = self.folder / "cache"
        (self.docs / "img").mkdir(parents=True)
        self.write("docs/index.md", "# Home\n\n![a](img/a.png) ![b](img/b c.jpg)\n")
        self.write("docs/img/a.png", lined_png(SIZE))
        self.write("docs/img/b c.jpg", encoded(lined(SIZE, seed=9), "jpeg", quality=95))
        self.configure()

    def write(self, name, content):
        return write_file(self.folder / name, content)

    def configure(self, options="{}", more=""):
        self.write(
            "mkdocs.yml",
            f"site_name: Test\n{textwrap.dedent(more)}\nplugins:\n  - ir-build: {options}\n",
        )

    def theme(self, host):
        """ProperDocs has no theme of its own and looks for a file of its own name."""
        if host == "properdocs":
            self.configure(more="theme: {name: material, font: false}")
            (self.folder / "mkdocs.yml").rename(self.folder / "properdocs.yml")

    def run(self, *arguments, host="mkdocs", code=0, cwd=None, **environ):
        done = subprocess.run(
            [sys.executable, "-m", host, *arguments],
            cwd=cwd or self.folder,
            env=ENVIRON | {"IR_BUILD_CACHE_DIR": str(self.cache)} | environ,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stderr + done.stdout

    def sources(self):
        return {path: path.read_bytes() for path in self.docs.rglob("*") if path.is_file()}

    def shipped(self, name):
        return (self.site / name).read_bytes()


@pytest.fixture
def new_site(tmp_path):
    """A site over an empty cache."""
    return Site(tmp_path)


@pytest.fixture
def site(new_site, cache):
    """A site over a cache that knows the pictures after the first test."""
    new_site.cache = cache
    return new_site


def shows_the_same(one, two, tolerance=40):
    with Image.open(BytesIO(one)) as first, Image.open(BytesIO(two)) as second:
        if first.size != second.size:
            return False
        small = (first.convert("RGB").resize((16, 16)), second.convert("RGB").resize((16, 16)))
        pairs = zip(small[0].tobytes(), small[1].tobytes(), strict=True)
        return max(abs(a - b) for a, b in pairs) < tolerance


@pytest.mark.parametrize("host", HOSTS)
def test_one_line_is_enough(new_site, host):
    """The site has smaller files that look the same, the sources stay, and the log says what."""
    site = new_site
    sources = site.sources()
    site.theme(host)
    log = site.run("build", host=host)
    assert site.sources() == sources
    for name in ("img/a.png", "img/b c.jpg"):
        source = (site.docs / name).read_bytes()
        assert len(site.shipped(name)) < 0.9 * len(source)
        assert shows_the_same(source, site.shipped(name))
    assert "compressing with the built-in engine" in log
    assert re.search(r"saved .* \(\d+\.\d %\): ", log)
    again = site.run("build", host=host)
    assert "everything cached, nothing compressed" in again


@pytest.mark.parametrize("host", HOSTS)
def test_strict_counts_our_warnings(site, host):
    """A broken picture is shipped as it is; only with --strict does the build fail."""
    site.theme(host)
    broken = site.write("docs/img/broken.png", encoded(lined(SIZE), "png")[:300]).read_bytes()
    log = site.run("build", host=host)
    assert "WARNING" in log
    assert "img/broken.png" in log
    assert site.shipped("img/broken.png") == broken
    log = site.run("build", "--strict", host=host, code=1)
    assert "Aborted with 1 warnings in strict mode" in log


def test_without_directory_urls(site):
    """The files are found where the host puts them then, too."""
    site.configure(more="use_directory_urls: false")
    site.run("build")
    assert len(site.shipped("img/a.png")) < (site.docs / "img/a.png").stat().st_size


def test_material_and_files_of_other_plugins(site):
    """Theme assets and what hooks write, early and late, is optimised too."""
    site.configure(more="theme: {name: material, font: false}\nhooks: [hook.py]")
    site.write(
        "hook.py",
        """
        from pathlib import Path
        from mkdocs.structure.files import File

        PICTURE = Path(__file__).with_name("docs").joinpath("img/a.png").read_bytes()

        def on_files(files, config):
            files.append(File.generated(config, "made/early.png", content=PICTURE))
            return files

        def on_post_build(config):
            target = Path(config.site_dir) / "made" / "late.png"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(PICTURE + b"")
        """.replace("\n        ", "\n"),
    )
    site.run("build")
    source = (site.docs / "img/a.png").stat().st_size
    assert len(site.shipped("made/early.png")) < 0.8 * source
    assert len(site.shipped("made/late.png")) < 0.8 * source
    import material

    favicon = Path(material.__file__).parent / "templates/assets/images/favicon.png"
    assert len(site.shipped("assets/images/favicon.png")) <= favicon.stat().st_size


def test_options_are_validated_by_name(site):
    """A wrong value names the option and says what would be right."""
    for options, hint in [
        ("{qualty: 80}", "qualty"),
        ("{serve: maybe}", "serve"),
        ("{compression_type: {jpg: lossy}}", "compression_type: 'jpg' is not one of"),
    ]:
        site.configure(options)
        log = site.run("build", "--strict", code=1)
        assert hint in log
        assert "ir-build" in log
        assert "Traceback" not in log


def test_a_report_below_docs_dir_is_refused(site):
    """MkDocs watches docs_dir: a report there would make `serve` build for ever."""
    site.configure("{report: docs/savings.md}")
    assert "docs_dir" in site.run("build", code=1)


def test_a_report_that_cannot_be_written_is_a_warning(site):
    """A build does not break because of a report."""
    site.write("in the way", "a file")
    site.configure("{report: in the way/savings.md}")
    assert "savings.md cannot be written" in site.run("build")


def test_reports_and_paths_belong_to_the_configuration_file(site, tmp_path):
    """Built from another folder, relative paths are still those of mkdocs.yml."""
    site.configure("{report: [savings.json], cache_dir: .cache/ours}")
    site.run("build", "-f", str(site.folder / "mkdocs.yml"), cwd=tmp_path, IR_BUILD_CACHE_DIR="")
    document = json.loads((site.folder / "savings.json").read_text())
    assert [file["name"] for file in document["files"]][:2] == ["img/a.png", "img/b c.jpg"] or any(
        file["name"] == "img/a.png" for file in document["files"]
    )
    assert (site.folder / ".cache" / "ours" / "CACHEDIR.TAG").exists()


def test_excluded_and_overridden_files(site):
    """Globs are those of the site: excluded files are shipped byte for byte."""
    site.configure("{exclude: ['img/*.jpg'], overrides: [{glob: '*.png', compression_type: none}]}")
    site.run("build")
    for name in ("img/a.png", "img/b c.jpg"):
        assert site.shipped(name) == (site.docs / name).read_bytes()


def test_a_dirty_build_does_not_compress_twice(site):
    """Files that the host leaves in the site directory are recognised as ours."""
    site.run("build")
    shipped = site.shipped("img/b c.jpg")
    site.write("docs/index.md", "# Changed\n")
    site.run("build", "--dirty", IR_BUILD_CACHE_DIR=str(site.folder / "empty cache"))
    assert site.shipped("img/b c.jpg") == shipped


def test_a_changed_picture_and_only_it_is_compressed_again(new_site):
    """After one picture changed, the others come from the cache."""
    site = new_site
    site.run("build")
    site.write("docs/img/a.png", lined_png(SIZE, seed=5))
    site.configure("{report: r.json}")
    site.run("build")
    document = json.loads((site.folder / "r.json").read_text())
    fresh = [file["name"] for file in document["files"] if not file["from_cache"]]
    assert fresh == ["img/a.png"]


def test_links_are_not_written_through(site, tmp_path):
    """A picture that the site links to from elsewhere is not changed."""
    outside = tmp_path / "outside.png"
    outside.write_bytes(lined_png(SIZE))
    site.configure(more="hooks: [hook.py]")
    site.write(
        "hook.py",
        "import os\n"
        "def on_post_build(config):\n"
        f"    os.symlink({str(outside)!r}, os.path.join(config.site_dir, 'link.png'))\n",
    )
    before = outside.read_bytes()
    site.run("build")
    assert outside.read_bytes() == before
    assert (site.site / "link.png").is_symlink()


def test_several_configurations_in_one_process(site, tmp_path):
    """Two sites with different options, built one after the other and again, do not mix."""
    other = Site(tmp_path / "second")
    other.configure("{compression_type: none}")
    site.configure(f"{{cache_dir: {tmp_path / 'shared'}}}")
    script = (
        "import sys\n"
        "from mkdocs.commands.build import build\n"
        "from mkdocs.config import load_config\n"
        "for _ in range(2):\n"
        "    for file in sys.argv[1:]:\n"
        "        build(load_config(file))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(site.folder / "mkdocs.yml"), str(other.folder / "mkdocs.yml")],
        env=ENVIRON | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache")}, check=True, timeout=120,
    )  # fmt: skip
    assert len(site.shipped("img/a.png")) < (site.docs / "img/a.png").stat().st_size
    assert other.shipped("img/a.png") == (other.docs / "img/a.png").read_bytes()


def test_gh_deploy_publishes_the_optimised_files(site, tmp_path):
    """What is pushed to the pages branch is what the build made."""

    def git(*arguments, cwd):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        return subprocess.run(
            [program("git"), *identity, *arguments], cwd=cwd, check=True, capture_output=True
        ).stdout

    bare = tmp_path / "bare.git"
    git("init", "-q", "--bare", str(bare), cwd=tmp_path)
    git("init", "-q", cwd=site.folder)
    git("add", ".", cwd=site.folder)
    git("commit", "-qm", "site", cwd=site.folder)
    git("remote", "add", "origin", str(bare), cwd=site.folder)
    names = {
        f"GIT_{who}_{what}": "t@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    site.run("gh-deploy", **names)
    shipped = git("show", "gh-pages:img/a.png", cwd=bare)
    assert shipped == site.shipped("img/a.png")
    assert len(shipped) < (site.docs / "img/a.png").stat().st_size


class Server:
    """`mkdocs serve` in its own process."""

    def __init__(self, site, port):
        self.log = site.folder / "serve.log"
        self.port = port
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "mkdocs",
                    "serve",
                    "-a",
                    f"127.0.0.1:{port}",
                    "--livereload",
                ],
                cwd=site.folder,
                env=ENVIRON | {"IR_BUILD_CACHE_DIR": str(site.cache)},
                stderr=log,
                stdout=log,
            )
        self.wait("Serving on")

    def wait(self, text, times=1):
        for _ in range(300):
            if self.log.read_text().count(text) >= times:
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def get(self, name):
        url = f"http://127.0.0.1:{self.port}/{name}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read()

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


@pytest.fixture
def serve(new_site):
    servers = []

    def start():
        servers.append(Server(new_site, *free_ports(1)))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_serve_holds_nothing_up_by_default(new_site, serve):
    """While serving, pictures are as they are, and the log says which option changes that."""
    server = serve()
    assert server.get("img/a.png") == (new_site.docs / "img/a.png").read_bytes()
    assert "the option `serve` changes that" in server.log.read_text()
    assert not new_site.cache.exists()


def test_serve_cached_uses_the_cache_and_compresses_nothing(new_site, serve):
    """With `serve: cached` a known picture is small, a new one is as it is."""
    site = new_site
    site.configure("{serve: cached}")
    site.run("build")
    shutil.rmtree(site.site)
    site.write("docs/img/new.png", lined_png(SIZE, seed=3))
    server = serve()
    assert len(server.get("img/a.png")) < (site.docs / "img/a.png").stat().st_size
    assert server.get("img/new.png") == (site.docs / "img/new.png").read_bytes()


def test_serve_full_optimises_and_rebuilds_from_the_cache(site, serve):
    """With `serve: full` a rebuild compresses nothing again, and building does not loop."""
    site.configure("{serve: full}")
    server = serve()
    assert len(server.get("img/a.png")) < (site.docs / "img/a.png").stat().st_size
    builds = server.log.read_text().count("Building documentation")
    site.write("docs/index.md", "# Changed\n")
    # MkDocs says only once how long a build took where two take equally long.
    server.wait("Reloading browsers")
    server.wait("everything cached, nothing compressed")
    time.sleep(2)
    assert server.log.read_text().count("Building documentation") == builds + 1


def test_no_worker_survives_a_build_that_fails_elsewhere(site):
    """When another plugin breaks the build, our processes end too."""
    site.configure(more="hooks: [hook.py]")
    site.write("hook.py", "def on_page_markdown(*a, **k):\n    raise RuntimeError('elsewhere')\n")
    site.run("build", code=1)
    command = [program("ps"), "-eo", "args"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert str(site.folder) not in listed.stdout


def test_the_config_class_has_every_setting():
    """The typed class and the table of settings name the same options."""
    from ir_build.settings import SETTINGS
    from mkdocs_ir_build.config import IrBuildConfig

    names = {name for name, _ in IrBuildConfig._schema}
    assert names == {setting.name for setting in SETTINGS} | {"serve"}
