"""An estimate of how often outlines cross themselves. Each crossing takes time when they are drawn.

librsvg draws both files for the comparison. It looks for the places where the edges of an outline cross. This
takes a few seconds for a million places. A scribble of 20,000 lines has fifty million.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

from . import path, values
from .tokens import Start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .path import Command
    from .tokens import Token

_Point = tuple[float, float]
#: a straight line: where it begins and where it ends
_Line = tuple[float, float, float, float]

#: Outlines of fewer characters are not looked at. Not fitted: they are drawn in a second, however they cross.
_LONG = 10_000
#: Pairs of lines that are looked at. Not fitted: the share of them that cross has a standard error of half a
#: percentage point at most.
_TRIED = 10_000
_ABSOLUTE = "MLHVCSQTAZ"


def self_intersections(tokens: Iterable[Token]) -> float:
    """About how often long outlines cross themselves, all together."""
    found = 0.0
    for token in tokens:
        if not isinstance(token, Start):
            continue
        for name, value in token.attributes:
            if name in ("d", "points") and len(value) >= _LONG:
                found += _estimated(_lines(name, value[1:-1]))
    return found


def _lines(name: str, value: str) -> list[_Line]:
    if name == "points":
        numbers = [float(number) for number in values.numbers_of(value) or ()]
        corners = list(zip(numbers[::2], numbers[1::2], strict=False))
        return [(*one, *other) for one, other in pairwise(corners)]
    return list(_drawn(path.parse(value) or []))


def _drawn(commands: list[Command]) -> Iterator[_Line]:
    """The commands as straight lines: two for C and Q, one for all others."""
    x = y = start_x = start_y = 0.0
    for command in commands:
        letter = command.letter
        from_x, from_y = (0.0, 0.0) if letter in _ABSOLUTE else (x, y)
        numbers = [*map(float, command.numbers)]
        last_x, last_y = x, y
        if letter in "Zz":
            x, y = start_x, start_y
        elif letter in "Hh":
            x = from_x + numbers[0]
        elif letter in "Vv":
            y = from_y + numbers[0]
        else:
            x, y = from_x + numbers[-2], from_y + numbers[-1]
        if letter in "Mm":
            start_x, start_y = x, y
            continue
        if letter in "CcQq":
            half_x, half_y = _half(last_x + x, last_y + y, from_x, from_y, numbers)
            yield last_x, last_y, half_x, half_y
            last_x, last_y = half_x, half_y
        yield last_x, last_y, x, y


def _half(sum_x: float, sum_y: float, from_x: float, from_y: float, numbers: list[float]) -> _Point:
    """The point in the middle of a Bezier curve. The sums of its two ends are `sum_x` and `sum_y`."""
    if len(numbers) == 4:
        return sum_x / 4 + (from_x + numbers[0]) / 2, sum_y / 4 + (from_y + numbers[1]) / 2
    return (
        sum_x / 8 + (2 * from_x + numbers[0] + numbers[2]) * 3 / 8,
        sum_y / 8 + (2 * from_y + numbers[1] + numbers[3]) * 3 / 8,
    )


def _estimated(lines: list[_Line]) -> float:
    """The number of pairs of lines that cross, estimated from some random pairs."""
    if len(lines) < 2:
        return 0.0
    dice = random.Random(0)  # noqa: S311  (It is no secret, and every run must be the same.)
    tried = min(len(lines), _TRIED)
    hits = sum(map(_cross, dice.choices(lines, k=tried), dice.choices(lines, k=tried)))
    return hits / tried * len(lines) * (len(lines) - 1) / 2


def _cross(one: _Line, other: _Line) -> bool:
    """Whether each line has its ends on both sides of the other."""
    x1, y1, x2, y2 = one
    x3, y3, x4, y4 = other
    along, across = x2 - x1, y2 - y1
    first = along * (y3 - y1) - across * (x3 - x1)
    second = along * (y4 - y1) - across * (x4 - x1)
    if not (first < 0 < second or second < 0 < first):
        return False
    along, across = x4 - x3, y4 - y3
    first = along * (y1 - y3) - across * (x1 - x3)
    second = along * (y2 - y3) - across * (x2 - x3)
    return first < 0 < second or second < 0 < first
