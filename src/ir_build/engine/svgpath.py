"""Path data: the same curve in fewer characters.

Grammar: SVG 2, chapter 9.3.9. Data that breaks it anywhere is drawn up to the fault by
browsers and therefore never rewritten here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from .svgvalues import NUMBER, join, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_SPACE = re.compile(r"[ \t\r\n\f]*+")
_NUMBER = re.compile(rf"{NUMBER}")
_COMMA = re.compile(r"[ \t\r\n\f]*+,?[ \t\r\n\f]*+")
_MAX_DIGITS = 40
#: renderers add up relative steps in single precision: a fresh start bounds the drift
_ABSOLUTE_EVERY = 64


@dataclass(frozen=True, slots=True)
class Command:
    """A letter and its numbers as written."""

    letter: str
    numbers: tuple[str, ...]


def parse(data: str) -> list[Command] | None:
    """The commands of path data, one for each repetition; None when there is any fault."""
    commands: list[Command] = []
    at = _skip(_SPACE, data, 0)
    while at < len(data):
        letter = data[at]
        count = _COUNTS.get(letter.upper())
        if count is None or (not commands and letter not in "Mm"):
            return None
        at += 1
        if count == 0:
            commands.append(Command(letter, ()))
            at = _skip(_SPACE, data, at)
            continue
        at = _skip(_SPACE, data, at)
        while True:
            numbers: list[str] = []
            for index in range(count):
                if index:
                    at = _skip(_COMMA, data, at)
                if letter in "Aa" and index in (3, 4):
                    if data[at : at + 1] not in ("0", "1"):
                        return None
                    numbers.append(data[at])
                    at += 1
                    continue
                match = _NUMBER.match(data, at)
                if match is None:
                    return None
                numbers.append(match[0])
                at = match.end()
            commands.append(Command(letter, tuple(numbers)))
            letter = {"M": "L", "m": "l"}.get(letter, letter)
            after = _skip(_COMMA, data, at)
            if after == len(data) or data[after].isalpha():
                # a comma may part numbers, never a number and a letter
                if "," in data[at:after]:
                    return None
                at = after
                break
            at = after
    return commands


def write(commands: list[Command]) -> str:
    """The commands as they are, each number and separator as short as it gets."""
    writer = _Writer()
    for command in commands:
        writer.add(command.letter, tuple(map(shorten, command.numbers)))
    return writer.text()


def rewrite(commands: list[Command], places: int, *, stroked: bool) -> str | None:
    """The curve with absolute or relative commands, whichever is shorter, and rounded.

    `places` are the decimals that are enough. Corners of a `stroked` outline point where its
    shortest pieces point, so those are not rounded away. None where it can't be done well.
    """
    prepared = _prepare(commands, places, stroked=stroked)
    return None if prepared is None else _write_points(*prepared)


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
    points: tuple[tuple[int, int], ...]
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
    control: tuple[int, int] | None = None
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
    previous: tuple[int, int] | None = None
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


def _write_points(pieces: list[_Piece], divisor: int, places: int) -> str:
    writer = _Writer()
    x = y = start_x = start_y = 0
    control: tuple[int, int] | None = None
    control_kind = ""
    for index, piece in enumerate(pieces):
        if piece.kind == "Z":
            writer.add("z", ())
            x, y = start_x, start_y
            control_kind = ""
            continue
        points = [(_round(px, divisor), _round(py, divisor)) for px, py in piece.points]
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


class _Writer:
    """Path data grown command by command, a letter only where it is not implied."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._letter = ""
        self._number = ""

    def add(self, letter: str, numbers: tuple[str, ...]) -> None:
        self._parts.append(self._spell(letter, numbers))
        self._letter = letter
        self._number = numbers[-1] if numbers else ""

    def add_shortest(self, options: list[tuple[str, tuple[str, ...]]]) -> None:
        self.add(*min(options, key=lambda option: len(self._spell(*option))))

    def text(self) -> str:
        return "".join(self._parts)

    def _spell(self, letter: str, numbers: tuple[str, ...]) -> str:
        implied = {"M": "L", "m": "l", "Z": "", "z": ""}.get(self._letter, self._letter)
        if letter == implied:
            previous, text = self._number, ""
        else:
            previous, text = "", letter
        for number in numbers:
            if previous and _needs_space(previous, number):
                text += " "
            text += number
            previous = number
        return text


def _needs_space(previous: str, number: str) -> bool:
    """Whether two numbers would read as something else when written side by side."""
    if number[0] == "-":
        return False
    return not (number[0] == "." and "." in previous and "e" not in previous.lower())


def _skip(pattern: re.Pattern[str], data: str, at: int) -> int:
    match = pattern.match(data, at)
    return match.end() if match else at
