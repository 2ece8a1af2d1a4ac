"""Commit the files that were optimised, and nothing else, to the branch that is checked out."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import job

MESSAGE = "Optimise images and PDFs"
# This is GitHub's own account for jobs. Hooks are off: they would be code of the repository.
GIT = [
    *("git", "--literal-pathspecs", "-c", f"core.hooksPath={os.devnull}"),
    *("-c", "user.name=github-actions[bot]"),
    *("-c", "user.email=41898282+github-actions[bot]@users.noreply.github.com"),
]


def main() -> None:
    """Commit and push; say in the log why not."""
    request = job.pull_request()
    if request is not None:
        head = (request["head"].get("repo") or {}).get("full_name")
        if head != os.environ["GITHUB_REPOSITORY"]:
            job.warn("nothing is committed to the pull request: it comes from a fork")
            return
    report = json.loads(Path(os.environ["REPORT"]).read_text(encoding="utf-8"))
    smaller = [file["name"] for file in report["files"] if file["saved"]]
    tracked = _git("ls-files", "-z", "--", *smaller).stdout if smaller else b""
    if not tracked or not _git("diff", "--name-only", "HEAD", "--", *smaller).stdout:
        print("nothing to commit")
        return
    branch = _git("symbolic-ref", "--quiet", "HEAD", check=False).stdout.decode().strip()
    if not branch:
        job.fail(
            "no branch is checked out to commit to; for a pull request, give actions/checkout "
            "`ref: ${{ github.head_ref }}`"
        )
    listed = ["--pathspec-from-file=-", "--pathspec-file-nul"]
    _git("commit", "--quiet", "--no-verify", "--message", MESSAGE, *listed, given=tracked)
    _git("push", "--quiet", "origin", f"HEAD:{branch}")
    print(f"committed {len(tracked.split(bytes(1))) - 1} files to {branch}")


def _git(
    *arguments: str, given: bytes = b"", check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(  # noqa: S603
        [*GIT, *arguments], input=given, capture_output=True, check=False
    )
    if check and done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().replace("\n", "%0A")
        job.fail(
            f"git {arguments[0]}: {told}%0Acommitting needs the permission `contents: write` and a "
            "checkout that keeps its credentials"
        )
    return done
