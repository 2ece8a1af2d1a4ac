"""The data of compact fonts: INDEX and DICT (CFF, Adobe technical note 5176, 4 and 5)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from . import charstrings
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .outline import Number

#: the entries of a DICT in order: an operator (12 for its first byte: 3072 and more), and the
#: bytes of its operands
Dict = list[tuple[int, bytes]]

_ESCAPE = 12
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


def read_index(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The items of the INDEX at `at`, and where it ends. Raises `Unusual`."""
    count = int.from_bytes(part(data, at, 2), "big")
    if not count:
        return [], at + 2
    (size,) = part(data, at + 2, 1)
    if not 1 <= size <= 4:
        raise Unusual("offsets of no size")
    table = part(data, at + 3, (count + 1) * size)
    ends = [int.from_bytes(table[one : one + size], "big") for one in range(0, len(table), size)]
    start = at + 3 + len(table) - 1
    if ends[0] != 1 or start + ends[-1] > len(data):
        raise Unusual("an index out of bounds")
    if any(one > other for one, other in pairwise(ends)):
        raise Unusual("an index out of order")
    items = [data[start + one : start + other] for one, other in pairwise(ends)]
    return items, start + ends[-1]


def part(data: bytes, at: int, length: int) -> bytes:
    """So many bytes from `at`. Raises `Unusual` where there are fewer."""
    if at < 0 or at + length > len(data):
        raise Unusual("a font that is cut off")
    return data[at : at + length]


def entry(operator: tuple[int, ...], *values: Number) -> bytes:
    """An entry of a DICT."""
    return b"".join(_number(value) for value in values) + bytes(operator)


def offset(operator: int, value: int) -> bytes:
    """An entry that takes as many bytes whatever its value is."""
    return fixed(value) + operator_bytes(operator)


def operator_bytes(operator: int) -> bytes:
    """An operator as it is written."""
    return bytes((operator,)) if operator < 256 else operator.to_bytes(2, "big")


def fixed(value: int) -> bytes:
    """A whole number in five bytes."""
    return b"\x1d" + value.to_bytes(4, "big", signed=True)


def read_dict(data: bytes) -> Dict:
    """The entries of a DICT. Raises `Unusual`."""
    entries: Dict = []
    start = at = 0
    while at < len(data):
        byte = data[at]
        if byte <= 21:
            end = at + (2 if byte == _ESCAPE else 1)
            operator = int.from_bytes(part(data, at, end - at), "big")
            if any(operator == one for one, _ in entries):
                raise Unusual("an entry defined twice")
            entries.append((operator, data[start:at]))
            start = end
        else:
            end = at + _length(data, at)
        at = end
    if start != len(data):
        raise Unusual("operands without an operator")
    return entries


def whole_numbers(operands: bytes) -> list[int]:
    """The operands of an entry. Raises `Unusual` where they are no whole numbers."""
    numbers, at = [], 0
    while at < len(operands):
        length = _length(operands, at)
        one = part(operands, at, length)
        if one[0] in (28, 29):
            numbers.append(int.from_bytes(one[1:], "big", signed=True))
        elif length == 1:
            numbers.append(one[0] - 139)
        elif length == 2 and one[0] != 30:
            numbers.append(
                (one[0] - 247) * 256 + one[1] + 108
                if one[0] < 251
                else -(one[0] - 251) * 256 - one[1] - 108
            )
        else:
            raise Unusual("another number than a whole one")
        at += length
    return numbers


def _length(data: bytes, at: int) -> int:
    """Bytes of the operand at `at`."""
    byte = data[at]
    if byte == 30:
        end = at + 1
        while end < len(data) and data[end] >> 4 != 15 and data[end] & 15 != 15:
            end += 1
        return end + 1 - at
    if byte in (28, 29):
        return 3 if byte == 28 else 5
    if byte < 32 or byte == 255:
        raise Unusual("a number of no kind")
    return 1 if byte < 247 else 2


def _number(value: Number) -> bytes:
    if value == int(value):
        whole = int(value)
        return charstrings.operand(whole) if -32768 <= whole <= 32767 else fixed(whole)
    text = f"{value:.9g}".replace("+", "").replace("e-", "E")
    nibbles = [_REAL["e-" if one == "E" else one] for one in text] + [15]
    nibbles += [15] * (len(nibbles) % 2)
    pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
    return b"\x1e" + bytes(high << 4 | low for high, low in pairs)
