"""What developers are told is true: files that are named are there, and so are commands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["CONTRIBUTING.md", "docs/design.md", "plugins/README.md"]


def named(page):
    """What stands in backticks and looks like a path of the repository."""
    for text in re.findall(r"`([^`\n]+)`", (ROOT / page).read_text()):
        if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", text) and ("/" in text or text.endswith(".md")):
            yield text


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_are_named_are_there(page):
    """A name is written from the root of the repository, or from the package."""
    places = [ROOT, ROOT / "src" / "ir_build", ROOT / "src"]
    missing = [name for name in named(page) if not any((at / name).exists() for at in places)]
    assert not missing


def test_the_commands_that_are_named_are_there():
    """Every `make` target of CONTRIBUTING.md is one, and `make help` tells of each."""
    makefile = (ROOT / "Makefile").read_text()
    told = set(re.findall(r"^make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert told
    assert told <= set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
