"""The points of path data as Chromium computes them: in single precision.

A pixel on an edge may change by several levels when the edge moves by one bit. So a path shows the same
pixels only if its points are the same to the last bit.
"""

from __future__ import annotations

import re
import struct
from functools import cache, lru_cache

_SINGLES = [struct.Struct(f"<{count}f") for count in range(7)]
_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?", re.ASCII)
#: Chromium reads larger whole numbers digit by digit, with roundings that are not followed here. Smaller ones have
#: no rounding: single precision has 24 bits (IEEE 754).
_WHOLE = 2**24

Point = tuple[float, float]


class UnclearError(Exception):
    """A number that Chromium reads in a way that is not followed here."""


def single(value: float) -> float:
    """The nearest number of single precision. Raises `UnclearError`."""
    return singles(value)[0]


def singles(*values: float) -> tuple[float, ...]:
    """The nearest numbers of single precision, for six numbers at most. Raises `UnclearError`."""
    packed = _SINGLES[len(values)]
    try:
        return packed.unpack(packed.pack(*values))
    except OverflowError:
        raise UnclearError from None


def _fractions() -> list[dict[str, float]]:
    """What each digit adds at each place after the point. A place is a tenth of the one before."""
    place, rows = 1.0, []
    tenth = single(0.1)
    for _ in range(40):
        place = single(place * tenth)
        rows.append({str(digit): single(digit * place) for digit in range(10)})
    return rows


_FRACTIONS = _fractions()
#: The sums of so many digits after the point are remembered. Not fitted: the points do not depend on it.
_HEAD = 3


def _sum(decimals: float, digits: str, rows: list[dict[str, float]]) -> float:
    """The sum of `decimals` and more `digits`, rounded after each."""
    pack, unpack = _SINGLES[1].pack, _SINGLES[1].unpack
    for digit, row in zip(digits, rows, strict=False):
        (decimals,) = unpack(pack(decimals + row[digit]))
    return decimals


@cache
def _head(digits: str) -> float:
    return _sum(0.0, digits, _FRACTIONS)


@lru_cache(maxsize=10_000)
def read(number: str) -> float:
    """`number` as Chromium reads it: digit by digit, rounded after each digit. Raises `UnclearError`.

    Source: `GenericParseNumber` in Blink's svg_parser_utilities.cc.
    """
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise UnclearError
    sign, whole, fraction, exponent = match.groups("")
    value = float(whole or "0")
    if value > _WHOLE or len(fraction) > len(_FRACTIONS):
        raise UnclearError
    decimals = _sum(_head(fraction[:_HEAD]), fraction[_HEAD:], _FRACTIONS[_HEAD:])
    value = single(value + decimals)
    if sign == "-":
        value = -value
    if exponent:
        value = single(value * single(10.0 ** int(exponent)))
    return value


class Pen:
    """The point that a path has come to."""

    def __init__(self) -> None:
        self._here: Point = (0.0, 0.0)
        #: the point that Z goes back to
        self.start: Point = (0.0, 0.0)
        #: the last control point, and the kind of curve that it belongs to
        self._control: Point = (0.0, 0.0)
        self._kind = ""

    def points(self, letter: str, numbers: tuple[str, ...]) -> tuple[Point, ...]:
        """The points of the next command, with those that it does not name. The point of Z is the start.

        Raises `UnclearError`.
        """
        kind = letter.upper()
        x, y = self._here
        if kind == "Z":
            return (self.start,)
        values = [read(number) for number in (numbers[5:] if kind == "A" else numbers)]
        if kind == letter:
            pass  # Absolute numbers are the points themselves.
        elif kind == "V":
            values = [single(y + values[0])]
        else:
            values[::2] = [x + dx for dx in values[::2]]
            values[1::2] = [y + dy for dy in values[1::2]]
            values = list(singles(*values))
        if kind == "H":
            return ((values[0], y),)
        if kind == "V":
            return ((x, values[0]),)
        points = list(zip(values[::2], values[1::2], strict=True))
        if kind in "ST":
            mirrored = self._here
            if self._kind == {"S": "C", "T": "Q"}[kind]:
                control_x, control_y = self._control
                mirrored = (single(2 * x - control_x), single(2 * y - control_y))
            points.insert(0, mirrored)
        return tuple(points)

    def move(self, letter: str, points: tuple[Point, ...]) -> None:
        """Go on to the end of a command with these points."""
        kind = letter.upper()
        self._here = points[-1]
        self._kind = {"S": "C", "T": "Q"}.get(kind, kind)
        if self._kind in "CQ":
            self._control = points[-2]
        if kind == "M":
            self.start = self._here
