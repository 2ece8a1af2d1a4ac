"""The programs that tests start beside Python, which not every machine has."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

#: each program's packages on Debian and Ubuntu
PACKAGES = dict(
    line.split(maxsplit=1)
    for line in Path(__file__).parents[1].joinpath("programs.txt").read_text().splitlines()
    if not line.startswith("#")
)


def on_path(name: str) -> str | None:
    """Where a program is; an ordinary user's PATH lacks what is for servers."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin")


def program(name: str, find: Callable[[str], str | None] = on_path) -> str:
    """The path of a program of `programs.txt`. Without it the test is skipped; in CI it fails."""
    packages = PACKAGES[name]
    if found := find(name):
        return found
    message = f"no {name} here; on Debian and Ubuntu: apt-get install {packages}"
    if os.environ.get("CI"):
        pytest.fail(f"{message} (in CI nothing is skipped for that)", pytrace=False)
    pytest.skip(message)


def count_of_skipped(reasons: list[str]) -> str:
    """A line on how many tests `program` has skipped, and what installs all they want, or nothing."""
    found = [re.search(r": no \S+ here; .*: apt-get install (.+)$", one) for one in reasons]
    missing = [match[1] for match in found if match]
    if not missing:
        return ""
    packages = sorted({package for one in missing for package in one.split()})
    return (
        f"{len(missing)} skipped for want of a program; on Debian and Ubuntu:"
        f" apt-get install {' '.join(packages)}"
    )
