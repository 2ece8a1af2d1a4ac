"""Font programs without the outlines of glyphs that nothing shows, by fontTools' subsetter.

Glyphs keep their numbers. So nothing else in the document has to change.
"""

from __future__ import annotations

import io
import logging
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fontTools.agl import toUnicode
from fontTools.encodings.MacRoman import MacRoman
from fontTools.encodings.StandardEncoding import StandardEncoding
from fontTools.misc.psCharStrings import SimpleT2Decompiler
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, TTLibError, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fontTools.ttLib.tables.DefaultTable import DefaultTable

from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from fontTools.misc.psCharStrings import T2CharString

# fontTools would write warnings about fonts to the log.
logging.getLogger("fontTools").addHandler(logging.NullHandler())

TRUETYPE_MAGICS = (b"\0\1\0\0", b"true")
_MAGICS = (*TRUETYPE_MAGICS, b"OTTO")
_CFF = "CFF "
# The tables that change when glyphs are emptied.
_OUTLINES = frozenset({_CFF, "glyf", "head", "hhea", "hmtx", "loca", "maxp"})
# Tables for layout, devices and signatures. No reader needs them, because a PDF places every glyph itself.
_NEEDLESS = frozenset({
    "BASE", "DSIG", "EBDT", "EBLC", "EBSC", "FFTM", "Feat", "GDEF", "GPOS", "GSUB", "Glat", "Gloc",
    "JSTF", "LTSH", "MATH", "MERG", "PCLT", "Silf", "Sill", "VDMX", "feat", "hdmx", "kern", "kerx",
    "meta", "mort", "morx", "trak",
})  # fmt: skip
_OPTIONS = Options(retain_gids=True, notdef_outline=True, drop_tables=[])
# The 256 codes of a symbol font begin at one of these in a Unicode table (OpenType specification, "cmap").
_SYMBOL_PAGES = (0x0000, 0xF000, 0xF100, 0xF200)
_DEEPEST = 10  # subroutines within each other (technical note 5177, appendix B)
#: Bytes of charstrings of one font that are run: some seconds. Not fitted: a limit of work for hostile fonts. A font
#: beyond it stays as it is.
MOST_STEPS = 2_000_000


@contextmanager
def _opened(data: bytes) -> Iterator[TTFont]:
    """A font program: bare CFF, or a file of tables. Raises `Unusual` if it cannot be read."""
    try:
        if data[:4] in _MAGICS:
            with TTFont(
                io.BytesIO(data), lazy=True, recalcBBoxes=False, recalcTimestamp=False
            ) as font:
                if len(font.reader.tables) != font.reader.numTables or "fvar" in font:
                    raise Unusual("a table twice, or a variable font")
                yield font
        else:
            font = TTFont(sfntVersion="OTTO", recalcBBoxes=False)
            font[_CFF] = newTable(_CFF)
            font[_CFF].decompile(data, font)
            yield font
    # fontTools raises all of these for broken fonts.
    except (
        TTLibError, struct.error, AssertionError, LookupError, ValueError, TypeError,
        AttributeError, ArithmeticError, RuntimeError,
    ) as error:  # fmt: skip
        raise Unusual("tables that cannot be read") from error


def coded(data: bytes, codes: set[int], names: set[bytes]) -> set[int]:
    """The numbers of all glyphs in the program `data` that a simple font may show for `codes` or `names`.

    Raises `Unusual`.
    """
    texts = {name.decode("latin-1") for name in names}
    points = {ord(one) for text in texts for one in toUnicode(text)}
    points |= {page + code for page in _SYMBOL_PAGES for code in codes}
    points |= {code for code, name in enumerate(MacRoman) if name in texts}
    with _opened(data) as font:
        numbers = font.getReverseGlyphMap()
        if _CFF in font:
            texts |= _named(font, codes, texts)
        found = {numbers[text] for text in texts if text in numbers}
        for table in font["cmap"].tables if "cmap" in font else ():
            mapped = table.cmap
            found |= {numbers[mapped[point]] for point in points if point in mapped}
    return found


def _named(font: TTFont, codes: set[int], texts: set[str]) -> set[str]:
    """The names of the glyphs in a CFF program that its own encoding has for `codes`, or that mean `texts`."""
    top = font[_CFF].cff[0]
    if hasattr(top, "ROS"):
        raise Unusual("a simple font without names of glyphs")
    # If a name is missing, readers look for another name of the same character.
    meant = {toUnicode(text) for text in texts} - {""}
    found = {name for name in font.getGlyphOrder() if toUnicode(name) in meant}
    if top.Encoding == "StandardEncoding":
        return found
    if top.Encoding == "ExpertEncoding":
        raise Unusual("the expert encoding")
    own = [name for name in top.Encoding if name != ".notdef"]
    # fontTools writes only one code for a glyph, and writes the code 0 for a glyph without a code.
    if 0 in codes or len(set(own)) < len(own):
        raise Unusual("an encoding that would change")
    return found | {top.Encoding[code] for code in codes}


def numbered(data: bytes, characters: set[int]) -> set[int]:
    """The numbers of the glyphs in the CFF program `data` that a composite font may show for `characters`.

    Raises `Unusual`.
    """
    with _opened(data) as font:
        if not hasattr(font[_CFF].cff[0], "ROS"):
            return characters
        numbers = font.getReverseGlyphMap()
        keys = {f"cid{one:05}" for one in characters}
        found = {numbers[key] for key in keys if key in numbers}
        # Some readers always take characters for numbers of glyphs in a file of tables.
        return found | characters if font.reader else found


def emptied(data: bytes, glyphs: Collection[int], *, mapped: bool = True) -> bytes | None:
    """The program `data` with only the outlines of `glyphs` and of their parts; None if it has no others.

    `mapped` says that readers have to find glyphs by character. Raises `Unusual`.
    """
    with _opened(data) as font:
        if "glyf" in font:
            font.setGlyphOrder([f"glyph{at}" for at in range(font["maxp"].numGlyphs)])
        order = font.getGlyphOrder()
        if len(set(order)) < len(order):
            raise Unusual("glyphs of one name")
        # Tables that are not about outlines stay as they are. fontTools need not know them.
        tags = sorted({*font.keys()} - _OUTLINES - {"GlyphOrder"})
        others = {tag: font.getTableData(tag) for tag in tags}
        for tag in others:
            del font[tag]
        wanted = {one for one in glyphs if one < len(order)}
        if "glyf" in font:
            _subset(font, wanted)
            _as_many(font, order)
        elif not _subset_charstrings(font, wanted):
            return None
        if not font.reader:
            return bytes(font[_CFF].compile(font))
        for tag, table in others.items():
            if tag not in _NEEDLESS and (mapped or tag != "cmap"):
                font[tag] = DefaultTable(tag)
                font[tag].data = table
        out = io.BytesIO()
        font.save(out, reorderTables=None)
        return out.getvalue()


def _subset(font: TTFont, glyphs: set[int]) -> int:
    """Empty all glyphs but `glyphs` and their parts. The result is how many are left."""
    subsetter = Subsetter(_OPTIONS)
    subsetter.populate(gids=glyphs)
    subsetter.subset(font)
    return len(subsetter.glyphs_retained)


def _subset_charstrings(font: TTFont, glyphs: set[int]) -> bool:
    """Empty all glyphs of a CFF program but `glyphs`. The result says whether there were others."""
    order, top = font.getGlyphOrder(), font[_CFF].cff[0]
    encoding = top.Encoding
    _follow(font, {*(order[one] for one in glyphs), *StandardEncoding} & {*order})
    # Other tables of an OpenType font may count on the last glyph.
    left = _subset(font, glyphs | {len(order) - 1} if font.reader else glyphs)
    if not hasattr(top, "ROS"):
        top.Encoding = encoding  # The subsetter put the standard encoding there.
    return left < len(order)


def _as_many(font: TTFont, order: list[str]) -> None:
    """Add empty glyphs until there are as many as in `order`. Other tables may rely on their number."""
    for name in order[len(font.getGlyphOrder()) :]:
        font["glyf"].glyphs[name] = Glyph()
        font["hmtx"].metrics[name] = (0, 0)
    font["glyf"].glyphOrder = order
    font.setGlyphOrder(order)


def _follow(font: TTFont, names: Collection[str]) -> None:
    """Run the charstrings of `names` within a budget, which fontTools lacks. Raises `Unusual` beyond it."""
    left = MOST_STEPS

    class Follower(SimpleT2Decompiler):  # type: ignore[misc]
        def execute(self, charstring: T2CharString) -> None:
            nonlocal left
            left -= 1 + len(charstring.bytecode or charstring.program)
            if left < 0 or len(self.callingStack) > _DEEPEST:
                raise Unusual("subroutines without an end")
            super().execute(charstring)

    for name in sorted(names):
        glyph = font[_CFF].cff[0].CharStrings[name]
        Follower(getattr(glyph.private, "Subrs", []), glyph.globalSubrs).execute(glyph)
