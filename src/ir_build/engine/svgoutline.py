"""Outlines of an SVG: the same curve through rounded points, in the shortest commands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from .svgpath import Command, Writer
from .svgvalues import join, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DIGITS = 40
#: renderers add up relative steps in single precision: a fresh start bounds the drift
_ABSOLUTE_EVERY = 64
#: third difference, in units of the last decimal, up to which a cubic curve counts as quadratic
_STRAYS = 4

_Point = tuple[int, int]


def rewrite(commands: list[Command], places: int, *, stroked: bool) -> str | None:
    """The curve with absolute or relative commands, whichever is shorter, and rounded.

    `places` are the decimals that are enough. Corners of a `stroked` outline point where its
    shortest pieces point, so those are not rounded away. None where it can't be done well.
    """
    prepared = _prepare(commands, places, stroked=stroked)
    if prepared is None:
        return None
    pieces, divisor, places = prepared
    pieces = [_rounded(piece, divisor) for piece in pieces]
    return _write_points(pieces if stroked else list(_simplified(pieces)), places)


def rewrite_points(numbers: list[str], places: int, *, stroked: bool) -> str | None:
    """The corners of a polygon rounded as `rewrite` does, None where that can't be done well."""
    if len(numbers) % 2 or len(numbers) < 4:
        return None
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    prepared = _prepare([Command("L", pair) for pair in pairs], places, stroked=stroked)
    if prepared is None:
        return None
    pieces, divisor, places = prepared
    values = [value for piece in pieces for point in piece.points for value in point]
    return join(_spell(_round(value, divisor), places) for value in values)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A command in absolute integers; S and T are spelled out as C and Q."""

    kind: str
    points: tuple[_Point, ...]
    arc: tuple[str, ...] = ()


def _prepare(
    commands: list[Command], places: int, *, stroked: bool
) -> tuple[list[_Piece], int, int] | None:
    """The pieces, what to divide their integers by, and the decimals that are left then."""
    plain: list[Command] = []
    exact = 0
    for command in commands:
        numbers = tuple(map(_plain, command.numbers))
        # more digits than this are no drawing
        if any(len(number) > _MAX_DIGITS for number in numbers):
            return None
        exact = max([exact, *(len(number.partition(".")[2]) for number in numbers)])
        plain.append(Command(command.letter, numbers))
    points = list(_absolute(plain, exact))
    # The bulge of an arc moves far more than its ends do.
    if any(command.letter in "Aa" for command in commands):
        places = exact
    while stroked and places < exact and _blunts(points, exact - places):
        places += 1
    places = min(places, exact)
    return points, 10 ** (exact - places), places


def _absolute(commands: list[Command], exact: int) -> Iterator[_Piece]:
    x = y = start_x = start_y = 0
    control: _Point | None = None
    control_kind = ""
    for command in commands:
        kind = command.letter.upper()
        if kind == "Z":
            x, y = start_x, start_y
            yield _Piece(kind, ())
            control_kind = ""
            continue
        relative = command.letter.islower()
        base_x, base_y = (x, y) if relative else (0, 0)
        if kind == "A":
            end = [_scaled(number, exact) for number in command.numbers[5:]]
            x, y = base_x + end[0], base_y + end[1]
            yield _Piece(kind, ((x, y),), tuple(map(shorten, command.numbers[:5])))
            control_kind = ""
            continue
        numbers = [_scaled(number, exact) for number in command.numbers]
        if kind == "H":
            points = [(base_x + numbers[0], y)]
        elif kind == "V":
            points = [(x, base_y + numbers[0])]
        else:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            points = [(base_x + dx, base_y + dy) for dx, dy in pairs]
        if kind in "ST":
            full = {"S": "C", "T": "Q"}[kind]
            mirrored = (x, y)
            if control is not None and control_kind == full:
                mirrored = (2 * x - control[0], 2 * y - control[1])
            points.insert(0, mirrored)
            kind = full
        elif kind in "HV":
            kind = "L"
        if kind in "CQ":
            control, control_kind = points[-2], kind
        else:
            control_kind = ""
        x, y = points[-1]
        if kind == "M":
            start_x, start_y = x, y
        yield _Piece(kind, tuple(points))


def _blunts(pieces: list[_Piece], dropped: int) -> bool:
    """Whether a side of the control polygon is too short to keep its direction."""
    shortest = 20 * 10**dropped // 2
    previous: _Point | None = None
    for piece in pieces:
        for point in piece.points:
            if previous is not None and piece.kind != "M":
                width, height = abs(point[0] - previous[0]), abs(point[1] - previous[1])
                if 0 < max(width, height) < shortest:
                    return True
            previous = point
        if piece.kind == "Z":
            previous = None
    return False


def _rounded(piece: _Piece, divisor: int) -> _Piece:
    points = tuple((_round(x, divisor), _round(y, divisor)) for x, y in piece.points)
    return _Piece(piece.kind, points, piece.arc)


def _simplified(pieces: list[_Piece]) -> list[_Piece]:
    """The same area with fewer numbers, to less than one unit; for outlines without a pen."""
    moving = [
        (here, piece)
        for here, piece in zip(_starts(pieces), pieces, strict=True)
        if piece.kind in "MZ" or any(point != here for point in piece.points)
    ]
    # From the end, as a curve's spelling depends on what the next one has become.
    simpler: list[_Piece] = []
    after: _Piece | None = None
    for here, piece in reversed(moving):
        after = _curve(here, piece, after) if piece.kind == "C" else piece
        simpler.append(after)
    simpler.reverse()
    return _without_closing_lines(simpler)


def _without_closing_lines(pieces: list[_Piece]) -> list[_Piece]:
    """The pieces without lines back to where the Z behind them goes anyway."""
    kept: list[_Piece] = []
    start = (0, 0)
    for piece in pieces:
        if piece.kind == "M":
            start = piece.points[0]
        elif piece.kind == "Z" and kept[-1] == _Piece("L", (start,)):
            kept.pop()
        kept.append(piece)
    return kept


def _starts(pieces: list[_Piece]) -> Iterator[_Point]:
    """Where each piece begins."""
    here = start = (0, 0)
    for piece in pieces:
        yield here
        here = piece.points[-1] if piece.points else start
        if piece.kind == "M":
            start = here


def _curve(here: _Point, piece: _Piece, after: _Piece | None) -> _Piece:
    """A cubic curve as a line or a quadratic one, where it is one."""
    (x, y), ((ax, ay), (bx, by), (ex, ey)) = here, piece.points
    width, height = ex - x, ey - y
    length = width * width + height * height
    along = [(px - x) * width + (py - y) * height for px, py in piece.points[:2]]
    across = [(px - x) * height - (py - y) * width for px, py in piece.points[:2]]
    if length and across == [0, 0] and 0 <= along[0] <= along[1] <= length:
        return _Piece("L", (piece.points[-1],))
    # The curve next to it may need no more than this one's second point.
    if after is not None and after.kind == "C" and after.points[0] == (2 * ex - bx, 2 * ey - by):
        return piece
    # A quadratic curve strays from a cubic one by 0.048 of this difference.
    strays = max(abs(ex - 3 * bx + 3 * ax - x), abs(ey - 3 * by + 3 * ay - y))
    if strays > _STRAYS:
        return piece
    control = (_round(3 * (ax + bx) - x - ex, 4), _round(3 * (ay + by) - y - ey, 4))
    return _Piece("Q", (control, piece.points[-1]))


def _write_points(pieces: list[_Piece], places: int) -> str:
    writer = Writer()
    x = y = start_x = start_y = 0
    control: _Point | None = None
    control_kind = ""
    for index, piece in enumerate(pieces):
        if piece.kind == "Z":
            writer.add("z", ())
            x, y = start_x, start_y
            control_kind = ""
            continue
        points = list(piece.points)
        kind = piece.kind
        end_x, end_y = points[-1]
        if kind in "CQ":
            mirrored = (x, y)
            if control is not None and control_kind == kind:
                mirrored = (2 * x - control[0], 2 * y - control[1])
            control, control_kind = points[-2], kind
            if points[0] == mirrored:
                points = points[1:]
                kind = {"C": "S", "Q": "T"}[kind]
        else:
            control_kind = ""
        absolute = [value for point in points for value in point]
        relative = [value for px, py in points for value in (px - x, py - y)]
        if kind == "L" and end_y == y:
            kind, absolute, relative = "H", absolute[:1], relative[:1]
        elif kind == "L" and end_x == x:
            kind, absolute, relative = "V", absolute[1:], relative[1:]
        options = [(kind, piece.arc + tuple(_spell(value, places) for value in absolute))]
        if index % _ABSOLUTE_EVERY:
            options.append(
                (kind.lower(), piece.arc + tuple(_spell(value, places) for value in relative))
            )
        writer.add_shortest(options)
        x, y = end_x, end_y
        if kind == "M":
            start_x, start_y = x, y
    return writer.text()


def _plain(number: str) -> str:
    """The number without exponent and needless zeros."""
    mantissa, _, exponent = number.lower().partition("e")
    if not exponent:
        return shorten(number)
    if len(exponent) > 3 or len(mantissa) > _MAX_DIGITS:
        return "9" * (_MAX_DIGITS + 1)
    return shorten(f"{Decimal(number):f}")


def _scaled(number: str, exact: int) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole + fraction.ljust(exact, "0"))


def _round(value: int, divisor: int) -> int:
    if divisor == 1:
        return value
    # halves away from zero, so that a mirrored shape stays mirrored
    magnitude = (2 * abs(value) + divisor) // (2 * divisor)
    return magnitude if value >= 0 else -magnitude


def _spell(value: int, places: int) -> str:
    digits = str(abs(value)).zfill(places + 1)
    text = (
        f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits
    )
    return shorten(f"-{text}" if value < 0 else text)
