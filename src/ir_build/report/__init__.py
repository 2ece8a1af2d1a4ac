"""What a run did: every file, the totals, and the forms in which that is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..atomic import write_text
from ..outcome import Cached, Compressed, Failed, Kept
from .json import to_json
from .markdown import to_markdown
from .text import to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..outcome import Outcome


@dataclass(frozen=True)
class Report:
    """The result of one run. `outcomes` are in the order of their names."""

    outcomes: tuple[Outcome, ...]
    #: who compressed, in words
    backend: str
    seconds: float  #: wall-clock
    #: troubles of the run as a whole: the cache, the backend
    warnings: tuple[str, ...] = ()

    @cached_property
    def before(self) -> int:
        """Bytes of all files as they were found."""
        return sum(outcome.before for outcome in self.outcomes)

    @cached_property
    def after(self) -> int:
        """Bytes of all files as they are shipped."""
        return sum(outcome.after for outcome in self.outcomes)

    @property
    def saved(self) -> int:
        """Bytes."""
        return self.before - self.after

    @cached_property
    def counts(self) -> Counter[str]:
        """How many files were compressed, cached, kept and failed."""
        return Counter(outcome.status for outcome in self.outcomes)

    @property
    def all_cached(self) -> bool:
        """Whether every answer was known already, so that nothing was compressed."""
        return bool(self.outcomes) and all(outcome.from_cache for outcome in self.outcomes)

    @property
    def optimised(self) -> list[Compressed]:
        """The files that got smaller, `Cached` ones included."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Compressed)]

    @property
    def kept(self) -> list[Kept]:
        """The files that stay as they are, each with its reason."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Kept)]

    @property
    def failed(self) -> list[Failed]:
        """The files that could not be worked on; they are shipped as they are."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Failed)]

    def write(self, path: Path) -> None:
        """Write the report to `path`, in the form that its suffix asks for. Raises OSError."""
        write_text(path, WRITERS[path.suffix](self))


#: suffix of a report file to the function that writes its text
WRITERS: dict[str, Callable[[Report], str]] = {
    ".json": to_json,
    ".md": to_markdown,
    ".txt": to_text,
}

__all__ = ["WRITERS", "Cached", "Compressed", "Failed", "Kept", "Report"]
