"""Text in the columns of a terminal: how wide it is, shortened, and in lines."""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Mn", "Me", "Cf"})


def width(text: str) -> int:
    """How many columns `text` takes on a terminal."""
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in _UNSEEN:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shortened(text: str, columns: int) -> str:
    """`text` in so many columns: what has no room is taken out of its middle."""
    if width(text) <= columns:
        return text
    dots = "..."
    room = columns - len(dots)
    # The end of a name says more of a file than its beginning.
    head = fitting(text, room // 2)
    tail = fitting(text[::-1], room - width(head))[::-1]
    while tail and not _columns(tail[0]):
        tail = tail[1:]  # a mark that belongs to the letter before it
    return f"{head}{dots}{tail}"


def fitting(text: str, columns: int) -> str:
    """As much of the beginning of `text` as there is room for."""
    used = 0
    for place, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[:place]
    return text


def wrapped(text: str, columns: int, *, most: int | None = None) -> list[str]:
    """`text` in lines, the later ones indented; at most `most`, whose last one then ends in dots."""
    lines = [""]
    for word in text.split(" "):
        rest = word
        while True:
            line = lines[-1]
            longer = f"{line} {rest}" if line.strip() else f"{line}{rest}"
            if width(longer) <= columns:
                lines[-1] = longer
                break
            if line.strip():
                lines.append("  ")
                continue
            lines[-1] += fitting(rest, columns - width(line))
            rest = rest[len(lines[-1]) - len(line) :]
            lines.append("  ")
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], f"{fitting(lines[most - 1], columns - 3)}..."]
    return lines
