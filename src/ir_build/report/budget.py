"""Budgets: limits that fail the build when a run exceeds them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..globs import matcher
from ..outcome import Compressed, Failed, Kept
from . import stored
from .diff import diff
from .escape import printable
from .mend import what_mends
from .numbers import change, files, share, size
from .verdict import State, Verdict

if TYPE_CHECKING:
    from ..outcome import Outcome
    from .diff import Diff
    from .totals import Totals

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What a run has to keep to. Sizes are bytes, shares are floats; None is no limit."""

    max_total: int | None = None
    max_file: int | None = None
    min_saved: int | float | None = None
    #: by `total`, `per_file`, `per_page` or a glob
    by_key: Mapping[str, int] = field(default_factory=dict)
    max_growth: int | float | None = None
    baseline: Path | None = None  #: the report that `max_growth` is measured against

    def judge(
        self, report: Totals, *, baseline: stored.Stored | None, folders: Iterable[str] = ()
    ) -> tuple[Verdict, ...]:
        """A verdict for each budget.

        `baseline` is the report of that name, None when there is none yet. Globs may begin at one of
        `folders`, too, which are the beginnings of names with the `/`.
        """
        found = []
        if self.max_total is not None:
            found.append(_total("max_total", report, report.outcomes, self.max_total))
        if self.max_file is not None:
            found.append(_per_file("max_file", report, self.max_file))
        if self.min_saved is not None:
            found.append(_min_saved(report, self.min_saved))
        for key, limit in self.by_key.items():
            found.append(_by_key(key, report, limit, tuple(folders)))
        if self.max_growth is not None:
            found.append(self._growth(report, self.max_growth, baseline))
        return tuple(found)

    def read_baseline(self) -> stored.Stored | None:
        """The report that `max_growth` is measured against; None as long as it is not there.

        Raises `ConfigError` when it is damaged, or not of a whole run.
        """
        if self.max_growth is None or self.baseline is None or not self.baseline.exists():
            return None
        return whole(stored.read(self.baseline))

    def _growth(
        self,
        report: Totals,
        allowed: int | float,  # noqa: PYI041  (they mean different things)
        baseline: stored.Stored | None,
    ) -> Verdict:
        if baseline is not None:
            return growth(diff(baseline, stored.of(report)), allowed, baseline.where)
        told = (
            "not judged: baseline names no report"
            if self.baseline is None
            else f"not judged: {printable(str(self.baseline))} is not there yet"
        )
        return Verdict("max_growth", State.UNKNOWN, 0, None, told)


def whole(report: stored.Stored) -> stored.Stored:
    """`report`. Raises `ConfigError` when it lacks files, since these would count as growth."""
    if report.interrupted:
        reason = "is of a run that was interrupted, so that growth cannot be told; make it again"
        raise ConfigError("the report", report.where, reason)
    return report


def growth(
    found: Diff,
    allowed: int | float,  # noqa: PYI041
    where: str,
) -> Verdict:
    """Whether the files have not grown by more than `allowed`: bytes as an int, a share as a float.

    `where` is what the older report is called.
    """
    limit = int(allowed * found.before) if isinstance(allowed, float) else allowed
    grown = found.after - found.before
    if grown <= limit:
        return Verdict("max_growth", State.KEPT, limit, max(0, grown))
    largest = sorted(found.changes, key=lambda one: (-one.growth, one.name))
    largest = [one for one in largest if one.growth > 0]
    told = ", ".join(
        f"{one.kind} {printable(one.name)} ({change(one.before, one.after)})"
        for one in largest[:_NAMED]
    )
    asked = f"{100 * allowed:g} %" if isinstance(allowed, float) else size(limit)
    return Verdict(
        "max_growth", State.EXCEEDED, limit, grown,
        f"{change(found.before, found.after)} since {where}, {asked} are allowed: "
        f"{told}{_more(largest)}",
        tuple(one.name for one in largest[:_NAMED]),
    )  # fmt: skip


def _by_key(key: str, report: Totals, limit: int, folders: tuple[str, ...]) -> Verdict:
    match key:
        case "total":
            return _total("budgets.total", report, report.outcomes, limit)
        case "per_file":
            return _per_file("budgets.per_file", report, limit)
        case "per_page":
            return _per_page(report, limit)
    name = f"budgets.{json.dumps(key)}"
    matches = _any_name(matcher([key]), folders)
    found = [one for one in report.outcomes if matches(one.name)]
    if not found:
        return Verdict(name, State.UNKNOWN, limit, None, "not judged: no file matches it")
    return _total(name, report, found, limit)


def _any_name(matches: Callable[[str], bool], folders: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: (
        matches(name)
        or any(matches(name.removeprefix(folder)) for folder in folders if name.startswith(folder))
    )


def _total(name: str, report: Totals, outcomes: Sequence[Outcome], limit: int) -> Verdict:
    used = sum(one.after for one in outcomes)
    if used <= limit:
        return Verdict(name, State.KEPT, limit, used)
    large = _largest(outcomes)
    return Verdict(
        name, State.EXCEEDED, limit, used,
        f"{size(used)} in all, {size(limit)} are allowed; the largest: {_named(large)}",
        tuple(one.name for one in large[:_NAMED]), _mend(report, large[0]),
    )  # fmt: skip


def _per_file(name: str, report: Totals, limit: int) -> Verdict:
    large = _largest(one for one in report.outcomes if one.after > limit)
    if not large:
        used = max((one.after for one in report.outcomes), default=0)
        return Verdict(name, State.KEPT, limit, used)
    verb = "is" if len(large) == 1 else "are"
    return Verdict(
        name, State.EXCEEDED, limit, large[0].after,
        f"{files(len(large))} {verb} over {size(limit)}: {_named(large)}",
        tuple(one.name for one in large), _mend(report, large[0]),
    )  # fmt: skip


def _per_page(report: Totals, limit: int) -> Verdict:
    name = "budgets.per_page"
    if report.pages is None:
        told = "not judged: what a page loads is known where `pages` edits them, as in pages: true"
        return Verdict(name, State.UNKNOWN, limit, None, told)
    loads = [(one.after["desktop"], page) for page, one in report.pages.by_page.items()]
    large = sorted(((-used, page) for used, page in loads if used > limit))
    if not large:
        return Verdict(name, State.KEPT, limit, max((used for used, _ in loads), default=0))
    told = ", ".join(f"{printable(page)} ({size(-used)})" for used, page in large[:_NAMED])
    verb = "page loads" if len(large) == 1 else "pages load"
    return Verdict(
        name, State.EXCEEDED, limit, -large[0][0],
        f"{len(large)} {verb} more than {size(limit)} of pictures: {told}{_more(large)}",
        tuple(page for _, page in large[:_NAMED]),
        "show fewer pictures there, or smaller ones (resize, a lower quality)",
    )  # fmt: skip


def _min_saved(report: Totals, asked: int | float) -> Verdict:  # noqa: PYI041
    if isinstance(asked, float):
        limit = math.ceil(asked * report.before)
        too_little = report.saved < asked * report.before
        told = f"{share(report.saved, report.before)} saved, {100 * asked:g} % are asked for"
    else:
        limit, too_little = asked, report.saved < asked
        told = f"{size(report.saved)} saved, {size(asked)} are asked for"
    state = State.EXCEEDED if too_little else State.KEPT
    return Verdict("min_saved", state, limit, report.saved, told if too_little else "")


def _largest(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda one: (-one.after, one.name))


def _named(large: Sequence[Outcome]) -> str:
    named = ", ".join(f"{printable(one.name)} ({size(one.after)})" for one in large[:_NAMED])
    return f"{named}{_more(large)}"


def _more(large: Sequence[object]) -> str:
    return f" and {len(large) - _NAMED} more" if len(large) > _NAMED else ""


def _mend(report: Totals, outcome: Outcome) -> str:
    """What became of a file, and what makes it smaller."""
    match outcome:
        case Kept():
            told = f"kept, {outcome.why}"
        case Failed():
            told = f"failed, {outcome.message}"
        case Compressed():
            loss = "with" if outcome.lossy else "without"
            told = f"compressed {loss} loss from {size(outcome.before)}"
    return printable(f"{outcome.name}: {told}; {what_mends(outcome, report.findings)}")
