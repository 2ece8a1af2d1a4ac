"""The report as Markdown, for pull requests and job summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..outcome import STATUSES, Failed, Kept, Outcome
from .escape import markdown
from .findings import markdown_lines
from .numbers import duration, files, share, size
from .text import told_lines

if TYPE_CHECKING:
    from .totals import Totals


def to_markdown(report: Totals, *, rows: int | None = None) -> str:
    """The totals, what failed, and a table of the files.

    With `rows`, only the files that saved most are in the table, and it says how many are not.
    """
    return "\n".join(_lines(report, rows)) + "\n"


def _lines(report: Totals, rows: int | None) -> Iterator[str]:
    # An empty line ends a paragraph.
    yield "## Images and PDFs\n"
    if report.outcomes:
        yield (
            f"**Saved {size(report.saved)} of {size(report.before)} "
            f"({share(report.saved, report.before)})** in {files(len(report.outcomes))}, "
            f"by {markdown(report.backend)}, in {duration(report.seconds)}.\n"
        )
    else:
        yield "Interrupted.\n" if report.interrupted else "No images or PDFs found.\n"
    if report.all_cached:
        yield "Everything was cached: nothing was compressed in this run.\n"
    if report.interrupted and report.outcomes:
        yield "> The run was interrupted: files that were not done are missing here.\n"
    for told in (*map(str, report.exceeded), *told_lines(report)):
        yield f"> {markdown(told)}\n"
    if report.outcomes:
        yield from _totals(report)
    shipped = [failed for failed in report.failed if not failed.is_missing]
    yield from _files("Missing from the output", map(_failure, report.missing), rows)
    yield from _files("Could not be worked on, shipped as they were", map(_failure, shipped), rows)
    skipped = [f"{markdown(one.name)}: {markdown(one.why)}" for one in report.skipped]
    yield from _files(
        "Skipped, shipped as they were; with a higher limit they are tried again", skipped, rows
    )
    yield from markdown_lines(report.findings)
    if report.outcomes:
        yield from _table(report, rows)


def _totals(report: Totals) -> Iterator[str]:
    """What became of the files, in numbers."""
    counts = report.counts
    yield "| | files | before | after | saved |"
    yield "|-|-:|-:|-:|-:|"
    for status in STATUSES:
        if counts[status]:
            yield _total(status, [one for one in report.outcomes if one.status == status])
    yield _total("**all**", list(report.outcomes)) + "\n"


def _table(report: Totals, rows: int | None) -> Iterator[str]:
    """The files but those that failed, folded."""
    shown = [one for one in report.outcomes if not isinstance(one, Failed)]
    if rows is not None and len(shown) > rows:
        shown = sorted(shown, key=lambda one: (-one.saved, one.name))[:rows]
        title = f"The {rows} files that saved most"
    else:
        title = files(len(shown))
    yield f"<details><summary>{title}</summary>\n"
    yield "| file | before | after | saved | |"
    yield "|-|-:|-:|-:|-|"
    for outcome in shown:
        yield (
            f"| {markdown(outcome.name)} | {size(outcome.before)} | {size(outcome.after)} "
            f"| {share(outcome.saved, outcome.before)} | {markdown(_remark(outcome))} |"
        )
    yield "\n</details>"


def _failure(failed: Failed) -> str:
    return f"{markdown(failed.name)}: {markdown(failed.message)}"


def _files(title: str, told: Iterable[str], rows: int | None) -> Iterator[str]:
    lines = list(told)
    if not lines:
        return
    yield f"### {title}\n"
    for line in lines[:rows]:
        yield f"- {line}"
    if rows is not None and len(lines) > rows:
        yield f"- and {len(lines) - rows} more"
    yield ""


def _total(name: str, outcomes: list[Outcome]) -> str:
    before = sum(outcome.before for outcome in outcomes)
    after = sum(outcome.after for outcome in outcomes)
    return (
        f"| {name} | {len(outcomes)} | {size(before)} | {size(after)} "
        f"| {share(before - after, before)} |"
    )


def _remark(outcome: Outcome) -> str:
    remarks = list(outcome.notes)
    if isinstance(outcome, Kept):
        remarks.insert(0, outcome.why)
    elif outcome.from_cache:
        remarks.insert(0, "cached")
    return "; ".join(remarks)
