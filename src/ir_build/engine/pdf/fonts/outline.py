"""A glyph's outline and hints, in the operators of Type 2 charstrings by fontTools' names."""

from __future__ import annotations

from dataclasses import dataclass, field

Number = int | float
#: where a stem begins, and its width
Stem = tuple[Number, Number]

#: puts another set of hints in force
HINTS = "hints"


@dataclass(slots=True)
class Outline:
    """A glyph in the order of Type 2: first its width."""

    width: Number = 0
    #: drawing operators with their operands, and `HINTS` with an index into `hints`
    steps: list[tuple[str, list[Number]]] = field(default_factory=list)
    #: sets of horizontal and vertical stems, one after the other in force
    hints: list[tuple[set[Stem], set[Stem]]] = field(default_factory=list)
    #: for a glyph made of two others: the place of the accent, and the codes of base and accent
    accented: tuple[Number, Number, int, int] | None = None
