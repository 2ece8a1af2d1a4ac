"""Install this version of ir-build into an environment of its own, and put `ir-build` on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import job


def main() -> None:
    """Install, unless an earlier step of the job has; name the environment's Python."""
    environment = Path(os.environ["ENVIRONMENT"])
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    ready = environment / "ready"
    if not ready.exists():
        shutil.rmtree(environment, ignore_errors=True)
        environment.mkdir(parents=True)
        _install(environment, python)
        # Only these go on the PATH, so that the job still finds its own python and pip.
        shared = environment / "path"
        shared.mkdir()
        for program in programs.glob("ir-build*"):
            shutil.copy(program, shared)
        ready.touch()
    with Path(os.environ["GITHUB_PATH"]).open("a", encoding="utf-8") as file:
        file.write(f"{environment / 'path'}\n")
    job.set_outputs(python=str(python))


def _install(environment: Path, python: Path) -> None:
    action = Path(os.environ["GITHUB_ACTION_PATH"])
    constraints = str(action / "constraints.txt")
    environ = job.own_environment() | {
        "PIP_CACHE_DIR": os.environ["PIP_CACHE"],
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # These pin what builds the package. Each version of pip knows one of the two at least.
        "PIP_BUILD_CONSTRAINT": constraints,
        "PIP_CONSTRAINT": constraints,
    }
    # pip installs from outside, since not every Python can put a pip into a new environment.
    make = ["-m", "venv", "--without-pip", str(environment)]
    fill = ["-m", "pip", "--python", str(python), "install", "--quiet", str(action)]
    for arguments in (make, fill):
        command = [sys.executable, "-I", *arguments]
        if subprocess.run(command, cwd=environment, env=environ, check=False).returncode:  # noqa: S603
            job.fail(f"ir-build could not be installed with {sys.executable}; see the lines above")
