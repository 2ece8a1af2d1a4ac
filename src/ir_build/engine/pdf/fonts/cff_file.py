"""Compact font programs (CFF, Adobe technical note 5176) taken apart strictly, and put together.

What is not known to hold no place within the file is refused, so that every place is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fontTools.cffLib import (
    cffExpertSubsetStrings,
    cffIExpertStrings,
    cffISOAdobeStrings,
    cffStandardStrings,
)

from . import cff_data
from .cff_data import Dict, part
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIDS = {name.encode(): sid for sid, name in enumerate(cffStandardStrings)}
_CHARSTRINGS, _CHARSET, _ENCODING, _PRIVATE, _SUBRS = 17, 15, 16, 18, 19
_MATRIX, _KIND, _SYNTHETIC, _ROS, _PARTS, _SELECT = 0xC07, 0xC06, 0xC14, 0xC1E, 0xC24, 0xC25
_PLAIN = frozenset({
    0, 1, 2, 3, 4, 5, _CHARSTRINGS, _CHARSET, _ENCODING, _PRIVATE, *range(0xC00, 0xC09), 0xC15,
    0xC16, 0xC17, *range(_ROS, 0xC23), _PARTS, _SELECT, 0xC26,
})  # fmt: skip
_PLAIN_PRIVATE = frozenset({*range(6, 12), *range(0xC09, 0xC14), _SUBRS, 20, 21})
# Numbers that stand for the font as it was with all its glyphs.
_UNIQUE = frozenset({13, 14, 0xC23})
_MOST_PARTS = 256
_STANDARD_ENCODING = 0
_CHARSETS = tuple(
    tuple(SIDS[name.encode()] for name in names)
    for names in (cffISOAdobeStrings, cffIExpertStrings, cffExpertSubsetStrings)
)


@dataclass(frozen=True, slots=True)
class Part:
    """Glyphs that share hints and subroutines: of the whole font, or of one it is composed of."""

    entries: Dict
    private: Dict
    #: the key of its subroutines in `Cff.subrs`, 0 where it has none
    subrs: int


@dataclass(frozen=True, slots=True)
class Cff:
    """A font program."""

    name: bytes
    top: Dict
    strings: list[bytes]
    global_subrs: list[bytes]
    glyphs: list[bytes]  #: charstrings
    #: by glyph, the number of its name, or of its character in a font that is keyed by these
    charset: Sequence[int]
    charset_data: bytes  #: empty for one that is known to readers
    encoding_data: bytes  #: empty for one that is known to readers
    parts: list[Part]
    select: bytes  #: by glyph, its part
    select_data: bytes
    #: subroutines of the parts; parts may share them
    subrs: dict[int, list[bytes]]

    @property
    def keyed(self) -> bool:
        """Whether glyphs are found by the numbers of characters, not by names."""
        return bool(self.select_data)


def read(data: bytes) -> Cff:
    """Take a program apart. Raises `Unusual`."""
    if data[:1] != b"\1" or len(data) < 4:
        raise Unusual("no CFF font")
    names, at = cff_data.read_index(data, data[2])
    tops, at = cff_data.read_index(data, at)
    strings, at = cff_data.read_index(data, at)
    global_subrs, _ = cff_data.read_index(data, at)
    if len(names) != 1 or len(tops) != 1:
        raise Unusual("another number of fonts")
    top = [one for one in cff_data.read_dict(tops[0]) if one[0] not in _UNIQUE]
    entries = dict(top)
    if not entries.keys() <= _PLAIN or cff_data.whole_numbers(entries.get(_KIND, b"\x8d")) != [2]:
        raise Unusual("entries that are not known")
    glyphs, _ = cff_data.read_index(data, _place(entries, _CHARSTRINGS))
    if not glyphs:
        raise Unusual("no glyphs")
    charset, charset_data = _charset(data, entries, len(glyphs))
    select, select_data, dicts = bytes(len(glyphs)), b"", [top]
    if _ROS in entries:
        dicts = [
            cff_data.read_dict(one) for one in cff_data.read_index(data, _place(entries, _PARTS))[0]
        ]
        select, select_data = _select(data, _place(entries, _SELECT), len(glyphs))
        if (
            not charset_data
            or _PRIVATE in entries
            or max(select) >= len(dicts)
            or len(dicts) > _MOST_PARTS
        ):
            raise Unusual("a composed font without its parts")
    subrs: dict[int, list[bytes]] = {}
    parts = [_part(data, one, subrs) for one in dicts]
    return Cff(
        names[0], top, strings, global_subrs, glyphs, charset, charset_data,
        _encoding(data, entries), parts, select, select_data, subrs,
    )  # fmt: skip


def _place(entries: Mapping[int, bytes], operator: int) -> int:
    numbers = cff_data.whole_numbers(entries.get(operator, b""))
    if len(numbers) != 1:
        raise Unusual("a part of the font without a place")
    return numbers[0]


def _charset(data: bytes, entries: Mapping[int, bytes], count: int) -> tuple[Sequence[int], bytes]:
    at = _place(entries, _CHARSET) if _CHARSET in entries else 0
    if at < len(_CHARSETS):
        if count > len(_CHARSETS[at]):
            raise Unusual("glyphs without a name")
        return _CHARSETS[at][:count], b""
    (kind,) = part(data, at, 1)
    if kind == 0:
        table = part(data, at + 1, 2 * (count - 1))
        numbers = [int.from_bytes(table[one : one + 2], "big") for one in range(0, len(table), 2)]
        return [0, *numbers], part(data, at, 1 + len(table))
    if kind > 2:
        raise Unusual("a charset of no kind")
    found, end = [0], at + 1
    while len(found) < count:
        row = part(data, end, 2 + kind)
        first, left = int.from_bytes(row[:2], "big"), int.from_bytes(row[2:], "big")
        found += range(first, first + left + 1)
        end += len(row)
    return found[:count], data[at:end]


def _encoding(data: bytes, entries: Mapping[int, bytes]) -> bytes:
    at = _place(entries, _ENCODING) if _ENCODING in entries else _STANDARD_ENCODING
    if at == _STANDARD_ENCODING:
        return b""
    if at == 1:
        raise Unusual("the expert encoding")
    kind, count = part(data, at, 2)
    if kind & 127 > 1:
        raise Unusual("an encoding of no kind")
    length = 2 + count * (1 + (kind & 127))
    if kind & 128:
        length += 1 + 3 * part(data, at + length, 1)[0]
    return part(data, at, length)


def _select(data: bytes, at: int, count: int) -> tuple[bytes, bytes]:
    """The part of each glyph, and the table that says so."""
    (kind,) = part(data, at, 1)
    if kind == 0:
        return part(data, at + 1, count), part(data, at, 1 + count)
    if kind != 3:
        raise Unusual("a table of parts of no kind")
    ranges = int.from_bytes(part(data, at + 1, 2), "big")
    table = part(data, at, 3 + 3 * ranges + 2)
    firsts = [int.from_bytes(table[one : one + 2], "big") for one in range(3, len(table), 3)]
    if firsts[0] or firsts[-1] != count or sorted(set(firsts)) != firsts:
        raise Unusual("parts out of order")
    rows = zip(firsts, firsts[1:], table[5::3], strict=False)
    return b"".join(bytes((which,)) * (end - first) for first, end, which in rows), table


def _part(data: bytes, entries: Dict, subrs: dict[int, list[bytes]]) -> Part:
    size_and_place = cff_data.whole_numbers(dict(entries).get(_PRIVATE, b""))
    if len(size_and_place) != 2 or min(size_and_place) < 0:
        raise Unusual("a font without its hints")
    size, at = size_and_place
    private = cff_data.read_dict(part(data, at, size))
    known = dict(private)
    if not known.keys() <= _PLAIN_PRIVATE or not dict(entries).keys() <= _PLAIN:
        raise Unusual("entries that are not known")
    key = at + _place(known, _SUBRS) if _SUBRS in known else 0
    if key and key not in subrs:
        subrs[key], _ = cff_data.read_index(data, key)
        # Parts that overlap would be more than there is.
        if sum(len(one) for items in subrs.values() for one in items) > len(data):
            raise Unusual("subroutines that overlap")
    return Part(entries, private, key)


def codes(font: Cff) -> dict[int, set[int]]:
    """The glyphs that the font itself gives each code."""
    found: dict[int, set[int]] = {}
    table = font.encoding_data
    if not table:
        return found  # Adobe's standard encoding
    glyph = 1
    kind, count = table[0], table[1]
    for row in range(count):
        if kind & 127:
            first, left = table[2 + 2 * row], table[3 + 2 * row]
        else:
            first, left = table[2 + row], 0
        for code in range(first, first + left + 1):
            found.setdefault(code, set()).add(glyph)
            glyph += 1
    if kind & 128:
        for row in range(3 + count * (1 + (kind & 127)), len(table), 3):
            sid = int.from_bytes(table[row + 1 : row + 3], "big")
            found.setdefault(table[row], set()).update(
                at for at, one in enumerate(font.charset) if one == sid
            )
    return found


def names(font: Cff) -> list[bytes]:
    """The name of each glyph. Raises `Unusual`."""
    known = len(cffStandardStrings)
    found = []
    for sid in font.charset:
        if sid >= known + len(font.strings):
            raise Unusual("a name that is not there")
        found.append(cffStandardStrings[sid].encode() if sid < known else font.strings[sid - known])
    return found


def write(font: Cff) -> bytes:
    """The font program."""
    head = b"\1\0\4\4" + cff_data.index([font.name])
    known = cff_data.index(font.strings) + cff_data.index(font.global_subrs)
    tables = {
        _ENCODING: font.encoding_data, _CHARSET: font.charset_data, _SELECT: font.select_data,
        _CHARSTRINGS: cff_data.index(font.glyphs),
    }  # fmt: skip
    subrs = {key: cff_data.index(items) for key, items in font.subrs.items()}
    privates = [b""] * len(font.parts)
    top = dicts = b""
    # Places take as many bytes whatever they are, so they are right in the second round.
    for _ in range(2):
        at = len(head) + len(cff_data.index([top])) + len(known)
        places: dict[int, tuple[int, ...]] = {}
        for operator, table in tables.items():
            if table:
                places[operator] = (at,)
                at += len(table)
        if font.keyed:
            places[_PARTS] = (at,)
            at += len(dicts)
        place_of_subrs = at + sum(map(len, privates))
        starts = {}
        for key, items in subrs.items():
            starts[key] = place_of_subrs
            place_of_subrs += len(items)
        own = []
        for number, one in enumerate(font.parts):
            where = {_SUBRS: (starts[one.subrs] - at,)} if one.subrs else {}
            privates[number] = _dict(one.private, where)
            own.append(_dict(one.entries, {_PRIVATE: (len(privates[number]), at)}))
            at += len(privates[number])
        if font.keyed:
            dicts = cff_data.index(own)
        else:
            places[_PRIVATE] = (len(privates[0]), at - len(privates[0]))
        top = _dict(font.top, places)
    return b"".join(
        (head, cff_data.index([top]), known, *tables.values(), dicts, *privates, *subrs.values())
    )


def _dict(entries: Dict, places: Mapping[int, tuple[int, ...]]) -> bytes:
    out = b""
    for operator, operands in entries:
        placed = b"".join(map(cff_data.fixed, places.get(operator, ())))
        out += (placed or operands) + cff_data.operator_bytes(operator)
    return out
