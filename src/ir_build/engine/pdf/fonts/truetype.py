"""TrueType font programs with empty outlines in place of glyphs that nothing shows.

Glyphs keep their numbers, so nothing else in the document has to know.
"""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fontTools.agl import toUnicode
from fontTools.encodings.MacRoman import MacRoman
from fontTools.ttLib import TTFont, TTLibError

from . import sfnt
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

# It has opinions on fonts that nobody asked for.
logging.getLogger("fontTools").addHandler(logging.NullHandler())

_MAGICS = (b"\0\1\0\0", b"true")
_WORDS, _SCALE, _MORE, _TWO_SCALES, _MATRIX = 1, 8, 32, 64, 128
# Where symbol fonts have their 256 codes in a Unicode table (OpenType, "cmap").
_SYMBOL_PAGES = (0x0000, 0xF000, 0xF100, 0xF200)


@dataclass(frozen=True, slots=True)
class TrueType:
    """A font program taken apart."""

    data: bytes
    tables: Mapping[bytes, bytes]
    offsets: NDArray[np.int64]  #: of the glyphs in "glyf", and the end

    @property
    def count(self) -> int:
        """Glyphs."""
        return len(self.offsets) - 1


def read(data: bytes) -> TrueType:
    """Take a program apart. Raises `Unusual`."""
    tables = sfnt.read(data, _MAGICS)
    if any(one not in tables for one in (b"glyf", b"loca", b"head", b"maxp", b"hhea", b"hmtx")):
        raise Unusual("a table is missing")
    if b"fvar" in tables or len(tables[b"head"]) < 54 or len(tables[b"maxp"]) < 6:
        raise Unusual("a variable font, or a short table")
    long = tables[b"head"][50:52] == b"\0\1"
    count = int.from_bytes(tables[b"maxp"][4:6], "big")
    loca = tables[b"loca"]
    width = 4 if long else 2
    if len(loca) < (count + 1) * width:
        raise Unusual("glyphs without a place")
    numbers = np.frombuffer(loca[: (count + 1) * width], ">u4" if long else ">u2")
    offsets = numbers.astype(np.int64) * (1 if long else 2)
    if np.any(np.diff(offsets) < 0) or offsets[-1] > len(tables[b"glyf"]):
        raise Unusual("glyphs out of order")
    return TrueType(data, tables, offsets)


def coded(data: bytes, codes: set[int], names: set[bytes]) -> set[int]:
    """Every glyph of the program that one of `codes` or `names` of a simple font may show.

    Raises `Unusual`.
    """
    texts = {name.decode("latin-1") for name in names}
    points = {ord(one) for text in texts for one in toUnicode(text)}
    points |= {page + code for page in _SYMBOL_PAGES for code in codes}
    points |= {code for code, name in enumerate(MacRoman) if name in texts}
    found: set[int] = set()
    try:
        with TTFont(io.BytesIO(data), lazy=True) as opened:
            numbers = opened.getReverseGlyphMap()
            found |= {numbers[text] for text in texts if text in numbers}
            for table in opened["cmap"].tables if "cmap" in opened else ():
                mapped = table.cmap
                found |= {numbers[mapped[point]] for point in points if point in mapped}
    # what fontTools raises on tables that are not what they should be
    except (TTLibError, struct.error, AssertionError, LookupError, ValueError, TypeError) as error:
        raise Unusual("tables that cannot be read") from error
    return found


def emptied(font: TrueType, glyphs: set[int], *, mapped: bool) -> bytes:
    """The program with the outlines of `glyphs` and of their parts only.

    `mapped`: readers need to find glyphs by character. Raises `Unusual`.
    """
    kept = np.zeros(font.count, bool)
    waiting = [0, *(one for one in glyphs if one < font.count)]
    while waiting:
        glyph = waiting.pop()
        if not kept[glyph]:
            kept[glyph] = True
            waiting.extend(_parts(font, glyph))
    tables = {tag: data for tag, data in font.tables.items() if tag not in sfnt.NEEDLESS}
    if not mapped:
        tables.pop(b"cmap", None)
    lengths = np.where(kept, np.diff(font.offsets), 0)
    outlines = font.tables[b"glyf"]
    pieces, ends, at = [], [0], 0
    for glyph, length in enumerate(lengths.tolist()):
        if length:
            start = int(font.offsets[glyph])
            pieces.append(outlines[start : start + length] + b"\0" * (-length % 2))
            at += len(pieces[-1])
        ends.append(at)
    long = at > 0x1FFFE
    tables[b"glyf"] = b"".join(pieces)
    tables[b"loca"] = np.array(
        ends if long else [end // 2 for end in ends], ">u4" if long else ">u2"
    ).tobytes()
    head = bytearray(tables[b"head"])
    head[50:52] = (b"\0\0", b"\0\1")[long]
    tables[b"head"] = bytes(head)
    tables[b"hmtx"] = _metrics(font, kept)
    return sfnt.write(font.data[:4], tables)


def _parts(font: TrueType, glyph: int) -> Iterator[int]:
    """The glyphs that a glyph is made of."""
    start, end = (int(one) for one in font.offsets[glyph : glyph + 2])
    data = font.tables[b"glyf"][start:end]
    if len(data) < 10 or data[0] < 128:  # a negative number of contours: composite
        return
    at = 10
    while True:
        if at + 4 > len(data):
            raise Unusual("a composite glyph that is cut off")
        flags, part = struct.unpack_from(">HH", data, at)
        if part >= font.count:
            raise Unusual("a part that is not there")
        yield part
        at += 8 if flags & _WORDS else 6
        at += 2 if flags & _SCALE else 4 if flags & _TWO_SCALES else 8 if flags & _MATRIX else 0
        if not flags & _MORE:
            return


def _metrics(font: TrueType, kept: NDArray[np.bool_]) -> bytes:
    """The table of widths, with zeros for glyphs without an outline."""
    table = font.tables[b"hmtx"]
    count = int.from_bytes(font.tables[b"hhea"][34:36], "big")
    if not 0 < count <= font.count or len(table) < 4 * count + 2 * (font.count - count):
        return table
    numbers = np.frombuffer(table[: len(table) // 2 * 2], ">u2").copy()
    pairs = numbers[: 2 * count].reshape(count, 2)
    # The last width is that of all glyphs after it as well.
    pairs[: count - 1][~kept[: count - 1]] = 0
    bearings = numbers[2 * count : 2 * count + font.count - count]
    bearings[~kept[count:]] = 0
    return numbers.tobytes()
