"""Type 2 charstrings followed without drawing (Adobe technical note 5177): what they refer to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .outline import Number

_CALLSUBR, _RETURN, _ESCAPE, _ENDCHAR, _CALLGSUBR = 10, 11, 12, 14, 29
_STEMS = frozenset({1, 3, 18, 23})
_MASKS = frozenset({19, 20})
_MOVES = {21: 2, 4: 1, 22: 1}  # and how many operands they have
_LINES = frozenset({5, 6, 7, 8, 24, 25, 26, 27, 30, 31})
_FLEXES = frozenset({34, 35, 36, 37})
_STACK = 48  # operands that an interpreter can hold
_DEEPEST = 10
#: operators and operands of one font that are looked at: some seconds
MOST_STEPS = 4_000_000


@dataclass(slots=True)
class Glyph:
    """What a glyph needs."""

    #: by what it differs from the nominal width, None for the default one
    width: Number | None = None
    local_subrs: set[int] = field(default_factory=set)
    global_subrs: set[int] = field(default_factory=set)
    #: codes of base and accent of a glyph made of two others
    accented: tuple[int, ...] = ()


class Type2Reader:
    """Follows the charstrings of one font, within a budget."""

    def __init__(self, global_subrs: Sequence[bytes]) -> None:
        self._global = global_subrs
        self._left = MOST_STEPS

    def read(self, code: bytes, subrs: Sequence[bytes]) -> Glyph:
        """What a charstring needs, with the subroutines of its part. Raises `Unusual`."""
        return self._run(code, _Run(self._global, subrs, self._left))

    def width(self, code: bytes, subrs: Sequence[bytes]) -> Number | None:
        """The width of a glyph, which its first operator brings. Raises `Unusual`."""
        return self._run(code, _Run(self._global, subrs, self._left, width_only=True)).width

    def _run(self, code: bytes, run: _Run) -> Glyph:
        if not run.run(code):
            raise Unusual("a glyph without an end")
        self._left = run.left
        return run.glyph


class _Run:
    """One charstring."""

    def __init__(
        self,
        global_subrs: Sequence[bytes],
        subrs: Sequence[bytes],
        left: int,
        *,
        width_only: bool = False,
    ) -> None:
        self._global, self._local = global_subrs, subrs
        self._width_only = width_only
        self.left = left
        self.glyph = Glyph()
        self._stack: list[Number] = []
        self._stems = 0
        self._fresh = True  # no operator that may bring the width so far

    def run(self, code: bytes, depth: int = 0) -> bool:
        """Whether the glyph ended, or all is known that was asked for."""
        at, stack = 0, self._stack
        if depth > _DEEPEST:
            raise Unusual("subroutines too deep")
        while at < len(code):
            byte = code[at]
            self.left -= 1
            if self.left < 0:
                raise Unusual("charstrings without an end")
            if byte >= 32 or byte == 28:
                value, at = _number(code, at)
                stack.append(value)
                if len(stack) > _STACK:
                    raise Unusual("too many operands")
                continue
            at += 1
            if byte == _RETURN:
                return False
            if byte == _ENDCHAR:
                self._end()
                return True
            if byte in (_CALLSUBR, _CALLGSUBR):
                if self.run(self._subroutine(byte), depth + 1):
                    return True
            elif byte in _MASKS:
                self._stem()
                at += (self._stems + 7) // 8
            elif byte == _ESCAPE:
                if at >= len(code) or code[at] not in _FLEXES:
                    raise Unusual("arithmetic")
                at += 1
                self._clear()
            else:
                self._operator(byte)
            if self._width_only and not self._fresh:
                return True
        return False

    def _operator(self, operator: int) -> None:
        if operator in _STEMS:
            self._stem()
        elif operator in _MOVES:
            self._width(len(self._stack) > _MOVES[operator])
            self._clear()
        elif operator in _LINES:
            self._clear()
        else:
            raise Unusual(f"operator {operator}")

    def _subroutine(self, operator: int) -> bytes:
        if operator == _CALLSUBR:
            subrs, used = self._local, self.glyph.local_subrs
        else:
            subrs, used = self._global, self.glyph.global_subrs
        bias = 107 if len(subrs) < 1240 else 1131 if len(subrs) < 33900 else 32768
        number = self._stack.pop() if self._stack else None
        at = number + bias if isinstance(number, int) else -1
        if not 0 <= at < len(subrs):
            raise Unusual("a subroutine that is not there")
        used.add(at)
        return subrs[at]

    def _stem(self) -> None:
        self._width(len(self._stack) % 2 == 1)
        self._stems += len(self._stack) // 2
        self._clear()

    def _end(self) -> None:
        count = len(self._stack)
        if count not in (0, 1, 4, 5) or (not self._fresh and count % 2):
            raise Unusual("another number of operands")
        self._width(count % 2 == 1)
        if count >= 4:
            parts = self._stack[-2:]
            if any(not isinstance(one, int) or not 0 <= one < 256 for one in parts):
                raise Unusual("accents of no code")
            self.glyph.accented = tuple(int(one) for one in parts)

    def _width(self, there: bool) -> None:  # noqa: FBT001
        if self._fresh and there:
            self.glyph.width = self._stack[0]
        self._fresh = False

    def _clear(self) -> None:
        self._fresh = False
        self._stack.clear()


def _number(code: bytes, at: int) -> tuple[Number, int]:
    byte = code[at]
    if byte <= 246 and byte != 28:
        return byte - 139, at + 1
    length = {28: 2, 255: 4}.get(byte, 1)
    more = code[at + 1 : at + 1 + length]
    if len(more) != length:
        raise Unusual("a number that is cut off")
    at += 1 + length
    if byte == 28:
        return int.from_bytes(more, "big", signed=True), at
    if byte == 255:
        return int.from_bytes(more, "big", signed=True) / 65536, at
    if byte <= 250:
        return (byte - 247) * 256 + more[0] + 108, at
    return -(byte - 251) * 256 - more[0] - 108, at
