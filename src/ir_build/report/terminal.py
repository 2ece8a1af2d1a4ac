"""The end of a run on a terminal: in 80 columns and 20 lines, with the one thing worth doing next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .columns import shortened, wrapped
from .escape import printable
from .findings import next_step as next_finding
from .mend import what_mends
from .numbers import files, share, size
from .text import failure_line, skipped_line, summary_line, told_lines

if TYPE_CHECKING:
    from ..outcome import Outcome
    from .totals import Totals

COLUMNS = 80
LINES = 20
_FAILURES = 2  #: how many failures have a line
_TOLD = 5  #: lines of what is told beside the totals
_NAME = 40  #: columns of a name within a sentence
_NUMBERS = 30  #: columns before the name of a file


def warning_lines(report: Totals, columns: int) -> Iterator[str]:
    """The first failures, those that cost a file above all, and how many more there are."""
    failed = sorted(report.failed, key=lambda one: not one.is_missing)
    for one in failed[:_FAILURES]:
        told = failure_line(one).replace(printable(one.name), _short(one), 1)
        yield from wrapped(f"warning: {told}", columns, most=2)
    if len(failed) > _FAILURES:
        yield f"warning: {len(failed) - _FAILURES} more failed; -v names all files"


def file_rows(outcomes: Iterable[Outcome], columns: int, most: int) -> Iterator[str]:
    """A line for each file, those first that saved most; at most `most` lines."""
    ordered = sorted(outcomes, key=lambda one: (-one.saved, one.name))
    shown = ordered if len(ordered) <= most else ordered[: max(0, most - 1)]
    for one in shown:
        saved = f"-{share(one.saved, one.before)}"
        name = shortened(printable(one.name), columns - _NUMBERS)
        yield f"{size(one.before):>9} {size(one.after):>9} {saved:>8}  {name}"
    if left := ordered[len(shown) :]:
        saved_there = size(sum(one.saved for one in left))
        yield f"and {files(len(left))} more that saved {saved_there}; -v names all files"


def closing_lines(report: Totals, columns: int) -> list[str]:
    """The totals, what is told beside them, and what to do next."""
    lines = [*wrapped(summary_line(report), columns), *beside_lines(report, columns)]
    if step := next_step(report):
        lines += wrapped(f"next: {step}", columns, most=3)
    return lines


def beside_lines(report: Totals, columns: int) -> list[str]:
    """What is told beside the totals, in few lines."""
    lines = [
        line for one in told_lines(report) for line in wrapped(printable(one), columns, most=2)
    ]
    return lines if len(lines) <= _TOLD else [*lines[: _TOLD - 1], "more is told with -v"]


def skipped_lines(report: Totals, columns: int) -> Iterator[str]:
    """The first file that met a limit; the totals count the others."""
    for one in report.skipped[:1]:
        told = skipped_line(one).replace(printable(one.name), _short(one), 1)
        yield from wrapped(told, columns, most=2)


def next_step(report: Totals) -> str | None:
    """The one thing worth doing next, None when there is nothing to do."""
    mends = [verdict.mend for verdict in report.exceeded if verdict.mend]
    failed = [f"{_short(one)}: {what_mends(one)}" for one in report.failed if not one.is_missing]
    missing = [f"{_short(one)}: {what_mends(one)}" for one in report.missing]
    group = next_finding(report.findings)
    found = [
        f"{shortened(printable(one.name), _NAME)}: {printable(one.text)}; {one.kind.mend}"
        for one in (group.findings[:1] if group else ())
    ]
    return next(iter([*missing, *mends, *failed, *found]), None)


def _short(outcome: Outcome) -> str:
    return shortened(printable(outcome.name), _NAME)
