"""The examples, each built by its host with the commands of examples/README.md."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from hosts.hosts import ENVIRON, run
from services.programs import program

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMANDS = dict(
    re.findall(
        r"^## (\S+)\n.*?```sh\n(.*?)```",
        (EXAMPLES / "README.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
)
PICTURES = {".jpg", ".png", ".svg", ".pdf", ".webp", ".avif", ".gif"}
# The server's is tried with the server.
OTHERS = {"pre-commit", "github-action", "gitlab", "server"}
PROGRAMS = {"hugo": "hugo", "eleventy": "npm", "jekyll": "jekyll"}
BUILT = ("public", "site", ".cache", "node_modules", "savings.*")


def pictures_in(folder):
    return [path for path in folder.rglob("*") if path.suffix in PICTURES]


@pytest.fixture
def copy(tmp_path):
    def make(name):
        folder = tmp_path / "the examples" / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(*BUILT))
        return folder

    return make


def run_script(script, folder, **environ):
    path = f"{Path(sys.executable).parent}:{ENVIRON['PATH']}"
    return run(
        [program("bash"), "-euo", "pipefail", "-c", script], cwd=folder, PATH=path, **environ
    )


def test_every_example_is_here():
    """No example is without commands, and none is untested."""
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == COMMANDS.keys() | OTHERS


@pytest.mark.parametrize("name", COMMANDS)
def test_built_by_its_host(name, copy, cache):
    """The host makes a page, and every picture of the sources is shipped, most of them smaller."""
    if needed := PROGRAMS.get(name):
        program(needed)
    folder = copy(name)
    before = {path: path.read_bytes() for path in pictures_in(folder)}
    log = run_script(COMMANDS[name], folder, IR_BUILD_CACHE_DIR=str(cache))
    public = folder / "public"
    assert "saved " in log
    page = public / {"pelican": "dusk.html"}.get(name, "index.html")
    assert "mountains.jpg" in page.read_text()
    shipped = {path.name: path.stat().st_size for path in pictures_in(public)}
    for path, data in before.items():
        assert path.read_bytes() == data
        assert shipped[path.name] <= len(data)
    whole = sum(len(data) for data in before.values())
    assert sum(shipped[path.name] for path in before) < 0.8 * whole


def test_the_gitlab_job(copy, cache):
    """The script of the job runs as it stands, its installation apart."""
    folder = copy("gitlab")
    (job,) = yaml.safe_load((folder / ".gitlab-ci.yml").read_text()).values()
    script = [line for line in job["script"] if not line.startswith("pip ")]
    assert len(script) == len(job["script"]) - 1
    run_script("\n".join(script), folder, IR_BUILD_CACHE_DIR=str(cache))
    for path in job["artifacts"]["paths"]:
        assert (folder / path).exists()
    assert job["variables"]["IR_BUILD_CACHE_DIR"].endswith(job["cache"]["paths"][0])


def test_the_github_workflow():
    """The workflow gives the action nothing but inputs it has, and may do what it does."""
    action = yaml.safe_load((EXAMPLES.parent / "action.yml").read_text())
    workflow = yaml.safe_load(
        (EXAMPLES / "github-action/.github/workflows/pictures.yml").read_text()
    )
    (job,) = workflow["jobs"].values()
    (step,) = (step for step in job["steps"] if "ir-build" in step["uses"])
    assert step["with"].keys() <= action["inputs"].keys()
    required = {name for name, one in action["inputs"].items() if one.get("required")}
    assert required <= step["with"].keys()
    assert workflow["permissions"]["pull-requests"] == "write"


def test_the_pre_commit_configuration():
    """The configuration names hooks that there are, by pre-commit's own reading of both files."""
    from pre_commit.clientlib import load_config, load_manifest

    config = load_config(str(EXAMPLES / "pre-commit/.pre-commit-config.yaml"))
    hooks = {hook["id"] for hook in load_manifest(str(EXAMPLES.parent / ".pre-commit-hooks.yaml"))}
    assert hooks == {"ir-build", "ir-build-check"}
    assert {hook["id"] for repo in config["repos"] for hook in repo["hooks"]} <= hooks
