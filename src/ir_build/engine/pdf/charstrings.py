"""Type 1 charstrings rewritten as Type 2 (Adobe technical notes 5015 and 5177), hints included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Mapping

Number = int | float

_HSTEM, _VSTEM, _VMOVETO, _RLINETO, _HLINETO, _VLINETO, _RRCURVETO = 1, 3, 4, 5, 6, 7, 8
_CLOSEPATH, _CALLSUBR, _RETURN, _HSBW, _ENDCHAR, _RMOVETO, _HMOVETO = 9, 10, 11, 13, 14, 21, 22
_VHCURVETO, _HVCURVETO = 30, 31
_DOTSECTION, _VSTEM3, _HSTEM3, _SEAC, _SBW, _DIV, _OTHER, _POP, _SETPOINT = (
    0, 1, 2, 6, 7, 12, 16, 17, 33
)  # fmt: skip
_HSTEMHM, _HINTMASK, _VSTEMHM, _FLEX = b"\x12", b"\x13", b"\x17", b"\x0c\x23"
_STACK = 48  # operands that a Type 2 interpreter has room for
_MOST_STEMS = 96
_MOST_STEPS = 200_000
_DEEPEST = 10
# Widths of a stem with one edge only.
_GHOSTS = (-20, -21)

_Stem = tuple[Number, Number]


@dataclass(slots=True)
class Outline:
    """A glyph as Type 2 wants it: a width, and the rest in order."""

    width: Number = 0
    #: drawing operators with their operands, and changes of the hints (an index into `hints`)
    steps: list[tuple[int, list[Number]]] = field(default_factory=list)
    #: sets of horizontal and vertical stems, one after the other in force
    hints: list[tuple[set[_Stem], set[_Stem]]] = field(default_factory=list)
    #: of a glyph made of two others: where the accent goes, codes of base and accent
    accented: tuple[Number, Number, int, int] | None = None


_HINTS = -1  # a step that puts another set of hints in force


class _Reader:
    """Runs the charstring of one glyph."""

    def __init__(self, subrs: Mapping[int, bytes]) -> None:
        self._subrs = subrs
        self.outline = Outline(hints=[(set(), set())])
        self._stack: list[Number] = []
        self._pushed: list[Number] = []  # by PostScript subroutines, for `pop`
        self._flex: list[_Stem] | None = None
        self._origin: Number = 0  # the left side bearing
        self._start: Number = 0  # what of it the first move has to make up for
        self._fresh = True  # no step since the hints were last replaced
        self._left = _MOST_STEPS
        self._open = False

    def run(self, code: bytes, depth: int = 0) -> bool:
        """Whether the glyph ended. Raises `Unusual`."""
        at = 0
        stack = self._stack
        while at < len(code):
            byte = code[at]
            at += 1
            self._left -= 1
            if self._left < 0 or depth > _DEEPEST:
                raise Unusual("a charstring without an end")
            if byte >= 32:
                value, at = _number(code, byte, at)
                stack.append(value)
                continue
            if byte == _RETURN:
                return False
            if byte == _CALLSUBR:
                subr = self._subrs.get(int(self._take(1)[0]))
                if subr is None:
                    raise Unusual("a subroutine that is not there")
                if self.run(subr, depth + 1):
                    return True
            elif byte == _ENDCHAR:
                return True
            elif byte == 12:
                operator = code[at] if at < len(code) else -1
                at += 1
                if self._escape(operator):
                    return True
            else:
                self._draw(byte)
        return False

    def _take(self, count: int) -> list[Number]:
        if len(self._stack) < count:
            raise Unusual("too few operands")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _all(self, count: int) -> list[Number]:
        """The operands of an operator that clears the stack."""
        if len(self._stack) != count:
            raise Unusual("another number of operands")
        return self._take(count)

    def _draw(self, operator: int) -> None:
        if operator == _HSBW:
            self._origin, self.outline.width = self._all(2)
            self._start = self._origin
        elif operator in (_HSTEM, _VSTEM):
            self._stem(operator == _VSTEM, *self._all(2))
        elif operator == _CLOSEPATH:
            self._open = False
        elif operator == _RMOVETO:
            x, y = self._all(2)
            self._move(x, y)
        elif operator == _HMOVETO:
            self._move(self._all(1)[0], 0)
        elif operator == _VMOVETO:
            self._move(0, self._all(1)[0])
        elif operator in _OPERANDS:
            if not self._open:
                raise Unusual("a line from nowhere")
            self._step(operator, self._all(_OPERANDS[operator]))
        else:
            raise Unusual(f"operator {operator}")

    def _move(self, x: Number, y: Number) -> None:
        if self._flex is not None:
            self._flex.append((x, y))
            return
        # Type 2 begins at 0, Type 1 at the left side bearing.
        self._step(_RMOVETO, [x + self._start, y])
        self._start = 0
        self._open = True

    def _step(self, operator: int, operands: list[Number]) -> None:
        self._fresh = False
        self.outline.steps.append((operator, operands))

    def _stem(self, vertical: bool, start: Number, width: Number) -> None:  # noqa: FBT001
        if vertical:
            start += self._origin
        if width < 0 and width not in _GHOSTS:
            start, width = start + width, -width
        if not self._fresh and (start, width) not in self.outline.hints[-1][vertical]:
            horizontal, upright = self.outline.hints[-1]
            self._replace(set(horizontal), set(upright))
        self.outline.hints[-1][vertical].add((start, width))

    def _replace(self, horizontal: set[_Stem], vertical: set[_Stem]) -> None:
        if self._fresh:
            self.outline.hints[-1] = (horizontal, vertical)
            return
        self.outline.steps.append((_HINTS, [len(self.outline.hints)]))
        self.outline.hints.append((horizontal, vertical))
        self._fresh = True

    def _escape(self, operator: int) -> bool:
        if operator == _DIV:
            over, under = self._take(2)
            if not under:
                raise Unusual("a division by 0")
            value = over / under
            self._stack.append(int(value) if value == int(value) else value)
        elif operator in (_HSTEM3, _VSTEM3):
            triple = self._all(6)
            for at in (0, 2, 4):
                self._stem(operator == _VSTEM3, triple[at], triple[at + 1])
        elif operator == _SEAC:
            bearing, x, y, base, accent = self._all(5)
            self.outline.accented = (x + self._origin - bearing, y, int(base), int(accent))
            return True
        elif operator == _SBW:
            self._origin, up, self.outline.width, down = self._all(4)
            if up or down:
                raise Unusual("a vertical side bearing")
            self._start = self._origin
        elif operator == _OTHER:
            self._postscript(*(int(one) for one in self._take(2)))
        elif operator == _POP:
            if not self._pushed:
                raise Unusual("nothing to pop")
            self._stack.append(self._pushed.pop())
        elif operator == _SETPOINT:
            self._all(2)
        elif operator != _DOTSECTION:
            raise Unusual(f"operator 12 {operator}")
        return False

    def _postscript(self, count: int, subroutine: int) -> None:
        operands = self._take(count)
        if subroutine == 3 and count == 1:
            self._replace(set(), set())
            self._pushed = operands
        elif subroutine == 1 and not count and self._open:
            self._flex = []
        elif subroutine == 2 and not count and self._flex is not None:
            pass
        elif subroutine == 0 and count == 3 and self._flex is not None and len(self._flex) == 7:
            (x, y), (x1, y1), *rest = self._flex
            self._flex = None
            points = [x + x1, y + y1, *(value for point in rest for value in point)]
            self._step(35, [*points, operands[0]])
            self._pushed = [operands[2], operands[1]]
        else:
            raise Unusual(f"PostScript subroutine {subroutine}")


_OPERANDS = {
    _RLINETO: 2, _HLINETO: 1, _VLINETO: 1, _RRCURVETO: 6, _VHCURVETO: 4, _HVCURVETO: 4,
}  # fmt: skip


def read(code: bytes, subrs: Mapping[int, bytes]) -> Outline:
    """The glyph that a Type 1 charstring draws. Raises `Unusual`."""
    reader = _Reader(subrs)
    if not reader.run(code):
        raise Unusual("a glyph without an end")
    return reader.outline


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
        if operator == _HINTS:
            out += _path(run)
            run = []
            if stems:
                out += _HINTMASK + _mask(stems, outline.hints[int(operands[0])])
        else:
            run.append((operator, operands))
    return bytes(out + _path(run) + b"\x0e")


def _stems(stems: list[_Stem], operator: bytes) -> bytes:
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


def _mask(stems: list[tuple[int, _Stem]], group: tuple[set[_Stem], set[_Stem]]) -> bytes:
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
    code = _FLEX if operator == 35 else bytes((operator,))
    return b"".join(operand(one) for one in operands) + code


# What may follow an operator without being named: lines and curves alternate their direction.
_JOINS = {
    _RLINETO: _RLINETO, _HLINETO: _VLINETO, _VLINETO: _HLINETO, _RRCURVETO: _RRCURVETO,
    _HVCURVETO: _VHCURVETO, _VHCURVETO: _HVCURVETO,
}  # fmt: skip


def _shortest(operator: int, values: list[Number]) -> tuple[int, list[Number]]:
    if operator == _RMOVETO:
        return _axis(_RMOVETO, _HMOVETO, _VMOVETO, values)
    if operator == _RLINETO:
        return _axis(_RLINETO, _HLINETO, _VLINETO, values)
    if operator == _RRCURVETO and not values[1] and not values[4]:
        return _HVCURVETO, [values[0], values[2], values[3], values[5]]
    if operator == _RRCURVETO and not values[0] and not values[5]:
        return _VHCURVETO, [values[1], values[2], values[3], values[4]]
    return operator, values


def _axis(
    both: int, horizontal: int, vertical: int, values: list[Number]
) -> tuple[int, list[Number]]:
    x, y = values
    if not y:
        return horizontal, [x]
    return (both, values) if x else (vertical, [y])


def _number(code: bytes, byte: int, at: int) -> tuple[int, int]:
    if byte <= 246:
        return byte - 139, at
    more = code[at : at + (4 if byte == 255 else 1)]
    if len(more) not in (1, 4):
        raise Unusual("a number that is cut off")
    if byte == 255:
        return int.from_bytes(more, "big", signed=True), at + 4
    if byte <= 250:
        return (byte - 247) * 256 + more[0] + 108, at + 1
    return -(byte - 251) * 256 - more[0] - 108, at + 1


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
