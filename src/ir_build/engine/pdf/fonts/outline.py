"""The outline and the hints of a glyph. Operators are those of Type 2 charstrings, by fontTools' names."""

from __future__ import annotations

from dataclasses import dataclass, field

Number = int | float
#: the beginning and the width of a stem
Stem = tuple[Number, Number]

#: the step that switches to another set of hints
HINTS = "hints"


@dataclass(slots=True)
class Outline:
    """A glyph. All numbers are in units of the font."""

    width: Number = 0
    #: drawing operators with their operands, and `HINTS` with an index into `hints`
    steps: list[tuple[str, list[Number]]] = field(default_factory=list)
    #: sets of horizontal and of vertical stems; one pair at a time is switched on
    hints: list[tuple[set[Stem], set[Stem]]] = field(default_factory=list)
    #: for a glyph made of two others: x and y of the accent, and the codes of base and accent
    accented: tuple[Number, Number, int, int] | None = None
