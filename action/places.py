"""Say where the steps that follow keep things, and under which keys GitHub's cache has them."""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from pathlib import Path

import job


def main() -> None:
    """Set the outputs."""
    action = Path(os.environ["GITHUB_ACTION_PATH"])
    temporary = Path(os.environ["RUNNER_TEMP"]) / "ir-build"
    machine = f"{os.environ['RUNNER_OS']}-{os.environ['RUNNER_ARCH']}"
    # One job may use the action twice, and two versions of it.
    environment = temporary / _digest(str(action), sys.executable)
    wanted = _digest(
        *((action / name).read_text() for name in ("constraints.txt", "pyproject.toml"))
    )
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    # What is compared must be of the same files. A pull request looks for its base branch's report.
    branch = os.environ.get("GITHUB_BASE_REF") or os.environ.get("GITHUB_REF_NAME", "")
    report = _digest(branch, *job.lines("INPUT_PATH"), os.environ["INPUT_OUT"].strip())
    cache = os.environ.get("IR_BUILD_CACHE_DIR") or Path("~/.cache/ir-build").expanduser()
    job.set_outputs(
        environment=str(environment),
        cache=os.path.abspath(cache),  # noqa: PTH100  (a link in it is followed later)
        # Entries of GitHub's cache never change. So each run, of a matrix too, saves under a key of
        # its own and restores the newest of the others.
        prefix=f"ir-build-{machine}-",
        key=f"ir-build-{machine}-{uuid.uuid4().hex}",
        base=str(temporary / "base" / report),
        base_prefix=f"ir-build-report-{machine}-{report}-",
        base_key=f"ir-build-report-{machine}-{report}-{uuid.uuid4().hex}",
        pip_cache=str(temporary / "pip"),
        pip_key=f"ir-build-pip-{machine}-{python}-{wanted}",
    )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
