"""Embedded fonts lose the glyphs that no text uses. Type 1 becomes CFF, which takes fewer bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Dictionary, Name, Stream

from ..structure import streams
from ..structure.filters import Undecodable, deflated
from ..structure.source import MAX_DECODED
from . import cff, encodings, subset, type1, usage
from . import programs as fonts_programs
from .type1 import Unusual

if TYPE_CHECKING:
    from ..structure.source import PdfFile
    from .programs import Program
    from .usage import Used

# Bytes of all programs, and of one. Smaller programs save too little to read the pages for it. 12 PDF files of
# documentation sites came to the same bytes with 0 for either number. They came to 0.2 % more with 50,000 for the
# first, and to 1.6 % more with 20,000 for the second (`--sweep pdf.fonts.slim:_LARGE 0 50000`).
_LARGE, _LARGE_ONE = 12_000, 4_000
# Bytes. Not fitted: a limit of work. A larger program stays as it is.
_LARGEST = 32 * 1024 * 1024
# Some readers take such glyph names for numbers of glyphs or codes.
_NUMBERED = re.compile(rb"[A-Za-z]{1,2}\d+")


@dataclass(frozen=True, slots=True)
class _Made:
    """A font program written again."""

    data: bytes
    #: whether glyphs are gone, or their outlines
    subset: bool


def slim(source: PdfFile) -> int:
    """Make the font programs of `source` smaller. The result is how many became smaller."""
    programs = fonts_programs.read(source)
    worth = sum(len(one.streams[0].read_raw_bytes()) for one in programs) >= _LARGE
    used = usage.read(source) if worth else usage.UNKNOWN
    return sum(_slimmed(one, used, source) for one in programs if not one.fixed)


def _slimmed(program: Program, used: Used, source: PdfFile) -> bool:
    stream = program.streams[0]
    try:
        plain = streams.unpack(stream, _LARGEST)
        made = None if plain.codec else _make(program, plain.data, used, source)
    except (Undecodable, Unusual):
        return False
    if made is None or len(deflated(made.data)) >= streams.present(stream):
        return False
    program.replace(made.data)
    if made.subset:
        program.is_subset(made.data)
    return True


def _make(program: Program, data: bytes, used: Used, source: PdfFile) -> _Made | None:
    shown = _shown(program, used)
    if program.key == "/FontFile":
        return _compact(program, data, shown, source)
    # PDF/A-1 asks for a list of the glyphs of a subset, except for simple TrueType fonts. A list must be true in
    # all parts of PDF/A.
    simple = program.key == "/FontFile2" and not program.composite
    fixed = source.conforming and (program.listed or not (simple or program.tagged))
    if shown is None or fixed or not program.may_be_subset or len(data) < _LARGE_ONE:
        return None
    made = (_truetype if program.key == "/FontFile2" else _cff)(data, shown)
    return _Made(made, subset=True) if made else None


_Shown = list[tuple[Dictionary, set[int]]]


def _shown(program: Program, used: Used) -> _Shown | None:
    """The fonts of a program with the codes that each shows; None if not all of these are known."""
    shown = []
    for font in program.fonts:
        texts = used.of(font)
        if texts is None:
            return None
        if font.get("/Subtype") == Name.Type0:
            if font.get("/Encoding") != Name("/Identity-H") or any(len(one) % 2 for one in texts):
                return None
            codes = {one[at] << 8 | one[at + 1] for one in texts for at in range(0, len(one), 2)}
        else:
            codes = {code for text in texts for code in text}
        shown.append((font, codes))
    return shown


def _compact(program: Program, data: bytes, shown: _Shown | None, source: PdfFile) -> _Made | None:
    """A Type 1 program as CFF; None if a font of another kind uses it. Raises `Unusual`."""
    if any(font.get("/Subtype") != Name.Type1 for font in program.fonts):
        return None
    font = type1.parse(data)
    # A PDF/A file says in /CharSet which glyphs there are.
    if shown is None or source.conforming or not program.may_be_subset:
        return _Made(cff.from_type1(font, None), subset=False)
    names: set[bytes] = set()
    for one, codes in shown:
        names |= encodings.names(one, codes)
        names |= {name for code, name in (font.encoding or {}).items() if code in codes}
    return _Made(cff.from_type1(font, names), subset=True)


def _truetype(data: bytes, shown: _Shown) -> bytes | None:
    """A TrueType program whose unused outlines are empty; None if it has none. Raises `Unusual`."""
    if data[:4] not in subset.TRUETYPE_MAGICS:
        raise Unusual("outlines of another kind")
    glyphs: set[int] = set()
    mapped = False
    for one, codes in shown:
        if one.get("/Subtype") == Name.Type0:
            glyphs |= _mapped(one, codes)
            mapped = mapped or "/ToUnicode" not in one
        else:
            if any(_NUMBERED.fullmatch(name) for _, name in encodings.differences(one)):
                raise Unusual("glyphs named by a number")
            glyphs |= subset.coded(data, codes, encodings.names(one, codes))
            mapped = True
    return subset.emptied(data, glyphs, mapped=mapped)


def _mapped(font: Dictionary, characters: set[int]) -> set[int]:
    """The numbers of the glyphs that a composite font shows for `characters`. Raises `Unusual`."""
    holder = fonts_programs.holder(font)
    table = holder.get("/CIDToGIDMap") if holder is not None else None
    if table is None or table == Name.Identity:
        return characters
    if not isinstance(table, Stream):
        raise Unusual("another table of glyphs")
    numbers = streams.unpack(table, MAX_DECODED).data
    return {int.from_bytes(numbers[2 * one : 2 * one + 2], "big") for one in characters}


def _cff(data: bytes, shown: _Shown) -> bytes | None:
    """A CFF or OpenType program whose unused glyphs are empty; None if it has none. Raises `Unusual`."""
    glyphs: set[int] = set()
    for one, codes in shown:
        if one.get("/Subtype") == Name.Type0:
            holder = fonts_programs.holder(one)
            if holder is None or holder.get("/Subtype") != Name.CIDFontType0:
                raise Unusual("another kind of composite font")
            if holder.get("/CIDToGIDMap", Name.Identity) != Name.Identity:
                raise Unusual("a table of glyphs")
            glyphs |= subset.numbered(data, codes)
        elif one.get("/Subtype") in (Name.Type1, Name.MMType1):
            glyphs |= subset.coded(data, codes, encodings.names(one, codes))
        else:
            raise Unusual("another kind of font")
    return subset.emptied(data, glyphs)
