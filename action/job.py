"""How steps talk to the runner and to GitHub."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

PER_PAGE = 100
IR_BUILD = [sys.executable, "-I", "-m", "ir_build"]


def set_outputs(**values: str) -> None:
    """Set outputs of this step; `_` stands for `-`."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name.replace('_', '-')}={value}\n" for name, value in values.items())


def lines(name: str) -> list[str]:
    """The input `name`, one value a line, without blanks around them."""
    return [line.strip() for line in os.environ[name].split("\n") if line.strip()]


def fail(message: str) -> NoReturn:
    """End the step with an error that the runner shows."""
    print(f"::error title=ir-build::{message}")
    sys.exit(2)


def warn(message: str) -> None:
    """Show a warning beside the job."""
    print(f"::warning title=ir-build::{message}")


def event() -> dict[str, Any]:
    """What has started the workflow."""
    text = Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8")
    return dict(json.loads(text))


def pull_request() -> dict[str, Any] | None:
    """The pull request that has started the workflow, None when something else has."""
    return event().get("pull_request")


def base_branch() -> str:
    """The branch that the pull request would change, empty when there is no pull request."""
    return os.environ.get("GITHUB_BASE_REF", "")


def base_report() -> Path:
    """Where the report of the base branch is, if GitHub's cache had one."""
    return Path(os.environ["BASE"]) / "report.json"


def own_environment() -> dict[str, str]:
    """The environment for programs of ours: without what makes Python import other things."""
    hidden = ("GITHUB_TOKEN", "INPUT_TOKEN")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in hidden
    }


def call(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """One call of GitHub's REST API. Raises OSError, and ValueError when the answer is no JSON."""
    request = urllib.request.Request(  # noqa: S310  (the runner says where its API is)
        f"{os.environ['GITHUB_API_URL']}/{path}",
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


def repository() -> str:
    """The path of this repository in the API."""
    return f"repos/{os.environ['GITHUB_REPOSITORY']}"
