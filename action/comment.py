"""Put the report into the one comment of ours on the pull request of this job.

A pull request from a fork has a token that may only read: that is a warning.
"""

from __future__ import annotations

import os
import urllib.error
from pathlib import Path
from typing import Any

import job

MARK = "<!-- ir-build -->"
#: characters; GitHub takes 65536
LIMIT = 60_000


def main() -> None:
    """Write the comment, or say in the log why there is none."""
    request = job.pull_request()
    if request is None:
        print("not a pull request: no comment")
        return
    report = Path(os.environ["REPORT"]).read_text(encoding="utf-8")
    body = {"body": f"{MARK}\n{shortened(report)}"}
    comments = f"{job.repository()}/issues/{request['number']}/comments"
    try:
        ours = find(comments)
        if ours is None:
            job.call("POST", comments, body)
        else:
            job.call("PATCH", f"{job.repository()}/issues/comments/{ours}", body)
    except (OSError, ValueError) as error:
        job.warn(f"no comment on the pull request: {error}")


def shortened(text: str) -> str:
    """`text` without the last rows of its table, if a comment has no room for them."""
    if len(text) <= LIMIT:
        return text
    kept = text[:LIMIT].rpartition("\n")[0]
    return f"{kept}\n\n</details>\n\nThere was no room for all files; the job summary has more.\n"


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
