"""A glyph's outline and hints, in the operators that Type 1 and Type 2 charstrings share."""

from __future__ import annotations

from dataclasses import dataclass, field

Number = int | float
#: where a stem begins, and its width
Stem = tuple[Number, Number]

VMOVETO, RLINETO, HLINETO, VLINETO, RRCURVETO = 4, 5, 6, 7, 8
RMOVETO, HMOVETO, VHCURVETO, HVCURVETO = 21, 22, 30, 31
#: two curves that may be drawn as a line: twelve coordinates and a depth
FLEX = 35
#: puts another set of hints in force
HINTS = -1


@dataclass(slots=True)
class Outline:
    """A glyph as Type 2 wants it: a width, and the rest in order."""

    width: Number = 0
    #: drawing operators with their operands, and `HINTS` with an index into `hints`
    steps: list[tuple[int, list[Number]]] = field(default_factory=list)
    #: sets of horizontal and vertical stems, one after the other in force
    hints: list[tuple[set[Stem], set[Stem]]] = field(default_factory=list)
    #: of a glyph made of two others: where the accent goes, codes of base and accent
    accented: tuple[Number, Number, int, int] | None = None
