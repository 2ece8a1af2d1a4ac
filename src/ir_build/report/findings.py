"""Findings as people read them: grouped by kind, the most bytes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..advice import Kind
from .columns import fitting, shortened, width
from .escape import markdown, printable
from .numbers import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..advice import Finding

#: how many a report tells; the rest is counted
_TOLD = 5
# A page's weight is that of its files, which have findings of their own.
_OF_PAGES = Kind.HEAVY_PAGE
_BROKEN = Kind.LFS_POINTER
# They take room, but nobody loads them.
_UNLOADED = Kind.ORPHAN
# Columns of a name that are always there.
_LEAST_NAME = 16


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one kind, the most bytes first."""

    kind: Kind
    findings: tuple[Finding, ...]

    @property
    def at_stake(self) -> int:
        """Bytes."""
        return sum(one.at_stake for one in self.findings)

    @property
    def title(self) -> str:
        """The kind, how many there are, and their bytes."""
        return f"{self.kind.title} ({len(self.findings)})"


def at_stake(findings: Sequence[Finding]) -> int:
    """Bytes of all findings together; a file that has several counts once."""
    most: dict[str, int] = {}
    for one in findings:
        if one.kind != _OF_PAGES:
            most[one.name] = max(most.get(one.name, 0), one.at_stake)
    return sum(most.values())


def in_groups(findings: Sequence[Finding]) -> list[Group]:
    """The findings by kind, the kinds with the most bytes first."""
    kinds = dict.fromkeys(one.kind for one in findings)
    groups = [Group(kind, tuple(one for one in findings if one.kind == kind)) for kind in kinds]
    return sorted(groups, key=lambda group: -group.at_stake)


def next_step(findings: Sequence[Finding]) -> Group | None:
    """What is worth doing first: what is broken, what readers load, what takes room, and then the rest."""

    def rank(group: Group) -> int:
        if group.kind == _BROKEN:
            return 0
        return 3 if not group.at_stake else 2 if group.kind == _UNLOADED else 1

    return min(in_groups(findings), key=rank, default=None)


def one_line(finding: Finding, columns: int | None = None) -> str:
    """A finding without its kind, in at most so many `columns`; a long name loses its middle."""
    stake = size(finding.at_stake) if finding.at_stake else "-"
    begin, text = f"{stake:>9}  ", f": {printable(finding.text)}"
    name = printable(finding.name)
    if columns is None:
        return begin + name + text
    room = columns - width(begin)
    line = shortened(name, max(_LEAST_NAME, room - width(text))) + text
    return begin + (line if width(line) <= room else f"{fitting(line, room - 3)}...")


def text_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """For the text report: the first findings, and how many there are."""
    if findings:
        yield ""
        yield _heading(findings)
        for one in findings[:_TOLD]:
            yield f"{one_line(one)} ({one.kind.mend})"
        yield from _rest(findings)


def markdown_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The same for Markdown."""
    if findings:
        yield f"### {_heading(findings)}\n"
        for one in findings[:_TOLD]:
            stake = f"{size(one.at_stake)}, " if one.at_stake else ""
            yield f"- {stake}{markdown(one.name)}: {markdown(one.text)} ({markdown(one.kind.mend)})"
        yield from (f"- {line}" for line in _rest(findings))
        yield ""


def _heading(findings: Sequence[Finding]) -> str:
    return f"What could still be done: {size(at_stake(findings))} at stake"


def _rest(findings: Sequence[Finding]) -> Iterator[str]:
    if len(findings) > _TOLD:
        yield f"and {len(findings) - _TOLD} more, which `ir-build advise` lists"
