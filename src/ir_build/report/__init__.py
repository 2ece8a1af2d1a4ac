"""What a run did: every file, the totals, and the forms of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..atomic import write_text
from ..outcome import Cached, Compressed, Failed, Kept
from .html import to_html
from .json import to_json
from .junit import to_junit
from .markdown import to_markdown
from .sarif import to_sarif
from .text import to_text
from .totals import Totals


@dataclass(frozen=True)
class Report(Totals):
    """The result of one run, which can be written to a file."""

    def write(self, path: Path) -> None:
        """Write the report to `path`, in the form that its suffix asks for. Raises OSError."""
        write_text(path, WRITERS[path.suffix](self))


#: suffix of a report file to the function that writes its text
WRITERS: dict[str, Callable[[Totals], str]] = {
    ".html": to_html,
    ".json": to_json,
    ".md": to_markdown,
    ".txt": to_text,
    ".sarif": to_sarif,
    ".xml": to_junit,
}

__all__ = ["WRITERS", "Cached", "Compressed", "Failed", "Kept", "Report"]
