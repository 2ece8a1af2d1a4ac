"""Outlines written as Type 2 charstrings (Adobe technical note 5177), hints included."""

from __future__ import annotations

from .outline import (
    FLEX,
    HINTS,
    HLINETO,
    HMOVETO,
    HVCURVETO,
    RLINETO,
    RMOVETO,
    RRCURVETO,
    VHCURVETO,
    VLINETO,
    VMOVETO,
    Number,
    Outline,
    Stem,
)
from .type1 import Unusual

_HSTEMHM, _HINTMASK, _VSTEMHM, _FLEX_CODE = b"\x12", b"\x13", b"\x17", b"\x0c\x23"
_STACK = 48  # operands that a Type 2 interpreter can hold
_MOST_STEMS = 96


def encode(outline: Outline, nominal: Number) -> bytes:
    """The Type 2 charstring; `nominal` is the width that needs no words. Raises `Unusual`."""
    out = bytearray()
    if outline.width != nominal:
        out += operand(outline.width - nominal)
    if outline.accented is not None:
        for value in outline.accented:
            out += operand(value)
        return bytes(out + b"\x0e")
    horizontal, vertical = (
        sorted(set().union(*(group[axis] for group in outline.hints))) for axis in (0, 1)
    )
    masked = len(outline.hints) > 1
    if len(horizontal) + len(vertical) > _MOST_STEMS:
        raise Unusual("too many stems")
    out += _stems(horizontal, _HSTEMHM if masked else b"\x01")
    out += _stems(vertical, _VSTEMHM if masked else b"\x03")
    stems = [(0, one) for one in horizontal] + [(1, one) for one in vertical]
    if masked and stems:
        out += _HINTMASK + _mask(stems, outline.hints[0])
    run: list[tuple[int, list[Number]]] = []
    for operator, operands in outline.steps:
        if operator == HINTS:
            out += _path(run)
            run = []
            if stems:
                out += _HINTMASK + _mask(stems, outline.hints[int(operands[0])])
        else:
            run.append((operator, operands))
    return bytes(out + _path(run) + b"\x0e")


def _stems(stems: list[Stem], operator: bytes) -> bytes:
    if not stems:
        return b""
    if 2 * len(stems) + 1 > _STACK:
        raise Unusual("too many stems")
    out = bytearray()
    end: Number = 0
    for start, width in stems:
        out += operand(start - end) + operand(width)
        end = start + width
    return bytes(out) + operator


def _mask(stems: list[tuple[int, Stem]], group: tuple[set[Stem], set[Stem]]) -> bytes:
    bits = "".join("1" if stem in group[axis] else "0" for axis, stem in stems)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _path(steps: list[tuple[int, list[Number]]]) -> bytes:
    """Drawing operators; one operator takes the operands of its like that follow."""
    out = bytearray()
    operands: list[Number] = []
    last = after = -1  # the operator to write, and the kind that may still join it
    for operator, values in (_shortest(*step) for step in steps):
        if operator != after or len(operands) + len(values) > _STACK:
            out += _flushed(last, operands)
            operands, last = [], operator
        operands += values
        after = _JOINS.get(operator, -1)
    return bytes(out + _flushed(last, operands))


def _flushed(operator: int, operands: list[Number]) -> bytes:
    if operator < 0:
        return b""
    code = _FLEX_CODE if operator == FLEX else bytes((operator,))
    return b"".join(operand(one) for one in operands) + code


# What may follow an operator without being named: lines and curves alternate their direction.
_JOINS = {
    RLINETO: RLINETO, HLINETO: VLINETO, VLINETO: HLINETO, RRCURVETO: RRCURVETO,
    HVCURVETO: VHCURVETO, VHCURVETO: HVCURVETO,
}  # fmt: skip


def _shortest(operator: int, values: list[Number]) -> tuple[int, list[Number]]:
    if operator == RMOVETO:
        return _axis(RMOVETO, HMOVETO, VMOVETO, values)
    if operator == RLINETO:
        return _axis(RLINETO, HLINETO, VLINETO, values)
    if operator == RRCURVETO and not values[1] and not values[4]:
        return HVCURVETO, [values[0], values[2], values[3], values[5]]
    if operator == RRCURVETO and not values[0] and not values[5]:
        return VHCURVETO, [values[1], values[2], values[3], values[4]]
    return operator, values


def _axis(
    both: int, horizontal: int, vertical: int, values: list[Number]
) -> tuple[int, list[Number]]:
    x, y = values
    if not y:
        return horizontal, [x]
    return (both, values) if x else (vertical, [y])


def operand(value: Number) -> bytes:
    """A number in a Type 2 charstring. Raises `Unusual` for one that does not fit."""
    whole = int(value)
    if whole != value:
        fixed = round(value * 65536)
        if not -(1 << 31) <= fixed < 1 << 31:
            raise Unusual("a number out of range")
        return b"\xff" + fixed.to_bytes(4, "big", signed=True)
    if -107 <= whole <= 107:
        return bytes((whole + 139,))
    if 108 <= whole <= 1131:
        return bytes(((whole - 108) // 256 + 247, (whole - 108) % 256))
    if -1131 <= whole <= -108:
        return bytes(((-whole - 108) // 256 + 251, (-whole - 108) % 256))
    if not -32768 <= whole <= 32767:
        raise Unusual("a number out of range")
    return b"\x1c" + whole.to_bytes(2, "big", signed=True)
