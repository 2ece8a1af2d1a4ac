"""Run `ir-build` and measure it with everything it starts."""

from __future__ import annotations

import compileall
import functools
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import ir_build as package


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    cpu: float  #: user + system seconds, children included
    wall: float  #: seconds


def ir_build(*arguments: object, cache: object) -> Cost:
    """Run the command line with its own cache and return its cost."""
    _compiled()
    return command(
        [sys.executable, "-m", "ir_build", *map(str, arguments), "--cache-dir", str(cache)]
    )


@functools.cache
def _compiled() -> None:
    # As pip does when it installs a package. This one is imported from its source folder. Processes that
    # measure side by side compile it at once, and each says of files that the other was first: quietly.
    compileall.compile_dir(Path(package.__file__).parent, quiet=2)


def command(line: list[str]) -> Cost:
    """Run any command and return its cost."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("IR_BUILD")}
    subprocess.run(
        line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall)
