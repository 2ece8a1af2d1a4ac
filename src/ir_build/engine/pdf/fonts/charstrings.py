"""Outlines written as Type 2 charstrings (Adobe technical note 5177) by fontTools, hints included."""

from __future__ import annotations

from collections.abc import Sequence

from fontTools.cffLib.specializer import commandsToProgram, specializeCommands
from fontTools.misc.psCharStrings import T2CharString

from .outline import HINTS, Number, Outline, Stem
from .type1 import Unusual

# How many operands an interpreter can hold, and how many stems it knows (technical note 5177, appendix B).
_STACK = 48
_MOST_STEMS = 96

_Token = Number | str | bytes
#: an operator and its operands
_Command = tuple[str, Sequence[_Token]]


def encode(outline: Outline, nominal: Number) -> bytes:
    """The Type 2 charstring of a glyph. A width of `nominal` is left out. Raises `Unusual`."""
    width = [] if outline.width == nominal else [outline.width - nominal]
    if outline.accented is not None:
        return _compiled([*width, *outline.accented, "endchar"])
    horizontal, vertical = (
        sorted(set().union(*(group[axis] for group in outline.hints))) for axis in (0, 1)
    )
    masked = len(outline.hints) > 1
    if len(horizontal) + len(vertical) > _MOST_STEMS:
        raise Unusual("too many stems")
    stems = [(0, one) for one in horizontal] + [(1, one) for one in vertical]
    commands: list[_Command] = _masked(stems, outline.hints[0]) if masked else []
    for operator, operands in outline.steps:
        if operator == HINTS:
            commands += _masked(stems, outline.hints[int(operands[0])])
        else:
            commands.append((operator, operands))
    # Some rasterisers apply hints by the number of a point. So all points stay.
    shortest = specializeCommands(commands, preserveTopology=True, maxstack=_STACK)
    return _compiled(
        [
            *width,
            *_stems(horizontal, "hstemhm" if masked else "hstem"),
            *_stems(vertical, "vstemhm" if masked else "vstem"),
            *commandsToProgram(shortest),
            "endchar",
        ]
    )


def _stems(stems: list[Stem], operator: str) -> list[_Token]:
    if not stems:
        return []
    if 2 * len(stems) + 1 > _STACK:
        raise Unusual("too many stems")
    program: list[_Token] = []
    end: Number = 0
    for start, width in stems:
        program += [start - end, width]
        end = start + width
    return [*program, operator]


def _masked(stems: list[tuple[int, Stem]], group: tuple[set[Stem], set[Stem]]) -> list[_Command]:
    """The commands that switch on the stems of `group`, and switch off all others."""
    if not stems:
        return []
    bits = "".join("1" if stem in group[axis] else "0" for axis, stem in stems)
    bits += "0" * (-len(bits) % 8)
    mask = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return [("hintmask", []), ("", [mask])]


def _compiled(program: list[_Token]) -> bytes:
    for token in program:
        if isinstance(token, int | float) and not -32768 <= token < 32768:
            raise Unusual("a number out of range")
    code = T2CharString(program=program)
    code.compile()
    return bytes(code.bytecode)
