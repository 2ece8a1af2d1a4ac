"""What a run did: every file, and the totals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import OVER_LIMITS, Reason
from ..outcome import Compressed, Failed, Kept, Outcome
from .verdict import State

if TYPE_CHECKING:
    from ..advice import Finding
    from ..view import Pictured
    from .pages import PagesReport
    from .verdict import Verdict


@dataclass(frozen=True)
class Totals:
    """The result of one run. `outcomes` are in the order of their names."""

    outcomes: tuple[Outcome, ...]
    #: who compressed, in words
    backend: str
    seconds: float  #: wall-clock
    #: troubles of the run as a whole: the cache, the backend
    warnings: tuple[str, ...] = ()
    #: what should be done elsewhere, now that files have changed
    advice: tuple[str, ...] = ()
    #: what became of HTML pages, None where these are no concern of the run
    pages: PagesReport | None = None
    #: whether the run keeps to each of its budgets
    budgets: tuple[Verdict, ...] = ()
    #: whether the run was ended before all files were done; those that were not are missing here
    interrupted: bool = False
    #: what a person could still do, the most bytes first
    findings: tuple[Finding, ...] = ()
    #: lossy results beside their originals, for a report that shows pictures
    pictures: tuple[Pictured, ...] = ()

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
        """Whether every answer came from the cache, and there was one at least."""
        if any(kept.reason is Reason.NOT_CACHED for kept in self.kept):
            return False
        asked = [
            outcome
            for outcome in self.outcomes
            if not (isinstance(outcome, Kept) and outcome.reason in _NOT_ASKED)
        ]
        answered = any(not isinstance(outcome, Failed) for outcome in asked)
        return answered and all(outcome.from_cache for outcome in asked)

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
        """The files that could not be worked on, and those that are missing from an output."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Failed)]

    @property
    def skipped(self) -> list[Kept]:
        """The files that need more than `timeout` or `memory_limit` allows."""
        return [outcome for outcome in self.kept if outcome.reason in OVER_LIMITS]

    @property
    def exceeded(self) -> list[Verdict]:
        """The budgets that the run does not keep to."""
        return [verdict for verdict in self.budgets if verdict.state is State.EXCEEDED]

    @property
    def missing(self) -> list[Failed]:
        """The files that should have a copy in the output, and have none that is up to date."""
        return [outcome for outcome in self.failed if outcome.is_missing]


#: the reasons that need no look into a cache
_NOT_ASKED = frozenset([
    Reason.COMPRESSION_NONE, Reason.LFS_POINTER, Reason.LINK, Reason.OVER_MAX_FILE_SIZE,
    Reason.UNSUPPORTED_FORMAT,
])  # fmt: skip
