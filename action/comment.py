"""Put the report into the one comment of ours on the pull request of this job.

With a report of the base branch it is what has changed since, else the whole. A pull request from a
fork has a token that may only read: that is a warning.
"""

from __future__ import annotations

import os
import subprocess
import urllib.error
from pathlib import Path
from typing import Any

import job

MARK = "<!-- ir-build -->"
#: characters; GitHub takes 65536
LIMIT = 60_000
#: how many changes the comment names, and how many the job summary does
ROWS = 25
SUMMARY_ROWS = 500


def main() -> None:
    """Write the comment, or say in the log why there is none."""
    request = job.pull_request()
    if request is None:
        print("not a pull request: no comment")
        return
    body = {"body": f"{MARK}\n{_text()}"}
    comments = f"{job.repository()}/issues/{request['number']}/comments"
    try:
        ours = find(comments)
        if ours is None:
            job.call("POST", comments, body)
        else:
            job.call("PATCH", f"{job.repository()}/issues/comments/{ours}", body)
    except (OSError, ValueError) as error:
        job.warn(f"no comment on the pull request: {error}")


def _text() -> str:
    whole = shortened(Path(os.environ["REPORT"]).read_text(encoding="utf-8"))
    if os.environ["CHANGED_ONLY"] == "true":
        return whole
    branch = job.base_branch().replace("`", "")
    if not job.base_report().exists():
        return (
            f"There is no report of `{branch}` to compare with. Run this workflow on pushes to it, too, "
            f"with the same `path` and the cache.\n\n{whole}"
        )
    try:
        changes, all_changes = shortened(_changes(ROWS)), _changes(SUMMARY_ROWS)
    except subprocess.CalledProcessError as error:
        told = error.stderr.strip().replace("\n", "%0A")
        job.warn(f"the report of {branch} cannot be compared: {told}")
        return f"The report of `{branch}` cannot be compared; the log says why.\n\n{whole}"
    title = f"## Images and PDFs: what changes against `{branch}`\n\n"
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(f"\n{title}{all_changes}")
    address = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"
    address += f"/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    return f"{title}{changes}\nAll files are in the [job summary]({address}).\n"


def _changes(rows: int) -> str:
    """What has changed since the report of the base branch, as Markdown."""
    reports = [str(job.base_report()), os.environ["JSON"]]
    # The budget was judged by the run.
    options = ["--format", "markdown", "--rows", str(rows), "--max-growth", "none"]
    return subprocess.run(  # noqa: S603
        [*job.IR_BUILD, "report", "diff", *options, "--", *reports],
        env=job.own_environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout


def shortened(text: str) -> str:
    """`text` without the last rows of its table, if a comment has no room for them."""
    if len(text) <= LIMIT:
        return text
    kept = text[:LIMIT].rpartition("\n")[0]
    end = "\n\n</details>" if "<details>" in kept else ""
    return f"{kept}{end}\n\nThere was no room for all files; the job summary has more.\n"


def find(comments: str) -> int | None:
    """The id of our comment: it begins with the mark and is by whoever the token belongs to."""
    login = _login()
    page = 1
    while found := job.call("GET", f"{comments}?per_page={job.PER_PAGE}&page={page}"):
        for comment in found:
            if (comment.get("body") or "").startswith(MARK) and _is_by(comment, login):
                return int(comment["id"])
        page += 1
    return None


def _is_by(comment: dict[str, Any], login: str | None) -> bool:
    user = comment.get("user") or {}  # there is none when the account is gone
    return user.get("type") == "Bot" if login is None else user.get("login") == login


def _login() -> str | None:
    """The person whose token this is, None for a program's, which may not ask."""
    try:
        return str(job.call("GET", "user")["login"])
    except urllib.error.HTTPError:
        return None
