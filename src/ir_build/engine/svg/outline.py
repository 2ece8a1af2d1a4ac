"""Outlines of an SVG: the same curves in the shortest commands, through rounded points if that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from . import fixed_point, float32, path
from .path import Command, PathWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Renderers add up relative steps in single precision. Each step may add an error of half a unit of the last of
#: 24 bits. So after so many steps a command with absolute numbers bounds the error to 32 units. (On 40 files 16
#: came to 0.3 % more bytes, and 256 to 0.05 % fewer: `python benchmarks FOLDER --sweep
#: svg.outline:_ABSOLUTE_EVERY 16 256`.)
_ABSOLUTE_EVERY = 64
#: A cubic curve counts as quadratic up to this third difference, in units of the last decimal. Then it moves by
#: about 0.2 units (see `_curve`). (On 40 files 0 came to 0.5 % more bytes, and 8 to 0.06 % fewer:
#: `--sweep svg.outline:_STRAYS 0 8`.)
_STRAYS = 4
#: A side needs so many units of the last decimal to keep its direction. The rounding of both ends turns a side of
#: ten units by 6 degrees at most. (On 40 files 5 and 20 came to the same bytes, because most pens need more:
#: `--sweep svg.outline:FEWEST_UNITS 5 20`.)
FEWEST_UNITS = 10
#: When a side is so many times as short as its distance from zero, it has only four or five of the 24 bits of
#: single precision.
_PRECISION = 2**19

_Point = tuple[int, int]


def shortest(value: str, places: int | None, *, pen: int, plain: bool) -> str:
    """The path data `value` in the fewest characters.

    Points are rounded to `places` decimals, or stay where they are if this is None. `pen` is 0 if no pen draws
    the outline. If one does, all corners stay, and enough decimals for each side to have `pen` units of the last
    one. So the sides keep their directions. With `plain` the commands stay as they are.
    """
    commands = path.parse(value)
    if commands is None:
        return value
    spellings = [value, path.write(commands)]
    if not plain:
        if places is None:
            rewritten = respell(commands, stroked=pen > 0)
        else:
            rewritten = rewrite(commands, places, stroked=pen > 0, units=pen)
        if rewritten is not None:
            spellings.append(rewritten)
    return min(spellings, key=len)


def rewrite(
    commands: list[Command], places: int, *, stroked: bool, units: int = FEWEST_UNITS
) -> str | None:
    """The curve through rounded points, in absolute or relative commands, whichever are shorter.

    `places` is the number of decimals that are enough. The corners and ends of a `stroked` outline point where its
    shortest sides point. So each side needs `units` of the last decimal. The result is None if this cannot be done
    well.
    """
    plain = _plain(commands)
    if plain is None:
        return None
    pieces, digits = _exact(plain)
    if stroked and (_is_unclear(pieces) or _misses(commands, pieces)):
        return respell(commands, stroked=True)
    pieces, digits = _rounded(pieces, digits, places, units if stroked else 0)
    if not stroked:
        # The numbers may have so few decimals that their unit can be seen. A curve that moves by
        # such a unit would show.
        pieces, digits = _refined(pieces, digits, places)
        pieces = _simplified(pieces)
    return _write_points(pieces, digits, stroked=stroked)


def respell(commands: list[Command], *, stroked: bool) -> str | None:
    """The curve in the shortest commands from which a browser computes the same points.

    A line that ends where a Z goes anyway is left out, unless the outline is `stroked`. The result is None if
    the points that a browser computes cannot be told.
    """
    plain = _plain(commands)
    if plain is None:
        return None
    pieces, places = _exact(plain)
    meeting = _meeting(pieces) if stroked else frozenset()
    closing = frozenset() if stroked else _closing(pieces)
    writer = PathWriter()
    place, pen = _CurrentPoint(), float32.Pen()
    try:
        for number, (known, same, piece) in enumerate(zip(commands, plain, pieces, strict=True)):
            points = pen.points(*known)
            if number not in closing or points[-1] != pen.start:
                if number in meeting:
                    options = [same, known]
                else:
                    options = list(_respellings(piece, place, places, known, same))
                    if stroked and _stays(piece, place):
                        options = [one for one in options if one.letter.islower()] + [known]
                spellings = writer.sorted(options)
                writer.put(
                    *next(
                        (text, *spelling)
                        for text, spelling in spellings
                        if spelling == known or pen.points(*spelling) == points
                    )
                )
            place.move(piece)
            pen.move(piece.kind, points)
    except float32.UnclearError:
        return None
    return writer.text()


class _Piece(NamedTuple):
    """A command in absolute whole numbers. S and T are spelled out as C and Q."""

    kind: str
    points: tuple[_Point, ...]
    arc: tuple[str, ...] = ()


@dataclass(slots=True)
class _CurrentPoint:
    """The point that an outline has come to."""

    here: _Point = (0, 0)
    start: _Point = (0, 0)
    #: the mirrored last control point, with which S and T begin after a curve of the same kind
    mirrored: _Point = (0, 0)
    kind: str = ""

    def move(self, piece: _Piece) -> None:
        """Go on to the end of a piece."""
        self.here = piece.points[-1] if piece.points else self.start
        self.kind = piece.kind
        if piece.kind in "CQ":
            (x, y), (end_x, end_y) = piece.points[-2:]
            self.mirrored = (2 * end_x - x, 2 * end_y - y)
        elif piece.kind == "M":
            self.start = self.here


def _spellings(piece: _Piece, place: _CurrentPoint, places: int) -> Iterator[Command]:
    """The shortest commands that stand for a piece, absolute and relative."""
    kind, points = _shortest(piece, place)
    for letter in (kind, kind.lower()):
        yield _spelled(letter, points, piece.arc, place.here, places)


def _respellings(
    piece: _Piece, place: _CurrentPoint, places: int, known: Command, plain: Command
) -> Iterator[Command]:
    """The commands that can stand for a piece. `known` is one, and `plain` is the same without exponents."""
    kinds = [_shortest(piece, place)]
    if piece.kind in "CQ" and kinds[0][0] != piece.kind:
        kinds.insert(0, (piece.kind, piece.points))
    for kind, points in kinds:
        for letter in (kind, kind.lower()):
            if letter == plain.letter:
                yield plain
            else:
                yield _spelled(letter, points, piece.arc, place.here, places)
    if known != plain or plain.letter.upper() not in dict(kinds):
        yield known


def _shortest(piece: _Piece, place: _CurrentPoint) -> tuple[str, tuple[_Point, ...]]:
    """The kind of command that needs the fewest numbers for a piece, and the points that it names."""
    kind, points = piece.kind, piece.points
    if kind == "Z":
        return "z", ()
    if kind == "L":
        if points[0][1] == place.here[1]:
            return "H", points
        if points[0][0] == place.here[0]:
            return "V", points
    elif kind in "CQ":
        mirrored = place.mirrored if place.kind == kind else place.here
        if points[0] == mirrored:
            return {"C": "S", "Q": "T"}[kind], points[1:]
    return kind, points


def _spelled(
    letter: str, points: tuple[_Point, ...], arc: tuple[str, ...], here: _Point, places: int
) -> Command:
    x, y = here if letter.islower() else (0, 0)
    if letter in "Hh":
        values = [points[0][0] - x]
    elif letter in "Vv":
        values = [points[0][1] - y]
    else:
        values = [value for px, py in points for value in (px - x, py - y)]
    return Command(letter, (*arc, *[fixed_point.spelled(value, places) for value in values]))


def _plain(commands: list[Command]) -> list[Command] | None:
    """The commands with numbers without exponents; None if a number is too long for a drawing."""
    plain = [
        Command(letter, tuple(map(fixed_point.plain, numbers))) for letter, numbers in commands
    ]
    for _, numbers in plain:
        if max(map(len, numbers), default=0) > fixed_point.MOST_DIGITS:
            return None
    return plain


def _exact(plain: list[Command]) -> tuple[list[_Piece], int]:
    """The pieces in units of the last decimal of any number, and the number of decimals."""
    decimals = [fixed_point.places(number) for _, numbers in plain for number in numbers]
    exact = max(decimals, default=0)
    return list(_absolute(plain, exact)), exact


def _rounded(pieces: list[_Piece], exact: int, places: int, units: int) -> tuple[list[_Piece], int]:
    """The pieces rounded to `places` decimals, or to more if corners need them, and the number of decimals."""
    # The middle of an arc moves far more than its ends do. So arcs are not rounded.
    if any(piece.kind == "A" for piece in pieces):
        return pieces, exact
    while True:
        enough = min(places, exact)
        while enough < exact and _blunts(pieces, units * 10 ** (exact - enough)):
            enough += 1
        if enough == exact:
            return pieces, exact
        divisor = 10 ** (exact - enough)
        pieces = [
            _Piece(
                piece.kind,
                tuple(
                    (fixed_point.divided(x, divisor), fixed_point.divided(y, divisor))
                    for x, y in piece.points
                ),
            )
            for piece in pieces
        ]
        # Rounding may have made short sides longer, so that fewer decimals are enough.
        exact = enough


def _refined(pieces: list[_Piece], digits: int, places: int) -> tuple[list[_Piece], int]:
    """The same pieces in units of the last of `places` decimals, if these units are smaller."""
    if digits >= places:
        return pieces, digits
    factor = 10 ** (places - digits)
    return [
        _Piece(piece.kind, tuple((x * factor, y * factor) for x, y in piece.points), piece.arc)
        for piece in pieces
    ], places


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
            end = [fixed_point.scaled(number, exact) for number in command.numbers[5:]]
            x, y = base_x + end[0], base_y + end[1]
            yield _Piece(kind, ((x, y),), command.numbers[:5])
            control_kind = ""
            continue
        numbers = [fixed_point.scaled(number, exact) for number in command.numbers]
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


def _blunts(pieces: list[_Piece], shortest: int) -> bool:
    """Whether a side of the control polygon is too short to keep its direction."""
    return any(0 < length < shortest for length, _ in _sides(pieces))


def _is_unclear(pieces: list[_Piece]) -> bool:
    """Whether a side is no longer than what renderers lose when they add up relative steps."""
    return any(0 < length * _PRECISION < place for length, place in _sides(pieces))


def _sides(pieces: list[_Piece]) -> Iterator[tuple[int, int]]:
    """The sides of the control polygon: the larger of width and height, and how far from zero they are."""
    for here, piece in zip(_starts(pieces), pieces, strict=True):
        x, y = here
        for px, py in piece.points if piece.kind != "M" else ():
            yield max(abs(px - x), abs(py - y)), max(abs(px), abs(py), abs(x), abs(y))
            x, y = px, py


def _meeting(pieces: list[_Piece]) -> frozenset[int]:
    """The numbers of pieces that end where a closed outline began, and of the M that began it.

    Relative steps are rounded as they are added up. So such an end may miss the beginning. Then a pen draws one
    more line there. It is too short to be seen, but its joins take the place of the corner.
    """
    found: set[int] = set()
    ends: list[int] = []
    begin, start = 0, (0, 0)
    for number, piece in enumerate(pieces):
        if piece.kind == "M":
            begin, start, ends = number, piece.points[0], []
        elif piece.kind == "Z":
            found |= {begin, *ends} if ends else set()
            ends = []
        elif piece.points[-1] == start:
            ends.append(number)
    return frozenset(found)


def _closing(pieces: list[_Piece]) -> frozenset[int]:
    """The numbers of lines before a Z that all end at the same point."""
    found: set[int] = set()
    ends: tuple[_Point, ...] | None = None
    for number, piece in reversed([*enumerate(pieces)]):
        if piece.kind == "Z":
            ends = ()
        elif piece.kind == "L" and ends in ((), piece.points):
            ends = piece.points
            found.add(number)
        else:
            ends = None
    return frozenset(found)


def _misses(commands: list[Command], pieces: list[_Piece]) -> bool:
    """Whether a browser, by its rounding, ends at another point than the one where an outline began.

    Then the browser shows the joins of the short line between the two points. These must stay.
    """
    meeting = _meeting(pieces)
    if not meeting:
        return False
    pen = float32.Pen()
    try:
        for number, (command, piece) in enumerate(zip(commands, pieces, strict=True)):
            points = pen.points(*command)
            if number in meeting and piece.kind != "M" and points[-1] != pen.start:
                return True
            pen.move(piece.kind, points)
    except float32.UnclearError:
        return True
    return False


def _stays(piece: _Piece, place: _CurrentPoint) -> bool:
    """Whether a piece has no length. A pen draws a dot there, which must not get a direction."""
    return piece.kind == "L" and piece.points[-1] == place.here


def _simplified(pieces: list[_Piece]) -> list[_Piece]:
    """The same area with fewer numbers. It moves by less than one unit. Only for outlines without a pen."""
    moving = [
        (here, piece)
        for here, piece in zip(_starts(pieces), pieces, strict=True)
        if piece.kind in "MZ" or any(point != here for point in piece.points)
    ]
    # The loop begins at the end, because the spelling of a curve depends on the next one.
    simpler: list[_Piece] = []
    after: _Piece | None = None
    for here, piece in reversed(moving):
        after = _curve(here, piece, after) if piece.kind == "C" else piece
        simpler.append(after)
    simpler.reverse()
    return _without_closing_lines(simpler)


def _without_closing_lines(pieces: list[_Piece]) -> list[_Piece]:
    """The pieces without the lines that the Z after them draws anyway."""
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
    place = _CurrentPoint()
    for piece in pieces:
        yield place.here
        place.move(piece)


def _curve(here: _Point, piece: _Piece, after: _Piece | None) -> _Piece:
    """A cubic curve as a line or as a quadratic curve, if it is nearly one."""
    (x, y), ((ax, ay), (bx, by), (ex, ey)) = here, piece.points
    width, height = ex - x, ey - y
    length = width * width + height * height
    along = [(px - x) * width + (py - y) * height for px, py in piece.points[:2]]
    across = [(px - x) * height - (py - y) * width for px, py in piece.points[:2]]
    if length and across == [0, 0] and 0 <= along[0] <= along[1] <= length:
        return _Piece("L", (piece.points[-1],))
    # The next curve may be spelled as S. Then it takes its first point from the second point of this one.
    if after is not None and after.kind == "C" and after.points[0] == (2 * ex - bx, 2 * ey - by):
        return piece
    # The quadratic curve is off the cubic one by 0.048 of this difference, at most: sqrt(3) / 36.
    strays = max(abs(ex - 3 * bx + 3 * ax - x), abs(ey - 3 * by + 3 * ay - y))
    if strays > _STRAYS:
        return piece
    control = (
        fixed_point.divided(3 * (ax + bx) - x - ex, 4),
        fixed_point.divided(3 * (ay + by) - y - ey, 4),
    )
    return _Piece("Q", (control, piece.points[-1]))


def _write_points(pieces: list[_Piece], places: int, *, stroked: bool) -> str:
    writer = PathWriter()
    place = _CurrentPoint()
    meeting = _meeting(pieces) if stroked else frozenset()
    for index, piece in enumerate(pieces):
        spellings = list(_spellings(piece, place, places))
        if index in meeting:
            # Equal numbers are the same point for every viewer.
            spellings = [_spelled(piece.kind, piece.points, piece.arc, place.here, places)]
        elif stroked and _stays(piece, place):
            spellings = spellings[1:]
        elif index > 0 and index % _ABSOLUTE_EVERY == 0:
            # The first command may be relative, too, because it begins at the origin.
            spellings = spellings[:1]
        text, chosen = writer.sorted(spellings)[0]
        writer.put(text, *chosen)
        place.move(piece)
    return writer.text()
