"""The pre-commit hooks, by real pre-commit in real git repositories."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documents import drawn
from hosts.hosts import ENVIRON, PYTHON, write_file
from pictures import lined_jpeg, lined_png, lined_svg
from services.programs import program

ROOT = Path(__file__).parents[2]
IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
IDENTITY += ["-c", "protocol.file.allow=always", "-c", "core.quotePath=false"]


class Repository:
    """A git repository."""

    def __init__(self, folder, **environ):
        self.folder = folder
        self.environ = ENVIRON | environ
        folder.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments, code=0):
        done = subprocess.run(
            [program("git"), *IDENTITY, *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def write(self, name, data):
        return write_file(self.folder / name, data)

    def read(self, name):
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """This project as a repository that pre-commit can clone: what git would commit now."""
    repository = Repository(tmp_path_factory.mktemp("project") / "ir-build")
    listed = subprocess.run(
        [program("git"), "ls-files", "-z", "-co", "--exclude-standard", "--", "src", ":/*.*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and (name.startswith("src/") or "/" not in name):
            repository.write(name, (ROOT / name).read_bytes())
    shutil.copy(ROOT / "LICENSE", repository.folder)
    repository.git("init", "-q")
    repository.git("add", ".")
    repository.git("commit", "-qm", "project")
    return repository


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where pre-commit installs the hook, once for all tests."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture(scope="module")
def started(tmp_path_factory, project, home):
    """A repository with the hook installed."""
    repository = Repository(
        tmp_path_factory.mktemp("started"),
        PRE_COMMIT_HOME=str(home),
        PATH=f"{Path(sys.executable).parent}:{ENVIRON['PATH']}",
    )
    repository.git("init", "-q")
    configure(repository, project, "ir-build")
    repository.git("add", ".")
    repository.git("commit", "-qm", "start")
    install(repository)
    return repository


@pytest.fixture
def repository(tmp_path, started):
    """A copy of it, with an empty cache of its own."""
    shutil.copytree(started.folder, tmp_path / "the repo")
    environ = started.environ | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache")}
    return Repository(tmp_path / "the repo", **environ)


def configure(repository, project, hook, *args):
    revision = project.git("rev-parse", "HEAD").strip()
    given = f"    args: {list(args)}\n" if args else ""
    repository.write(
        ".pre-commit-config.yaml",
        f"repos:\n- repo: {project.folder.as_uri()}\n  rev: {revision}\n"
        f"  hooks:\n  - id: {hook}\n{given}".encode(),
    )


def install(repository):
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install", "--install-hooks"],
        cwd=repository.folder,
        env=repository.environ,
        check=True,
        capture_output=True,
    )


ORIGINALS = {
    "a.png": lined_png(seed=1),
    "größe/the photo.jpg": lined_jpeg(seed=2),
    "-hero.png": lined_png(seed=3),
    "--exclude=*.png": lined_png(seed=4),
    "doc's $(x) \"&.pdf": drawn(),
    "line\nend.svg": lined_svg(),
}


def test_the_first_commit_fails_the_second_passes(repository):
    """Files are optimised and the commit stops once; staged again it goes through."""
    for name, data in ORIGINALS.items():
        repository.write(name, data)
    repository.write("notes.txt", b"not ours")
    repository.git("add", ".")
    log = repository.git("commit", "-m", "pictures", code=1)
    assert "files were modified by this hook" in log
    assert "optimised: 6 files" in log
    for name, data in ORIGINALS.items():
        assert len(repository.read(name)) < len(data), name
    repository.git("add", ".")
    assert "Passed" in repository.git("commit", "-m", "pictures")

    # Another machine: a fresh clone, an empty cache, all files at once.
    other = Repository(
        repository.folder.with_name("other"),
        **repository.environ | {"IR_BUILD_CACHE_DIR": str(repository.folder.with_name("empty"))},
    )
    other.git("clone", "-q", str(repository.folder), ".")
    log = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=other.folder,
        env=other.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert log.returncode == 0, log.stdout
    assert not other.git("status", "--porcelain")


def test_nothing_but_staged_files(repository):
    """What is not part of the commit is not looked at, and unstaged changes survive.

    To put them back, pre-commit rolls back what was done to every other file.
    """
    repository.write("unstaged.png", ORIGINALS["a.png"])
    repository.write("partly.png", lined_png(seed=7))
    repository.write("whole.png", lined_png(seed=9))
    repository.git("add", "partly.png", "whole.png")
    repository.write("partly.png", lined_png(seed=8))
    log = repository.git("commit", "-m", "partly", code=1)
    assert "Rolling back fixes" in log
    assert repository.read("partly.png") == lined_png(seed=8)
    assert repository.read("whole.png") == lined_png(seed=9)
    assert repository.read("unstaged.png") == ORIGINALS["a.png"]
    repository.git("add", "partly.png")
    repository.git("commit", "-m", "partly", code=1)
    assert len(repository.read("whole.png")) < len(lined_png(seed=9))


def test_pointers_links_and_submodules_are_unchanged(repository, tmp_path):
    """Git LFS pointers, symbolic links and submodules pass, untouched."""
    other = Repository(tmp_path / "module")
    other.git("init", "-q")
    other.write("inside.png", ORIGINALS["a.png"])
    other.git("add", ".")
    other.git("commit", "-qm", "module")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
    repository.write("large.png", pointer)
    repository.git("submodule", "add", "-q", str(other.folder), "sub.png")
    (repository.folder / "link.png").symlink_to("sub.png/inside.png")
    repository.git("add", ".")
    repository.git("commit", "-m", "special")
    assert repository.read("large.png") == pointer
    assert repository.read("sub.png/inside.png") == ORIGINALS["a.png"]


def test_check_changes_nothing(repository, project):
    """The hook `ir-build-check` fails while something can be saved, and says how to."""
    configure(repository, project, "ir-build-check", "--exclude=old/**", "--")
    repository.write("a.png", ORIGINALS["a.png"])
    repository.write("old/b.png", lined_png(seed=9))
    repository.git("add", ".")
    log = repository.git("commit", "-m", "x", code=1)
    assert "could be smaller: 1 file" in log
    assert "ir-build optimize" in log
    assert repository.read("a.png") == ORIGINALS["a.png"]
    subprocess.run(
        [PYTHON, "-m", "ir_build", "optimize", "a.png"],
        cwd=repository.folder,
        env=repository.environ,
        check=True,
        capture_output=True,
    )
    repository.git("add", ".")
    repository.git("commit", "-m", "x")


def test_args_without_an_end_do_not_let_a_name_pass_for_an_option(repository, project):
    """With `args` that lack `--`, a name that could switch the hook off stops the commit."""
    configure(repository, project, "ir-build-check", "--min-saving=1")
    repository.write("a.png", ORIGINALS["a.png"])
    repository.write("-hero.png", ORIGINALS["-hero.png"])
    repository.git("add", ".")
    log = repository.git("commit", "-m", "x", code=1)
    assert "-hero.png: is a file that is there" in log
    assert "put `--` before the names" in log


def test_a_broken_file_is_a_warning(repository):
    """What can't be worked on is committed all the same, unless `--strict` is among the args."""
    repository.write("broken.png", lined_png()[:300])
    repository.git("add", ".")
    repository.git("commit", "-m", "broken")


def test_no_server_is_asked(tmp_path):
    """Keys in the environment, there for builds, don't make commits wait for a server."""
    repository = Repository(
        tmp_path,
        IR_BUILD_API_KEY="k",
        IR_BUILD_API_SECRET="s",
        IR_BUILD_API_URL="http://127.0.0.1:9/v1/",
        IR_BUILD_CACHE_DIR=str(tmp_path / "cache"),
    )
    repository.write("a.png", ORIGINALS["a.png"])
    done = subprocess.run(
        [PYTHON, "-m", "ir_build", "hook", "a.png"],
        cwd=tmp_path,
        env=repository.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert len(repository.read("a.png")) < len(ORIGINALS["a.png"])
    assert not done.stderr


def test_nothing_heavy_is_imported_when_nothing_is_to_be_done(tmp_path):
    """A commit of known files needs no codec, no numpy and no network library."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(lined_png(seed=5))
    code = (
        "import sys\nfrom ir_build.cli import main\n"
        "try: main(['hook', 'a.png', 'b.png'])\n"
        "except SystemExit as exit: print('code', exit.code)\n"
        "print(sorted({'numpy', 'PIL', 'requests', 'pyvips', 'pikepdf', 'oxipng'} & set(sys.modules)))"
    )
    for expected in ("code 1", "code 0", "code 0"):
        done = subprocess.run(
            [PYTHON, "-c", code],
            cwd=tmp_path,
            env=ENVIRON | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert expected in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_environment_of_the_hook_is_the_core_alone(started, home):
    """`pip install .` of the clone brings no host and no adapter: no plugin is switched on."""
    (python,) = home.glob("repo*/py_env-*/bin/python")
    code = (
        "import importlib.util as u\n"
        "names = ['mkdocs', 'sphinx', 'pelican', 'mkdocs_ir_build', 'sphinx_ir_build', 'ir_build']\n"
        "print([name for name in names if u.find_spec(name)])"
    )
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['ir_build']"
