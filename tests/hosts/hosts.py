"""Every entry point over the same assets: a site in one folder, its output in another.

`HOST_PYTHON` runs the hosts by another Python, in whose environment other versions of them are.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON = os.environ.get("HOST_PYTHON", sys.executable)
BARE_ENVIRON = {
    name: value for name, value in os.environ.items() if not name.startswith("IR_BUILD_")
}
# The tests run side by side, and few of them are about how small a file gets.
BARE_ENVIRON |= {"IR_BUILD_JOBS": "1", "IR_BUILD_EFFORT": "fast"}
ENVIRON = BARE_ENVIRON | {
    "NO_MKDOCS_2_WARNING": "1",
    "DISABLE_MKDOCS_2_WARNING": "true",
    "NO_COLOR": "1",
}
ENVIRON |= {"COLUMNS": "400"}  # Pelican wraps its log


def run(arguments, *, cwd, code=0, **environ):
    """Run a command; its output, both streams. `code` None: any failure."""
    done = subprocess.run(
        [str(one) for one in arguments],
        cwd=cwd,
        env=ENVIRON | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if code is None:
        assert done.returncode != 0, done.stdout
    else:
        assert done.returncode == code, done.stdout
    return done.stdout


def run_on_a_terminal(arguments, *, cwd, code=0, **environ):
    """`run` on a pseudo-terminal."""
    import pty

    parent, child = pty.openpty()
    with subprocess.Popen(
        [str(one) for one in arguments],
        cwd=cwd,
        env=ENVIRON | {"TERM": "xterm"} | environ,
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=child,
    ) as process:
        os.close(child)
        shown = b""
        with contextlib.suppress(OSError):  # the end, on Linux
            while chunk := os.read(parent, 65536):
                shown += chunk
    os.close(parent)
    assert process.returncode == code, shown
    return shown.decode()


def write_file(path, content):
    """Write a text or bytes, and the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class EntryPoint:
    """A site with assets in `assets`, which come out below `output` under the same names."""

    def __init__(self, folder, cache):
        self.folder = folder / "my dócs"
        self.output = folder / "the öutput"
        self.cache = cache
        self.report = folder / "report.json"
        self.assets = self.folder / self.assets_in
        self.assets.mkdir(parents=True)
        self.prepare()

    assets_in = "."
    #: what makes the host fail at any warning
    warnings_fail = ()

    def prepare(self):
        """Write what the host wants besides the assets."""

    def write(self, name, content):
        return write_file(self.folder / name, content)

    def add(self, name, data):
        return self.write(f"{self.assets_in}/{name}", data)

    def build(self, *, code=0, terminal=False, warnings_fail=False, **settings):
        """Build with `settings`, through the host's own configuration; the log."""
        more = self.warnings_fail if warnings_fail else ()
        settings = {"compression_type": "lossy", "report": str(self.report)} | settings
        self.configure(settings)
        return (run_on_a_terminal if terminal else run)(
            [*self.command(settings), *more],
            cwd=self.folder,
            code=code,
            IR_BUILD_CACHE_DIR=str(self.cache),
        )

    def configure(self, settings):
        """Write `settings` where the host reads them."""

    def shipped(self, name):
        return (self.output / name).read_bytes()

    def sources(self):
        return {
            path: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not {".git", "__pycache__"} & {*path.parts}
        }

    def reported(self, names):
        """The lines of the JSON report about these files, by name."""
        files = {one["name"]: one for one in json.loads(self.report.read_text())["files"]}
        return {name: files[name] for name in names}


class MkDocs(EntryPoint):
    warnings_fail = ("--strict",)
    assets_in = "docs"

    def prepare(self):
        self.write("docs/index.md", "# Home\n")

    def configure(self, settings):
        text = json.dumps(
            {"site_name": "x", "site_dir": str(self.output), "plugins": [{"ir-build": settings}]}
        )
        self.write("mkdocs.yml", text)

    def command(self, settings):
        return [PYTHON, "-m", "mkdocs", "build"]


class Sphinx(EntryPoint):
    warnings_fail = ("-W",)
    assets_in = "extra"

    def prepare(self):
        self.write("index.rst", "Home\n====\n")

    def configure(self, settings):
        lines = [f"ir_build_{name} = {value!r}" for name, value in settings.items()]
        lines += ["extensions = ['sphinx_ir_build']", "html_extra_path = ['extra']"]
        self.write("conf.py", "\n".join(lines))

    def command(self, settings):
        doctrees = self.output.with_name("doctrees")
        return [PYTHON, "-m", "sphinx", "-d", doctrees, ".", self.output]


class Pelican(EntryPoint):
    warnings_fail = ("--fatal", "warnings")
    assets_in = "content"

    def prepare(self):
        self.write("content/pages/home.rst", "Home\n####\n")

    def configure(self, settings):
        lines = [f"IR_BUILD_{name.upper()} = {value!r}" for name, value in settings.items()]
        lines += ["PATH = 'content'", f"OUTPUT_PATH = {str(self.output)!r}", "TIMEZONE = 'UTC'"]
        lines += ["STATIC_PATHS = ['']", "PLUGINS = ['ir_build']", "PAGE_PATHS = ['pages']"]
        # Feeds of a site without an address are warned of.
        feeds = ("FEED_ALL_ATOM", "CATEGORY_FEED_ATOM", "TRANSLATION_FEED_ATOM")
        feeds += ("AUTHOR_FEED_ATOM", "AUTHOR_FEED_RSS")
        lines += [f"{feed} = None" for feed in feeds]
        self.write("pelicanconf.py", "\n".join(lines))

    def command(self, settings):
        return [PYTHON, "-m", "pelican", "--settings", "pelicanconf.py"]


def flags(settings):
    found = []
    for name, value in settings.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{option}" if value else f"--no-{option}")
        else:
            found += [f"--{option}", value]
    return found


class CommandLine(EntryPoint):
    """`ir-build optimize` over what some other generator has built."""

    assets_in = "public"

    def command(self, settings):
        return [
            PYTHON,
            "-m",
            "ir_build",
            "optimize",
            "public",
            "--out",
            self.output,
            *flags(settings),
        ]

    def reported(self, names):
        found = super().reported([f"public/{name}" for name in names])
        return {name: found[f"public/{name}"] | {"name": name} for name in names}


class Hook(EntryPoint):
    """The commit hook, on a copy of the files: it works in place."""

    success = 1  # something was changed

    def build(self, *, code=0, terminal=False, warnings_fail=False, **settings):
        """Copy the assets, then call the hook with them."""
        names = [path.relative_to(self.assets) for path in self.sources()]
        for name in names:
            (self.output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.assets / name, self.output / name)
        # In place the defaults are others than in a build.
        own = {"compression_type": "lossy", "preserve_metas": "", "report": str(self.report)}
        settings = own | settings
        return (run_on_a_terminal if terminal else run)(
            [PYTHON, "-m", "ir_build", "hook", *flags(settings), "--", *names],
            cwd=self.output,
            code=self.success if code == 0 else code,
            IR_BUILD_CACHE_DIR=str(self.cache),
        )


ENTRY_POINTS = [CommandLine, Hook, MkDocs, Pelican, Sphinx]


def contents(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def all_smaller(shipped, folder, sources):
    """Whether every file shipped is smaller than its source in `folder`, told by its name."""
    for name, source in sources.items():
        assert len(shipped[name]) < len((folder / source).read_bytes()), name
    return True
