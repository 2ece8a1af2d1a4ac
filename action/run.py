"""Run ir-build as the inputs say, and set the outputs.

ir-build itself sets `saved-bytes`, writes the job summary and fails when a budget is exceeded.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePath

import job

#: the API lists no more files of a pull request
MOST_FILES = 3000


def main() -> None:
    """Optimise or check; end with the exit code of ir-build."""
    arguments = _options()
    paths = [path for line in job.lines("INPUT_PATH") for path in _expanded(line)]
    if not paths:
        job.fail("path is empty; name files and folders, one a line")
    if os.environ["INPUT_CHANGED_ONLY"] == "true":
        paths = _only_touched(paths)
        if not paths:
            print("nothing in path is touched by the pull request")
            job.set_outputs(saved_bytes="0")
            return
    # An earlier use of the action may have left a report. It must not be taken for this one.
    folder = Path(tempfile.mkdtemp(prefix="ir-build-report-", dir=os.environ["RUNNER_TEMP"]))
    report, markdown = folder / "report.json", folder / "report.md"
    arguments += ["--report", str(report), "--report", str(markdown)]
    environ = job.own_environment() | {"IR_BUILD_CACHE_DIR": os.environ["CACHE"]}
    run = [*job.IR_BUILD, "optimize", *arguments, "--", *paths]
    status = subprocess.run(run, env=environ, check=False).returncode  # noqa: S603
    if report.exists():
        job.set_outputs(report=str(report), markdown=str(markdown))
        document = json.loads(report.read_text(encoding="utf-8"))
        if not all(file["from_cache"] for file in document["files"]):
            job.set_outputs(cache_grew="true")
        if not document["interrupted"]:
            _keep_for_pull_requests(report)
        # Entries that no run has used for a month are dropped.
        prune = [*job.IR_BUILD, "cache", "prune", "--max-age", "30"]
        subprocess.run(prune, env=environ, check=False)  # noqa: S603
    sys.exit(status)


def _keep_for_pull_requests(report: Path) -> None:
    """Have the report of a branch saved, which pull requests to it are compared with."""
    if job.base_branch() or os.environ.get("GITHUB_REF_TYPE") != "branch":
        return
    base = job.base_report()
    base.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(report, base)
    job.set_outputs(base=str(base))


def _options() -> list[str]:
    mode, out = os.environ["INPUT_MODE"], os.environ["INPUT_OUT"].strip()
    if mode not in ("optimize", "check"):
        job.fail(f"mode is {mode!r}, which is neither optimize nor check")
    if out and os.environ["INPUT_CHANGED_ONLY"] == "true":
        job.fail("changed-only works in place: with out, copies of all files are wanted")
    options = ["--check"] if mode == "check" else []
    if out:
        _refuse_to_leave(out, "out")
        options += ["--out", out]
    options += [part for line in job.lines("INPUT_BUDGETS") for part in ("--budget", line)]
    if growth := os.environ["INPUT_MAX_GROWTH"].strip():
        if os.environ["INPUT_CHANGED_ONLY"] == "true":
            job.fail(
                "max-growth is about all files, and changed-only looks at some: take one of them"
            )
        if job.base_branch():
            options += ["--max-growth", growth, "--baseline", str(job.base_report())]
    for name in ("max-total", "max-file", "min-saved"):
        if value := os.environ[f"INPUT_{name.upper().replace('-', '_')}"].strip():
            options += [f"--{name}", value]
    return options + job.lines("INPUT_ARGS")


def _expanded(line: str) -> list[str]:
    """The files and folders that `line`, a path or a glob, stands for."""
    found = [line] if os.path.lexists(line) else sorted(glob.glob(line, recursive=True))  # noqa: PTH207
    if not found:
        job.fail(f"path: {line!r} is not there, and as a glob it matches nothing")
    for path in found:
        _refuse_to_leave(path if os.path.isdir(path) else os.path.dirname(path), "path")  # noqa: PTH112, PTH120
    return found


def _refuse_to_leave(path: str, name: str) -> None:
    """Fail if a link of the repository leads `path` out of the workspace.

    A workflow may name a path outside; only the repository must not lead there.
    """
    here = Path.cwd().resolve()
    inside = Path(os.path.normpath(here / path)).is_relative_to(here)
    if inside and not Path(path).resolve().is_relative_to(here):
        job.fail(f"{name}: {path!r} leads out of the workspace by a link")


def _only_touched(paths: list[str]) -> list[str]:
    """The files among or below `paths` that the pull request adds or changes."""
    touched = _touched()
    if touched is None:
        return paths
    roots = [PurePath(os.path.relpath(path)) for path in paths]
    return [
        name
        for name in touched
        if os.path.lexists(name) and any(PurePath(name).is_relative_to(root) for root in roots)
    ]


def _touched() -> list[str] | None:
    """The names of a pull request's files; None when they can't be told."""
    request = job.pull_request()
    if request is None:
        print("not a pull request: everything in path")
        return None
    names: list[str] = []
    try:
        while len(names) < MOST_FILES:
            page = len(names) // job.PER_PAGE + 1
            files = f"{job.repository()}/pulls/{request['number']}/files"
            found = job.call("GET", f"{files}?per_page={job.PER_PAGE}&page={page}")
            names += [file["filename"] for file in found]
            if len(found) < job.PER_PAGE:
                return names
        reason = f"it has {MOST_FILES} files or more"
    except (OSError, ValueError) as error:
        reason = str(error)
    job.warn(f"what the pull request touches cannot be told ({reason}): everything in path")
    return None
