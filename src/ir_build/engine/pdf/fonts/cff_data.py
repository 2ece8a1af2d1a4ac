"""The data of compact fonts: INDEX and DICT (CFF, Adobe technical note 5176, 4 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import charstrings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .outline import Number

_REAL = {**{str(digit): digit for digit in range(10)}, ".": 10, "e": 11, "e-": 12, "-": 14}


def index(items: Sequence[bytes]) -> bytes:
    """An INDEX of `items`."""
    if not items:
        return b"\0\0"
    ends = [1]
    for item in items:
        ends.append(ends[-1] + len(item))
    size = (ends[-1].bit_length() + 7) // 8
    offsets = b"".join(end.to_bytes(size, "big") for end in ends)
    return len(items).to_bytes(2, "big") + bytes((size,)) + offsets + b"".join(items)


def entry(operator: tuple[int, ...], *values: Number) -> bytes:
    """An entry of a DICT."""
    return b"".join(_number(value) for value in values) + bytes(operator)


def offset(operator: int, value: int) -> bytes:
    """An entry that takes as many bytes whatever its value is."""
    return fixed(value) + bytes((operator,))


def fixed(value: int) -> bytes:
    """A whole number in five bytes."""
    return b"\x1d" + value.to_bytes(4, "big", signed=True)


def _number(value: Number) -> bytes:
    if value == int(value):
        whole = int(value)
        return charstrings.operand(whole) if -32768 <= whole <= 32767 else fixed(whole)
    text = f"{value:.9g}".replace("+", "").replace("e-", "E")
    nibbles = [_REAL["e-" if one == "E" else one] for one in text] + [15]
    nibbles += [15] * (len(nibbles) % 2)
    pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
    return b"\x1e" + bytes(high << 4 | low for high, low in pairs)
