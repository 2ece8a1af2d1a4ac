"""The workflow for hosted systems tries what the packages claim, with no rights and no floating action."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / ".github" / "workflows" / "systems.yml").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
MATRIX = WORKFLOW["jobs"]["tests"]["strategy"]["matrix"]
PROJECTS = [ROOT / "pyproject.toml", *sorted((ROOT / "plugins").glob("*/pyproject.toml"))]
SYSTEMS = {"ubuntu": "POSIX :: Linux", "windows": "Microsoft :: Windows", "macos": "MacOS"}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_every_system_and_python_that_a_package_claims_is_tried(project):
    """Its classifiers are the legs of the matrix, and its least Python is the first of them."""
    about = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    found = [one.split(" :: ", 1) for one in about["classifiers"]]
    pythons = [text.removeprefix("Python :: ") for kind, text in found if "Python" in text]
    assert [one for one in pythons if "." in one] == MATRIX["python"]
    assert about["requires-python"] == f">={MATRIX['python'][0]}"
    claimed = {text for kind, text in found if kind == "Operating System"}
    assert claimed == {SYSTEMS[leg.split("-")[0]] for leg in MATRIX["system"]}


def test_actions_are_pinned_and_may_only_read():
    """What runs is a commit, with its tag beside it; nothing can be written with the job's token."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (.*)", TEXT)
    assert used
    for one in used:
        assert re.fullmatch(r"actions/\w[\w-]*@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
    (checkout,) = [step for step in WORKFLOW["jobs"]["tests"]["steps"] if "checkout" in str(step)]
    assert checkout["with"] == {"persist-credentials": False}
