"""Tell a GitHub Actions job what a run did: summary page, annotations for failures, outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .escape import command_data, command_property
from .markdown import to_markdown
from .text import what_became_of

if TYPE_CHECKING:
    from .totals import Totals

# GitHub drops a summary of more than 1 MiB, and other steps may have written to it, too.
_SUMMARY_LIMIT = 900_000
_SUMMARY_ROWS = 500
_OUTPUT_LIMIT = 1_000_000
# GitHub shows ten annotations of a kind for each step.
_ANNOTATIONS = 10


def publish(
    report: Totals, *, write: Callable[[str], object], environ: Mapping[str, str] = os.environ
) -> None:
    """Publish `report` if this is a GitHub Actions job; `write` prints a line for the runner."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    for failed in report.failed[:_ANNOTATIONS]:
        properties = f"file={command_property(failed.name)},title=ir-build"
        message = command_data(f"{failed.name}: {what_became_of(failed)}")
        write(f"::warning {properties}::{message}")
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), to_markdown(report, rows=_SUMMARY_ROWS), _SUMMARY_LIMIT)
    if outputs := environ.get("GITHUB_OUTPUT"):
        _append(Path(outputs), f"saved-bytes={report.saved}\n", _OUTPUT_LIMIT)


def _append(file: Path, text: str, limit: int) -> None:
    data = text.encode("utf-8", "backslashreplace")
    try:
        free = limit - (file.stat().st_size if file.exists() else 0)
        if len(data) <= free:
            with file.open("ab") as summary:
                summary.write(data)
    except OSError:
        pass  # a missing summary is no reason to fail a build
