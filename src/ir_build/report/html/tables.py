"""Tables of an HTML report: by type, the largest files, and every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...outcome import STATUSES, Compressed, Failed, Kept, Outcome
from ..mend import what_mends
from ..numbers import files, share, size
from .text import anchor, kilobytes, percent, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...advice import Finding
    from ..totals import Totals

_LARGEST = 10


def types_table(outcomes: Sequence[Outcome]) -> str:
    """Bytes by type, before and after, the heaviest first."""
    types: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        types.setdefault(outcome.media or "unknown", []).append(outcome)
    sums = [
        (name, len(all_of), sum(one.before for one in all_of), sum(one.after for one in all_of))
        for name, all_of in types.items()
    ]
    most = max((before for _, _, before, _ in sums), default=0)
    rows = "".join(
        f"<tr><th scope=row><i class={name}></i>{name}<td>{count:,}<td>{kilobytes(before)}"
        f"<td>{kilobytes(after)}<td>{percent(before - after, before)}<td>{_bar(before, after, most)}"
        for name, count, before, after in sorted(sums, key=lambda one: (-one[3], one[0]))
    )
    return (
        "<div class=scroll tabindex=0 role=group aria-label='Bytes by type'><table class=types>"
        "<caption>Bytes by type, the heaviest first, in kB</caption><thead><tr><th scope=col>Type"
        "<th scope=col>Files<th scope=col>Before<th scope=col>After<th scope=col>Saved %"
        "<th scope=col class=wide>After, of before</thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _bar(before: int, after: int, most: int) -> str:
    full, left = (100 * part / most if most else 0 for part in (before, after))
    return (
        "<svg class=bar width=100% height=14 aria-hidden=true focusable=false>"
        f"<rect class=before width={full:.1f}% height=14 rx=3 />"
        f"<rect class=after width={left:.1f}% height=14 rx=3 /></svg>"
    )


def largest_files(report: Totals) -> list[Outcome]:
    """The files that weigh most as they are shipped."""
    return sorted(report.outcomes, key=lambda one: (-one.after, one.name))[:_LARGEST]


def largest_table(report: Totals) -> str:
    """The largest files left, and why they are no smaller."""
    shown = {one.name for one in report.pictures}
    rows = "".join(
        f"<tr><th scope=row>{_linked(one.name, shown)}<td>{size(one.after)}<td>{safe(_stays(one))}"
        f"<td>{safe(what_to_do(one, report.findings))}"
        for one in largest_files(report)
    )
    return (
        "<div class=scroll tabindex=0 role=group aria-label='The largest files left'>"
        "<table class=largest><caption>The largest files left, and why they stay so</caption>"
        "<thead><tr><th scope=col>Name<th scope=col>Weighs<th scope=col>Why"
        "<th scope=col>What would make it smaller</thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _linked(name: str, shown: set[str]) -> str:
    return f'<a href="#{anchor(name)}">{safe(name)}</a>' if name in shown else safe(name)


def _stays(outcome: Outcome) -> str:
    match outcome:
        case Kept():
            return f"stays as it was: {outcome.why}"
        case Failed():
            return f"could not be worked on: {outcome.message}"
        case Compressed(lossy=True):
            score = "" if outcome.score is None else f", score {outcome.score:.1f}"
            return f"{share(outcome.saved, outcome.before)} smaller{score}"
    return f"{share(outcome.saved, outcome.before)} smaller, nothing lost"


def what_to_do(outcome: Outcome, findings: Iterable[Finding] = ()) -> str:
    """What makes a file smaller, or mends it, as a sentence."""
    told = what_mends(outcome, findings)
    return f"{told[:1].upper()}{told[1:]}."


def files_table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Every file, those that saved most first. Rows are short, since there may be ten thousand."""
    ordered = sorted(outcomes, key=lambda one: (-one.saved, one.name))
    columns = (
        "<th scope=col>Name<th scope=col>Type<th scope=col>Before<th scope=col>After"
        "<th scope=col aria-sort=descending>Saved<th scope=col>%<th scope=col>Score"
        "<th scope=col>What became of it"
    )
    yield (
        "<div class=filters hidden><label>Find <input type=search autocomplete=off></label>"
        f"<label>Type <select><option value=''>all</option>{_options(ordered)}</select></label>"
        f"<label>Became <select><option value=''>anything</option>{_statuses(ordered)}</select>"
        "</label><output></output></div>"
        "<div class='scroll every' tabindex=0 role=group aria-label='Every file'><table class=files>"
        f"<caption>{files(len(ordered))}, those that saved most first; sizes in kB</caption>"
        f"<thead><tr>{columns}</thead><tbody>"
    )
    yield "\n".join(map(_row, ordered))
    yield "</tbody></table></div><p><button type=button class=all hidden></button></p>"


def _options(outcomes: Iterable[Outcome]) -> str:
    return "".join(
        f"<option>{kind}</option>" for kind in sorted({one.media or "unknown" for one in outcomes})
    )


def _statuses(outcomes: Iterable[Outcome]) -> str:
    there = {one.status for one in outcomes}
    return "".join(f"<option>{status}</option>" for status in STATUSES if status in there)


def _row(outcome: Outcome) -> str:
    score = getattr(outcome, "score", None)
    return (
        f"<tr><th scope=row>{safe(outcome.name)}<td>{outcome.media or 'unknown'}"
        f"<td>{kilobytes(outcome.before)}<td>{kilobytes(outcome.after)}"
        f"<td>{kilobytes(outcome.saved) if outcome.saved else ''}"
        f"<td>{percent(outcome.saved, outcome.before)}<td>{'' if score is None else f'{score:.1f}'}"
        f"<td>{safe(_became(outcome))}"
    )


def _became(outcome: Outcome) -> str:
    match outcome:
        case Kept():
            told = f"kept: {outcome.why}"
        case Failed():
            told = f"failed: {outcome.message}"
        case Compressed():
            loss = "lossy" if outcome.lossy else "lossless"
            told = f"{outcome.status}, {loss}"
    return "; ".join((told, *outcome.notes))
