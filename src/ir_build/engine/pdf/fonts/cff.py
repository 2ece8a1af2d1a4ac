"""Compact fonts (CFF, Adobe technical note 5176) written from Type 1 programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fontTools.cffLib import cffStandardStrings
from fontTools.encodings.StandardEncoding import StandardEncoding
from fontTools.misc.psCharStrings import encodeFloat, encodeIntCFF

from . import charstrings, type1_glyph
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .outline import Number, Outline
    from .type1 import Type1

_SIDS = {name.encode(): sid for sid, name in enumerate(cffStandardStrings)}
# Operators of DICTs, with the defaults of some (technical note 5176, tables 9 and 23).
_NOTICE, _BOX, _CHARSET, _ENCODING, _CHARSTRINGS, _PRIVATE = 1, 5, 15, 16, 17, 18
_MATRIX = 12, 7
_DEFAULT_WIDTH, _NOMINAL_WIDTH = 20, 21
_INFO = {
    "isFixedPitch": (1, 0.0), "ItalicAngle": (2, 0.0), "UnderlinePosition": (3, -100.0),
    "UnderlineThickness": (4, 50.0),
}  # fmt: skip
_DELTAS = {
    "BlueValues": (6,), "OtherBlues": (7,), "FamilyBlues": (8,), "FamilyOtherBlues": (9,),
    "StemSnapH": (12, 12), "StemSnapV": (12, 13),
}  # fmt: skip
_HINTS = {
    "StdHW": (10,), "StdVW": (11,), "BlueScale": (12, 9), "BlueShift": (12, 10),
    "BlueFuzz": (12, 11), "ForceBold": (12, 14), "LanguageGroup": (12, 17),
    "ExpansionFactor": (12, 18),
}  # fmt: skip
_USUAL_MATRIX = (0.001, 0.0, 0.0, 0.001, 0.0, 0.0)


def from_type1(font: Type1, wanted: Collection[bytes] | None) -> bytes:
    """`font` as a CFF program with the glyphs of the names `wanted`; with all glyphs for None.

    Raises `Unusual` if CFF cannot say the same.
    """
    if not _slanted(font.matrix):
        raise Unusual("another matrix")
    names = _closure(font, font.glyphs if wanted is None else wanted)
    codes: dict[bytes, list[int]] = {}
    for code, name in sorted((font.encoding or {}).items()):
        codes.setdefault(name, []).append(code)
    order = [
        b".notdef",
        *sorted(names - {b".notdef"}, key=lambda name: (codes.get(name, [256])[0], name)),
    ]
    outlines = [type1_glyph.read(font.glyphs[name], font.subrs) for name in order]
    nominal = _nominal(outlines)
    strings = _Strings()
    sids = [strings.sid(name) for name in order]
    encoding = b"" if font.encoding is None else _encoding(order, sids, codes)
    return _assembled(
        font,
        strings,
        charset=_charset(sids[1:]),
        encoding=encoding,
        glyphs=_index([charstrings.encode(one, nominal) for one in outlines]),
        private=_private(font, nominal),
    )


def _slanted(matrix: tuple[float, ...]) -> bool:
    """Whether a matrix only makes letters wider, narrower or oblique."""
    if len(matrix) != 6:
        return False
    width, up, slant, height, right, top = matrix
    return (
        (up, height, right, top) == (0.0, 0.001, 0.0, 0.0)
        and 0.0005 <= width <= 0.002
        and abs(slant) <= 0.001
    )


def _closure(font: Type1, wanted: Collection[bytes]) -> set[bytes]:
    """The names of the `wanted` glyphs that the font has, and of the glyphs of which they are made."""
    names = {b".notdef"} | {name for name in wanted if name in font.glyphs}
    for name in tuple(names):
        accented = type1_glyph.read(font.glyphs[name], font.subrs).accented
        for code in accented[2:] if accented else ():
            part = StandardEncoding[code].encode() if 0 <= code <= 255 else b""
            if part not in font.glyphs:
                raise Unusual("an accent that is not there")
            names.add(part)
    return names


def _nominal(outlines: Sequence[Outline]) -> Number:
    return Counter(one.width for one in outlines).most_common(1)[0][0]


class _Strings:
    """The strings of a font: the standard strings, which every reader knows, and its own."""

    def __init__(self) -> None:
        self._own: dict[bytes, int] = {}

    def sid(self, text: bytes) -> int:
        if text in _SIDS:
            return _SIDS[text]
        return self._own.setdefault(text, len(_SIDS) + len(self._own))

    def index(self) -> bytes:
        return _index(list(self._own))


def _assembled(
    font: Type1,
    strings: _Strings,
    *,
    charset: bytes,
    encoding: bytes,
    glyphs: bytes,
    private: bytes,
) -> bytes:
    info = b""
    if font.notice:
        info += _entry((_NOTICE,), strings.sid(font.notice))
    if font.matrix != _USUAL_MATRIX:
        info += _entry(_MATRIX, *font.matrix)
    info += _entry((_BOX,), *font.box)
    for name, (operator, usual) in _INFO.items():
        if font.info.get(name, usual) != usual:
            info += _entry((12, operator), font.info[name])
    head = b"\x01\x00\x04\x02" + _index([font.name])
    subrs = _index([])
    top = b""
    # An offset takes five bytes, whatever its value. So the second round knows all lengths.
    for _ in range(2):
        at = len(head) + len(_index([b"\0" * len(top)])) + len(strings.index()) + len(subrs)
        top = info + _offset(_CHARSET, at)
        at += len(charset)
        if encoding:
            top += _offset(_ENCODING, at)
            at += len(encoding)
        top += _offset(_CHARSTRINGS, at)
        at += len(glyphs)
        top += _fixed(len(private)) + _offset(_PRIVATE, at)
    return head + _index([top]) + strings.index() + subrs + charset + encoding + glyphs + private


def _private(font: Type1, width: Number) -> bytes:
    out = b""
    for name, operator in _DELTAS.items():
        values = font.private.get(name, ())
        deltas = [value - before for before, value in zip((0.0, *values), values, strict=False)]
        if deltas:
            out += _entry(operator, *deltas)
    for name, operator in _HINTS.items():
        if name in font.private:
            out += _entry(operator, *font.private[name][:1])
    if width:
        out += _entry((_DEFAULT_WIDTH,), width) + _entry((_NOMINAL_WIDTH,), width)
    return out


def _charset(sids: Sequence[int]) -> bytes:
    ranges: list[list[int]] = []
    for sid in sids:
        if ranges and sid == ranges[-1][0] + ranges[-1][1] + 1 and ranges[-1][1] < 255:
            ranges[-1][1] += 1
        else:
            ranges.append([sid, 0])
    plain = b"\0" + b"".join(sid.to_bytes(2, "big") for sid in sids)
    ranged = b"\1" + b"".join(sid.to_bytes(2, "big") + bytes((left,)) for sid, left in ranges)
    return min(plain, ranged, key=len)


def _encoding(order: Sequence[bytes], sids: Sequence[int], codes: dict[bytes, list[int]]) -> bytes:
    """The encoding: first one code for each glyph that has any, then further codes."""
    first = [codes[name][0] for name in order[1:] if name in codes]
    if len(first) > 255:
        raise Unusual("more codes than this encoding can count")
    more = [
        (code, sid)
        for name, sid in zip(order, sids, strict=True)
        for code in codes.get(name, ())[1:]
    ]
    out = bytes((0x80 if more else 0, len(first), *first))
    if more:
        out += bytes((len(more),))
        out += b"".join(bytes((code,)) + sid.to_bytes(2, "big") for code, sid in more)
    return out


def _index(items: Sequence[bytes]) -> bytes:
    """An INDEX of `items` (technical note 5176, 5)."""
    if not items:
        return b"\0\0"
    ends = [1]
    for item in items:
        ends.append(ends[-1] + len(item))
    size = (ends[-1].bit_length() + 7) // 8
    offsets = b"".join(end.to_bytes(size, "big") for end in ends)
    return len(items).to_bytes(2, "big") + bytes((size,)) + offsets + b"".join(items)


def _entry(operator: tuple[int, ...], *values: Number) -> bytes:
    """An entry of a DICT: the `values` and their operator (technical note 5176, 4)."""
    numbers = (
        encodeIntCFF(int(value)) if value == int(value) else encodeFloat(value) for value in values
    )
    return b"".join(numbers) + bytes(operator)


def _offset(operator: int, value: int) -> bytes:
    """An entry with an offset. It takes the same number of bytes for every value."""
    return _fixed(value) + bytes((operator,))


def _fixed(value: int) -> bytes:
    """A whole number in five bytes."""
    return b"\x1d" + value.to_bytes(4, "big", signed=True)
