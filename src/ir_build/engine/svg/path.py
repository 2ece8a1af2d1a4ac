"""Path data: the same curve in fewer characters.

Grammar: SVG 2, chapter 9.3.9. Browsers draw faulty data up to the fault. So such data are never rewritten here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .values import NUMBER, SEPARATOR, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How many numbers a command has.
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
#: The letter that may be left out after each of these letters. After any other letter it is the same letter.
_IMPLIED = {"M": "L", "m": "l", "Z": "", "z": ""}
#: the command for further numbers after a command, if it is another one
_NEXT = {"M": "L", "m": "l"}
_SPACE = re.compile(r"[ \t\r\n\f]*+")
_NUMBER = re.compile(rf"{NUMBER}")
#: A letter with all numbers that follow. Those of arcs are read one by one, because of their flags.
_RUN = re.compile(
    rf"([MmLlHhVvCcSsQqTt])[ \t\r\n\f]*+({NUMBER}(?:{SEPARATOR}{NUMBER})*+)[ \t\r\n\f]*+"
)
_COMMA = re.compile(r"[ \t\r\n\f]*+,?[ \t\r\n\f]*+")


class Command(NamedTuple):
    """A letter, and its numbers in their shortest spelling."""

    letter: str
    numbers: tuple[str, ...]


def parse(data: str) -> list[Command] | None:
    """The commands of path data, one for each repetition; None if the data has any fault."""
    commands: list[Command] = []
    at = _skip(_SPACE, data, 0)
    while at < len(data):
        letter = data[at]
        count = _COUNTS.get(letter.upper())
        if count is None or (not commands and letter not in "Mm"):
            return None
        if run := _RUN.match(data, at):
            values = list(map(shorten, _NUMBER.findall(run[2])))
            if len(values) % count:
                return None
            for first in range(0, len(values), count):
                commands.append(Command(letter, tuple(values[first : first + count])))
                letter = _NEXT.get(letter, letter)
            at = run.end()
            continue
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
                numbers.append(shorten(match[0]))
                at = match.end()
            commands.append(Command(letter, tuple(numbers)))
            letter = _NEXT.get(letter, letter)
            after = _skip(_COMMA, data, at)
            if after == len(data) or data[after].isalpha():
                # A comma may stand between numbers, but not between a number and a letter.
                if "," in data[at:after]:
                    return None
                at = after
                break
            at = after
    return commands


def write(commands: list[Command]) -> str:
    """The same commands with as few characters between them as possible."""
    writer = PathWriter()
    for command in commands:
        writer.add(command.letter, command.numbers)
    return writer.text()


class PathWriter:
    """Writes path data command by command. A letter is left out where it may be."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._letter = ""
        self._number = ""

    def add(self, letter: str, numbers: tuple[str, ...]) -> None:
        self.put(self.spelled(letter, numbers), letter, numbers)

    def sorted(self, options: Iterable[Command]) -> list[tuple[str, Command]]:
        """The commands as they would be spelled here, the shortest first."""
        return sorted([(self.spelled(*option), option) for option in options], key=_length)

    def put(self, text: str, letter: str, numbers: tuple[str, ...]) -> None:
        """Add a command. `text` is what `spelled` says of it."""
        self._parts.append(text)
        self._letter = letter
        self._number = numbers[-1] if numbers else ""

    def text(self) -> str:
        return "".join(self._parts)

    def spelled(self, letter: str, numbers: tuple[str, ...]) -> str:
        """The characters that a command would add here."""
        if letter == _IMPLIED.get(self._letter, self._letter):
            previous, text = self._number, ""
        else:
            previous, text = "", letter
        for number in numbers:
            # A space stands between two numbers that would read as something else side by side.
            if (
                previous
                and number[0] != "-"
                and not (number[0] == "." and "." in previous and "e" not in previous.lower())
            ):
                text += " "
            text += number
            previous = number
        return text


def _length(spelling: tuple[str, object]) -> int:
    return len(spelling[0])


def _skip(pattern: re.Pattern[str], data: str, at: int) -> int:
    match = pattern.match(data, at)
    return match.end() if match else at
