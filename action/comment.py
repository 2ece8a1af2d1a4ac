"""Put a Markdown file into the one comment of ours on the pull request of this job.

    python comment.py report.md

The job's environment says where: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH and
GITHUB_TOKEN. A pull request from a fork has a token that may only read: that is a warning.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- ir-build -->"
#: characters; GitHub takes 65536
LIMIT = 60_000
PER_PAGE = 100


def main(report: Path) -> None:
    """Write the comment, or say in the log why there is none."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event.get("pull_request", {}).get("number")
    if number is None:
        print("not a pull request: no comment")
        return
    body = {"body": f"{MARK}\n{shortened(report.read_text(encoding='utf-8'))}"}
    comments = f"issues/{number}/comments"
    try:
        ours = find(comments)
        if ours is None:
            call("POST", comments, body)
        else:
            call("PATCH", f"issues/comments/{ours}", body)
    except OSError as error:
        print(f"::warning title=ir-build::no comment on the pull request: {error}")


def shortened(text: str) -> str:
    """`text` with rows of its last table left out, as far as a comment has no room for them."""
    if len(text) <= LIMIT:
        return text
    kept = text[:LIMIT].rpartition("\n")[0]
    return f"{kept}\n\n</details>\n\nThere was no room for all files; the job summary has more.\n"


def find(comments: str) -> int | None:
    """The id of our comment: a program's, which begins with the mark."""
    page = 1
    while found := call("GET", f"{comments}?per_page={PER_PAGE}&page={page}"):
        for comment in found:
            if comment["user"]["type"] == "Bot" and comment["body"].startswith(MARK):
                return int(comment["id"])
        page += 1
    return None


def call(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """One call of the REST API. Raises OSError."""
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    request = urllib.request.Request(  # noqa: S310  (the runner says where its API is)
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
            "User-Agent": "ir-build",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
