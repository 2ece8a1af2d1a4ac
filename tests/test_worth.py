"""What each step of the engine is worth can be measured again: `python benchmarks FOLDER --worth`."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import lined_jpeg, lined_png

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def steps():
    """The names of `benchmarks/steps.py`."""
    return runpy.run_path(str(BENCHMARKS / "steps.py"))


def test_every_long_module_says_what_it_is_worth(steps):
    """Of engine and verification, in a table that names no step that is gone."""
    text = (ROOT / "docs" / "design.md").read_text().partition("## What each part is worth")[2]
    rows = re.findall(r"^\| (`.*?) \| [\d +]+ \| (.*) \|$", text, re.MULTILINE)
    named = {module for modules, _ in rows for module in re.findall(r"`(.*?)`", modules)}
    package = ROOT / "src" / "ir_build"
    long = {
        path.relative_to(package).as_posix()
        for folder in ("engine", "verify")
        for path in (package / folder).rglob("*.py")
        if len(path.read_text().splitlines()) > 100
    }
    assert long <= named
    names = {name for of_format in steps["STEPS"].values() for name, *_ in of_format}
    assert {name for _, worth in rows for name in re.findall(r"\*(.*?)\*", worth)} <= names


def test_every_step_is_in_the_engine(steps):
    """No step is measured as worth nothing because its function has another name now."""
    for of_format in steps["STEPS"].values():
        assert len({name for name, *_ in of_format}) == len(of_format)
        for _, where, _ in of_format:
            steps["place"](where)


def test_a_step_that_is_gone_ends_the_run(steps):
    """It is told, with the place where to mend it."""
    with pytest.raises(SystemExit, match=r"png\.coding:gone any more: in benchmarks/steps\.py"):
        steps["place"]("png.coding:gone")


@pytest.mark.slow
def test_a_step_is_worth_what_is_lost_without_it(tmp_path):
    """Every step has its row; without lossless coding a PNG is larger, and nothing is written."""
    files = {"a.png": lined_png((200, 150)), "b.jpg": lined_jpeg((200, 150))}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, str(BENCHMARKS), str(tmp_path), "--worth"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    rows = re.findall(r"^ *(\S.*?) {2,}(\d+) +(\d+) +(-?[\d.]+)%", done.stdout, re.MULTILINE)
    steps = runpy.run_path(str(BENCHMARKS / "steps.py"))["STEPS"]
    expected = [
        name for media in ("jpeg", "png") for name in (media, *(s[0] for s in steps[media]))
    ]
    assert [name for name, *_ in rows] == expected
    sizes = {name: int(size) for name, _, size, _ in rows}
    saved = {name: float(share) for name, *_, share in rows}
    assert sizes["png"] < sizes["lossless coding"] <= len(files["a.png"])
    lost = sizes["lossless coding"] - sizes["png"]
    assert saved["lossless coding"] == pytest.approx(100 * lost / len(files["a.png"]), abs=0.01)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
