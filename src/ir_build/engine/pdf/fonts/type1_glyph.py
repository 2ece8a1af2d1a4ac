"""The outline that the charstring of a Type 1 glyph draws (Adobe Type 1 Font Format, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .outline import HINTS, Number, Outline, Stem
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Mapping

# Operators (Adobe Type 1 Font Format, 6.4 and appendix 2).
_HSTEM, _VSTEM, _VMOVETO, _CLOSEPATH, _CALLSUBR, _RETURN, _HSBW, _ENDCHAR, _RMOVETO, _HMOVETO = (
    1, 3, 4, 9, 10, 11, 13, 14, 21, 22
)  # fmt: skip
# The name of each operator, and the number of its operands.
_LINES = {
    5: ("rlineto", 2), 6: ("hlineto", 1), 7: ("vlineto", 1), 8: ("rrcurveto", 6),
    30: ("vhcurveto", 4), 31: ("hvcurveto", 4),
}  # fmt: skip
_DOTSECTION, _VSTEM3, _HSTEM3, _SEAC, _SBW, _DIV, _OTHER, _POP, _SETPOINT = (
    0, 1, 2, 6, 7, 12, 16, 17, 33
)  # fmt: skip
# Operators and operands of one glyph that are run, and subroutines within each other. Not fitted: limits of work
# for hostile fonts. A font beyond them stays as it is. The second is that of Type 2 (technical note 5177, appendix B).
_MOST_STEPS = 200_000
_DEEPEST = 10
# These widths mean a stem with only one edge (technical note 5177, 4.3).
_GHOSTS = (-20, -21)


class _Type1Runner:
    """Runs the charstring of one glyph."""

    def __init__(self, subrs: Mapping[int, bytes]) -> None:
        self._subrs = subrs
        self.outline = Outline(hints=[(set(), set())])
        self._stack: list[Number] = []
        self._pushed: list[Number] = []  # what PostScript subroutines leave for `pop`
        self._flex: list[Stem] | None = None
        self._origin: Number = 0  # the left side bearing
        self._start: Number = 0  # what the first move has to add
        self._fresh = True  # whether no step came since the hints were replaced
        self._left = _MOST_STEPS
        self._open = False

    def run(self, code: bytes, depth: int = 0) -> bool:
        """Run `code`. The result says whether the glyph ended. Raises `Unusual`."""
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
        elif operator in _LINES:
            if not self._open:
                raise Unusual("a line from nowhere")
            name, count = _LINES[operator]
            self._step(name, self._all(count))
        else:
            raise Unusual(f"operator {operator}")

    def _move(self, x: Number, y: Number) -> None:
        if self._flex is not None:
            self._flex.append((x, y))
            return
        # A glyph begins at 0 in Type 2, and at the left side bearing in Type 1.
        self._step("rmoveto", [x + self._start, y])
        self._start = 0
        self._open = True

    def _step(self, operator: str, operands: list[Number]) -> None:
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

    def _replace(self, horizontal: set[Stem], vertical: set[Stem]) -> None:
        if self._fresh:
            self.outline.hints[-1] = (horizontal, vertical)
            return
        self.outline.steps.append((HINTS, [len(self.outline.hints)]))
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
            # A flex is two curves that may be drawn as a line. It has twelve coordinates and a depth.
            self._step("flex", [*points, operands[0]])
            self._pushed = [operands[2], operands[1]]
        else:
            raise Unusual(f"PostScript subroutine {subroutine}")


def read(code: bytes, subrs: Mapping[int, bytes]) -> Outline:
    """The glyph that the decrypted charstring `code` draws, with the subroutines `subrs`. Raises `Unusual`."""
    reader = _Type1Runner(subrs)
    if not reader.run(code):
        raise Unusual("a glyph without an end")
    return reader.outline


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
