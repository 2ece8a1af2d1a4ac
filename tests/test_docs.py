"""What the documentation says is what the code does."""

import json
import re
import runpy
import shlex
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from PIL import Image
from pre_commit.clientlib import load_config, load_manifest

from ir_build.cli import main
from ir_build.config import Source, load
from ir_build.errors import Reason
from ir_build.settings import SETTINGS
from pictures import flat

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "plugins").glob("**/README.md"))


# Its examples talk to a server: tests/imagerecycle/test_api_page.py starts one for them.
SERVED = ROOT / "docs" / "api.md"


def blocks(language):
    """Every fenced block of a language, with the page it stands on."""
    for page in PAGES:
        if page == SERVED and language in ("python", "sh"):
            continue
        for found in re.finditer(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL):
            yield pytest.param(found[1], id=f"{page.relative_to(ROOT)}:{found.start()}")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with what the examples talk about."""
    for name in ("public/a.png", "docs/img/b.png", "logo.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(flat((200, 100)))
    (tmp_path / "public" / "index.html").write_text("<!doctype html><img src=a.png>")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IR_BUILD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("IR_BUILD_EFFORT", "fast")
    monkeypatch.setenv("IR_BUILD_JOBS", "1")
    return tmp_path


@pytest.mark.parametrize("text", [*blocks("python")])
def test_python_examples_run(project, text):
    """Every Python example runs as it stands."""
    text = textwrap.dedent(text)
    subprocess.run([sys.executable, "-c", text], check=True, cwd=project, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*blocks("sh")])
def test_commands_run(project, text):
    """Every `ir-build` line of the documentation runs as it stands."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["ir-build"]:
            done = CliRunner().invoke(main, words[1:], catch_exceptions=False)
            # 1 is what these say while something can be saved.
            assert done.exit_code == 0 or (
                done.exit_code == 1 and {"--check", "--strict", "hook"} & {*words}
            ), line


@pytest.mark.parametrize("text", [*blocks("toml")])
def test_settings_in_pyproject_are_valid(text, tmp_path):
    """Every `[tool.ir-build]` shown is accepted."""
    settings = tomllib.loads(text)["tool"]["ir-build"]
    load(folder=tmp_path, environ={}, last=Source("docs", settings, tmp_path))


@pytest.mark.parametrize("text", [*blocks("yaml")])
def test_configurations_of_hosts_are_valid(text, tmp_path):
    """Every configuration of MkDocs, pre-commit, GitHub and GitLab shown is accepted."""
    shown = yaml.safe_load(text)
    if "plugins" in shown:
        (plugin,) = (one for one in shown["plugins"] if one == "ir-build" or "ir-build" in one)
        settings = {} if plugin == "ir-build" else plugin["ir-build"]
        load(folder=tmp_path, environ={}, last=Source("docs", settings, tmp_path))
    elif "repos" in shown:
        (tmp_path / "config.yaml").write_text(text)
        (repository,) = load_config(str(tmp_path / "config.yaml"))["repos"]
        known = {hook["id"] for hook in load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))}
        for hook in repository["hooks"]:
            assert hook["id"] in known
            assert CliRunner().invoke(main, ["hook", *hook.get("args", [])]).exit_code in (0, 1)
    elif "steps" in shown:
        inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
        for step in shown["steps"]:
            if "/ir-build@" in step.get("uses", ""):
                assert step["with"].keys() <= inputs.keys()
    else:
        assert shown == yaml.safe_load((ROOT / "examples/gitlab/.gitlab-ci.yml").read_text())


def test_the_report_page_lists_every_code():
    """Reasons and errors of the schema are those of the code."""
    text = (ROOT / "docs" / "report.md").read_text()
    reasons = re.findall(
        r"`([a-z-]+)`", text.split("The codes of `reason`:")[1].split("The codes")[0]
    )
    assert set(reasons) == set(Reason)
    from ir_build import errors

    # What met a limit is kept for a reason.
    kinds = set(errors.InputError.__subclasses__()) - {errors.LimitMet}
    codes = {kind.code for kind in kinds} | {
        "backend-error",
        "internal-error",
    }
    listed = re.findall(r"`([a-z-]+)`", text.split("The codes of `error`:")[1])
    assert set(listed) == codes


def test_the_report_example_has_the_fields_of_a_report():
    """The JSON shown is what is written."""
    text = (ROOT / "docs" / "report.md").read_text()
    shown = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    from ir_build.formats import MediaType
    from ir_build.outcome import Compressed
    from ir_build.report import Report
    from ir_build.report.json import to_json

    outcome = Compressed(name="a", media=MediaType.JPEG, before=9, size=4, lossy=True)
    written = json.loads(to_json(Report((outcome,), "x", 1)))
    assert shown.keys() == written.keys()
    assert shown["totals"].keys() == written["totals"].keys()
    assert shown["files"][0].keys() == written["files"][0].keys()


def test_the_settings_page_is_made_from_the_table():
    """Every setting is on the page, with its help."""
    hook = runpy.run_path(str(ROOT / "docs" / "hooks.py"))["on_page_markdown"]
    page = hook((ROOT / "docs" / "settings.md").read_text())
    for setting in SETTINGS:
        assert f"| `{setting.name}` |" in page


def test_help_has_every_setting_and_exit_code():
    """`--help` and the documentation say the same."""
    text = CliRunner().invoke(main, ["optimize", "--help"]).output
    for setting in SETTINGS:
        assert setting.flag in text
    codes = re.findall(
        r"^\| (\d+) \|", (ROOT / "docs" / "command-line.md").read_text(), re.MULTILINE
    )
    shown = re.findall(r"^ +(\d+) ", CliRunner().invoke(main, ["--help"]).output, re.MULTILINE)
    assert codes == shown == ["0", "1", "2", "3", "4", "5", "6", "130"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The folder of pictures that the benchmark draws for the page on places, and what it prints."""
    folder = tmp_path_factory.mktemp("places")
    command = [sys.executable, str(ROOT / "benchmarks"), "--places", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return folder, done.stdout


@pytest.mark.slow
def test_the_page_on_places_shows_what_is_measured(drawn):
    """Its numbers and pictures are those of `python benchmarks --places`, which draws it anew."""
    folder, printed = drawn
    assert (ROOT / "docs" / "places.md").read_text().endswith(printed.rstrip() + "\n")
    shown = ROOT / "docs" / "places"
    assert {path.name for path in shown.iterdir()} == {path.name for path in folder.iterdir()}
    for path in folder.iterdir():
        with Image.open(path) as new, Image.open(shown / path.name) as old:
            assert new.convert("RGBA").tobytes() == old.convert("RGBA").tobytes(), path.name


@pytest.mark.slow
def test_each_limit_on_places_catches_what_the_score_passes(drawn):
    """In every drawing both results score 80; one breaks the limit that stands above it, one keeps it."""
    sections = drawn[1].split("## ")[1:]
    assert len(sections) == 11
    for section in sections:
        limit = float(re.search(r"may (?:move|grow) by (\d+(?:\.\d)?)", section)[1])
        alone, shipped = map(float, re.findall(r"(?:moved|larger) by (\d+\.\d)", section))
        assert alone > limit >= shipped, section
        assert all(float(score) >= 80 for score in re.findall(r"score (\d+\.\d)", section)), section
