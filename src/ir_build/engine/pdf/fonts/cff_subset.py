"""Compact fonts with empty glyphs in place of those that nothing shows.

Glyphs and subroutines keep their numbers and names, and charstrings that stay their bytes, so
nothing else in the font or the document has to know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fontTools.agl import toUnicode
from fontTools.encodings.StandardEncoding import StandardEncoding

from . import cff_file, charstrings, sfnt, truetype, type2
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .cff_file import Cff

_END, _RETURN = b"\x0e", b"\x0b"
_MAGIC, _TABLE = b"OTTO", b"CFF "


@dataclass(frozen=True, slots=True)
class Font:
    """A program by itself, or in a table of an OpenType font."""

    data: bytes
    cff: Cff
    tables: Mapping[bytes, bytes] | None

    def coded(self, codes: set[int], names: set[bytes]) -> set[int]:
        """The glyphs that one of `codes` or `names` of a simple font may show. Raises `Unusual`."""
        cff = self.cff
        if cff.keyed:
            raise Unusual("a simple font without names of glyphs")
        own, builtin = cff_file.codes(cff), cff_file.names(cff)
        found = {glyph for code in codes for glyph in own.get(code, ())}
        # Where a name is missing, readers look for one that means the same character.
        texts = {toUnicode(name.decode("latin-1")) for name in names} - {""}
        found |= {
            glyph
            for glyph, name in enumerate(builtin)
            if name in names or toUnicode(name.decode("latin-1")) in texts
        }
        return found | truetype.coded(self.data, codes, names) if self.tables else found

    def numbered(self, characters: set[int]) -> set[int]:
        """The glyphs that a composite font may show for characters."""
        if not self.cff.keyed:
            return characters
        found = {glyph for glyph, one in enumerate(self.cff.charset) if one in characters}
        # In a table of a font some readers take these for numbers of glyphs in any case.
        return found | characters if self.tables else found

    def emptied(self, glyphs: Iterable[int]) -> bytes | None:
        """The program with `glyphs` and their parts; the others keep their widths only.

        None where there is nothing to empty. Raises `Unusual`.
        """
        made = _emptied(self.cff, glyphs)
        if made is None:
            return None
        program = cff_file.write(made)
        if self.tables is None:
            return program
        tables = {tag: data for tag, data in self.tables.items() if tag not in sfnt.NEEDLESS}
        return sfnt.write(_MAGIC, tables | {_TABLE: program})


def read(data: bytes) -> Font:
    """Take a program apart. Raises `Unusual`."""
    if data[:4] != _MAGIC:
        return Font(data, cff_file.read(data), None)
    tables = sfnt.read(data, (_MAGIC,))
    if _TABLE not in tables:
        raise Unusual("no CFF table")
    return Font(data, cff_file.read(tables[_TABLE]), tables)


def _emptied(font: Cff, glyphs: Iterable[int]) -> Cff | None:
    reader = type2.Type2Reader(font.global_subrs)
    kept: set[int] = set()
    shared: set[int] = set()
    own: dict[int, set[int]] = {key: set() for key in (0, *font.subrs)}
    waiting = [0, *(one for one in glyphs if one < len(font.glyphs))]
    while waiting:
        glyph = waiting.pop()
        if glyph not in kept:
            kept.add(glyph)
            key = font.parts[font.select[glyph]].subrs
            needs = reader.read(font.glyphs[glyph], font.subrs.get(key, ()))
            shared |= needs.global_subrs
            own[key] |= needs.local_subrs
            waiting += _parts(font, needs.accented)
    made = replace(
        font,
        glyphs=[
            code if glyph in kept else _empty(font, glyph, reader)
            for glyph, code in enumerate(font.glyphs)
        ],
        global_subrs=_without(font.global_subrs, shared),
        subrs={key: _without(items, own[key]) for key, items in font.subrs.items()},
    )
    return made if made != font else None


def _parts(font: Cff, accented: Iterable[int]) -> Iterator[int]:
    """The glyphs that a glyph is made of, which are named by the standard encoding."""
    for code in accented:
        sid = cff_file.SIDS[StandardEncoding[code].encode()]
        if font.keyed or sid not in font.charset:
            raise Unusual("an accent that is not there")
        yield font.charset.index(sid)


def _empty(font: Cff, glyph: int, reader: type2.Type2Reader) -> bytes:
    part = font.parts[font.select[glyph]]
    width = reader.width(font.glyphs[glyph], font.subrs.get(part.subrs, ()))
    return (b"" if width is None else charstrings.operand(width)) + _END


def _without(subrs: Sequence[bytes], used: set[int]) -> list[bytes]:
    """Subroutines with those that nothing calls any more empty, since numbers must stay."""
    return [code if at in used else code and _RETURN for at, code in enumerate(subrs)]
