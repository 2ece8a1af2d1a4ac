"""The report for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..outcome import Cached, Compressed, Failed, Kept, Outcome
from .escape import printable
from .findings import text_lines
from .numbers import duration, files, share, size
from .verdict import State

if TYPE_CHECKING:
    from .totals import Totals


def to_text(report: Totals) -> str:
    """Every file on a line, then the totals."""
    lines = [*file_lines(report.outcomes), "", *summary_lines(report)]
    lines += text_lines(report.findings)
    lines += map(str, report.exceeded)
    return "\n".join(lines) + "\n"


def file_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A line for each file: before, after, saved, name and remark. A crash adds what was printed."""
    for outcome in outcomes:
        saved = f"-{share(outcome.saved, outcome.before)}" if outcome.saved else ""
        yield (
            f"{size(outcome.before):>9} {size(outcome.after):>9} {saved:>8}  "
            f"{printable(outcome.name)}{_remark(outcome)}"
        )
        if isinstance(outcome, Failed):
            yield from (f"    {printable(line)}" for line in outcome.output.splitlines())


def summary_line(report: Totals) -> str:
    """The run in one line."""
    if not report.outcomes:
        return (
            "interrupted before any file was done"
            if report.interrupted
            else "no images or PDFs found"
        )
    counts = report.counts
    optimised = counts["compressed"] + counts["cached"]
    parts = ["interrupted before all files were done"] if report.interrupted else []
    parts.append(f"{optimised} of {files(len(report.outcomes))} optimised")
    if report.all_cached:
        parts.append("everything cached, nothing compressed")
    elif counts["cached"]:
        parts.append(f"{counts['cached']} from the cache")
    if report.skipped:
        parts.append(f"{len(report.skipped)} skipped")
    if counts["failed"]:
        parts.append(f"{counts['failed']} failed")
    return (
        f"{size(report.before)} -> {size(report.after)}, saved {size(report.saved)} "
        f"({share(report.saved, report.before)}): {', '.join(parts)}, "
        f"{duration(report.seconds)}"
    )


def summary_lines(report: Totals) -> Iterator[str]:
    """The totals, by type and altogether, and what went wrong with the run as a whole."""
    types: dict[str, list[Outcome]] = {}
    for outcome in report.outcomes:
        types.setdefault(outcome.media or "unknown", []).append(outcome)
    if len(types) > 1:
        for name, members in sorted(types.items()):
            before = sum(outcome.before for outcome in members)
            after = sum(outcome.after for outcome in members)
            saved = f"-{share(before - after, before)}" if before > after else ""
            yield f"{size(before):>9} {size(after):>9} {saved:>8}  {name}: {files(len(members))}"
        yield ""
    yield summary_line(report)
    yield from told_lines(report)


def told_lines(report: Totals) -> Iterator[str]:
    """What is to be told beside the totals: of pages, of the run as a whole, of what is to be done."""
    if report.pages is not None:
        yield from report.pages.lines()
    yield from report.warnings
    yield from report.advice
    yield from unjudged_lines(report)


def unjudged_lines(report: Totals) -> Iterator[str]:
    """The budgets of which nothing can be said, and why."""
    yield from (str(one) for one in report.budgets if one.state is State.UNKNOWN)


def failure_line(outcome: Failed) -> str:
    """What is wrong with one file, and what became of it."""
    return printable(f"{outcome.name}: {what_became_of(outcome)}")


def skipped_line(outcome: Kept) -> str:
    """Why a file met a limit, and what can be done."""
    told = f"{outcome.name}: skipped, {outcome.why}"
    return printable(f"{told}; with a higher limit it is tried again")


def what_became_of(outcome: Failed) -> str:
    """What is wrong with one file, and where that leaves it."""
    return outcome.message if outcome.is_missing else f"{outcome.message}; shipped as it was"


def _remark(outcome: Outcome) -> str:
    remarks = []
    match outcome:
        case Cached():
            remarks.append("cached")
        case Kept():
            remarks.append(f"kept, {outcome.why}")
        case Failed():
            remarks.append(f"FAILED, {outcome.message}")
        case Compressed():
            pass
    remarks.extend(outcome.notes)
    return f"  ({printable('; '.join(remarks))})" if remarks else ""
