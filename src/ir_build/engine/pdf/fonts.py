"""Embedded fonts: without the glyphs that no text uses, Type 1 as the more compact CFF."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Stream

from . import cff, content, encodings, streams, truetype, type1
from .filters import Undecodable, deflated
from .source import MAX_DECODED
from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .content import Reference
    from .source import Source

# Bytes of programs; less have nothing to spare that would be worth reading the pages for.
_LARGE, _LARGE_ONE = 12_000, 4_000
# Programs that take longer than they are worth.
_LARGEST = 32 * 1024 * 1024
_DESCRIPTOR = re.compile(rb"/FontDescriptor (\d+) (\d+) R")
_STATE_FONT = re.compile(rb"/Font \[ (\d+) (\d+) R")


_TOP = (Name.Type0, Name.Type1, Name.MMType1, Name.TrueType)
# Names that some readers take for numbers of glyphs or codes.
_NUMBERED = re.compile(rb"[A-Za-z]{1,2}\d+")
# What a subset's name begins with (ISO 32000-1, 9.6.4).
_TAGGED = re.compile(r"/[A-Z]{6}\+")
# Default appearances of fields and notes, the fonts they name, and styles that may name others.
_DEFAULT = re.compile(rb"/DA (\((?:[^\\()]++|\\.)*+\)|<[0-9a-f]*+>)", re.DOTALL)
_SET_FONT = re.compile(rb"/([^\s/()<>\[\]]+)\s+[-+.\d]+\s+Tf")
_RICH = re.compile(rb"/(?:RV|DS) [(<]")


@dataclass(slots=True)
class _Program:
    """A font program, and the fonts that draw with it."""

    key: str  #: of the descriptor's entry
    streams: list[Stream] = field(default_factory=list)  #: equal ones
    descriptors: list[Dictionary] = field(default_factory=list)
    fonts: list[Dictionary] = field(default_factory=list)
    #: something not understood refers to it
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class _Used:
    """The strings that are shown in each font."""

    texts: dict[Reference, set[bytes]]
    #: fonts in which anything may come to be shown; None for all of them
    open: frozenset[Reference] | None

    def of(self, font: Dictionary) -> set[bytes] | None:
        """The strings shown in `font`, None when they are not known."""
        if self.open is None or font.objgen in self.open:
            return None
        return self.texts.get(font.objgen, set())


_UNKNOWN = _Used({}, None)


def slim(source: Source) -> int:
    """Make font programs smaller, and say how many became so."""
    programs = _programs(source)
    worth = sum(len(one.streams[0].read_raw_bytes()) for one in programs) >= _LARGE
    used = _used(source) if worth else _UNKNOWN
    return sum(_slimmed(one, used, source) for one in programs if not one.fixed)


def _programs(source: Source) -> list[_Program]:
    """The font programs of the document; those equal to each other once."""
    programs: dict[tuple[str, bytes], _Program] = {}
    of_descriptor: dict[Reference, _Program] = {}
    known: set[Reference] = set()
    for font in source.pdf.objects:
        if not isinstance(font, Dictionary) or font.get("/Subtype") not in _TOP:
            continue
        holder = _holder(font)
        descriptor = holder.get("/FontDescriptor") if holder is not None else None
        if holder is None or not isinstance(descriptor, Dictionary):
            continue
        known.add(holder.objgen)
        for key in ("/FontFile", "/FontFile2"):
            stream = descriptor.get(key)
            if not isinstance(stream, Stream) or not descriptor.is_indirect:
                continue
            digest = hashlib.sha256(stream.read_raw_bytes()).digest()
            program = programs.setdefault((key, digest), _Program(key))
            program.fonts.append(font)
            if descriptor.objgen not in of_descriptor:
                of_descriptor[descriptor.objgen] = program
                program.descriptors.append(descriptor)
                program.streams.append(stream)
    for one in source.pdf.objects:
        if one is None:
            continue  # type: ignore[unreachable]  # pikepdf's stubs forget the null object
        text = (one.stream_dict if isinstance(one, Stream) else one).unparse(resolved=True)
        found = [(int(number), int(generation)) for number, generation in _DESCRIPTOR.findall(text)]
        # A font that stands within another object, or that no known font is made of.
        for reference in found if len(found) > 1 or one.objgen not in known else ():
            if reference in of_descriptor:
                of_descriptor[reference].fixed = True
    return list(programs.values())


def _holder(font: Dictionary) -> Dictionary | None:
    """The dictionary with the descriptor: the font itself, or the one it is composed of."""
    if font.get("/Subtype") != Name.Type0:
        return font
    parts = font.get("/DescendantFonts")
    if not isinstance(parts, Array) or len(parts) != 1 or not isinstance(parts[0], Dictionary):
        return None
    return parts[0]


def _used(source: Source) -> _Used:
    form = source.pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/XFA" in form:
        return _UNKNOWN
    used: dict[Reference, set[bytes]] = {}
    try:
        for one in content.everywhere(source, content.Reader()):
            for name, texts in one.texts.items():
                font = one.resource("/Font", name)
                if font is not None and font.is_indirect:
                    used.setdefault(font.objgen, set()).update(texts)
                elif any(texts):
                    return _UNKNOWN  # in a font that is set, or defined, elsewhere
    except content.Unreadable:
        return _UNKNOWN
    return _Used(used, frozenset(_open_fonts(source)))


def _open_fonts(source: Source) -> Iterator[Reference]:
    """Fonts of graphics states, and those that a reader may type in."""
    holders: list[Dictionary | Stream] = []
    named: set[str] = set()
    styled = False
    for one in source.pdf.objects:
        if not isinstance(one, (Dictionary, Stream)):
            continue
        text = (one.stream_dict if isinstance(one, Stream) else one).unparse(resolved=True)
        for number, generation in _STATE_FONT.findall(text):
            yield int(number), int(generation)
        for default in _DEFAULT.findall(text):
            string = bytes.fromhex(default[1:-1].decode()) if default[:1] == b"<" else default
            named |= {"/" + name.decode("latin-1") for name in _SET_FONT.findall(string)}
        styled = styled or _RICH.search(text) is not None
        holders.append(one)
    form = source.pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary):
        holders.append(form)
    for holder in holders:
        defaults = holder.get("/DR")
        fonts = defaults.get("/Font") if isinstance(defaults, Dictionary) else None
        for name, font in fonts.items() if isinstance(fonts, Dictionary) else ():
            if (styled or name in named) and isinstance(font, Dictionary):
                yield font.objgen


def _slimmed(program: _Program, used: _Used, source: Source) -> bool:
    try:
        plain = streams.unpack(program.streams[0], _LARGEST)
        if plain.codec:
            return False
        if program.key == "/FontFile":
            made = _compact(program, plain.data, used, source)
        else:
            made = _emptied(program, plain.data, used, source)
    except (Undecodable, Unusual):
        return False
    if made is None or len(deflated(made)) >= streams.present(program.streams[0]):
        return False
    for stream in program.streams:
        stream.write(made)
        for key in ("/Length1", "/Length2", "/Length3"):
            if key in stream:
                del stream[key]
        if program.key == "/FontFile2":
            stream.Length1 = len(made)
        else:
            stream.Subtype = Name.Type1C
    if program.key == "/FontFile":
        for descriptor in program.descriptors:
            descriptor.FontFile3 = descriptor.FontFile
            del descriptor["/FontFile"]
    return True


def _compact(program: _Program, data: bytes, used: _Used, source: Source) -> bytes | None:
    """A Type 1 program as CFF."""
    if any(font.get("/Subtype") != Name.Type1 for font in program.fonts):
        return None
    font = type1.parse(data)
    every = [used.of(one) for one in program.fonts]
    # An archival file says in /CharSet which glyphs there are; a whole font is known by its name.
    if source.conforming or not _subset(program) or None in every:
        return cff.from_type1(font, None)
    names: set[bytes] = set()
    for one, texts in zip(program.fonts, every, strict=True):
        codes = {code for text in texts or () for code in text}
        names |= encodings.names(one, codes)
        names |= {name for code, name in (font.encoding or {}).items() if code in codes}
    _drop(program, "/CharSet")
    return cff.from_type1(font, names)


def _emptied(program: _Program, data: bytes, used: _Used, source: Source) -> bytes | None:
    """A TrueType program with empty outlines in place of unused ones."""
    if len(data) < _LARGE_ONE:
        return None
    font = truetype.read(data)
    glyphs: set[int] = set()
    mapped = False
    for one in program.fonts:
        texts = used.of(one)
        if texts is None:
            return None
        if one.get("/Subtype") == Name.Type0:
            glyphs |= _composite(one, texts)
            mapped = mapped or "/ToUnicode" not in one
        else:
            codes = {code for text in texts for code in text}
            if any(_NUMBERED.fullmatch(name) for _, name in encodings.differences(one)):
                raise Unusual("glyphs named by a number")
            glyphs |= truetype.coded(font, codes, encodings.names(one, codes))
            mapped = True
    # Subsets of such fonts need a list of their glyphs in PDF/A-1, and a true one in all parts.
    listed = any("/CIDSet" in one for one in program.descriptors)
    composite = any(one.get("/Subtype") == Name.Type0 for one in program.fonts)
    if source.conforming and (listed or (composite and not _subset(program))):
        return None
    _drop(program, "/CIDSet")
    made = truetype.emptied(font, glyphs, mapped=mapped)
    if not _subset(program):
        _tag(program, made)
    return made


def _composite(font: Dictionary, texts: set[bytes]) -> set[int]:
    """The glyphs that texts of two-byte codes show. Raises `Unusual`."""
    holder = _holder(font)
    if holder is None or font.get("/Encoding") != Name("/Identity-H"):
        raise Unusual("another encoding")
    if any(len(text) % 2 for text in texts):
        raise Unusual("half a code")
    codes = {text[at] << 8 | text[at + 1] for text in texts for at in range(0, len(text), 2)}
    table = holder.get("/CIDToGIDMap")
    if table is None or table == Name.Identity:
        return codes
    if not isinstance(table, Stream):
        raise Unusual("another table of glyphs")
    numbers = streams.unpack(table, MAX_DECODED).data
    return {int.from_bytes(numbers[2 * code : 2 * code + 2], "big") for code in codes}


def _subset(program: _Program) -> bool:
    return all(_TAGGED.match(str(one.get("/FontName"))) for one in program.descriptors)


def _tag(program: _Program, made: bytes) -> None:
    """Name the fonts as subsets."""
    digest = hashlib.sha256(made).digest()
    tag = "/" + "".join(chr(65 + byte % 26) for byte in digest[:6]) + "+"
    for descriptor in program.descriptors:
        descriptor.FontName = Name(tag + str(descriptor.get("/FontName", "/Font"))[1:])
    holders = [holder for font in program.fonts for holder in (_holder(font),) if holder]
    for font in {one.objgen: one for one in (*program.fonts, *holders)}.values():
        font.BaseFont = Name(tag + str(font.get("/BaseFont", "/Font"))[1:])


def _drop(program: _Program, key: str) -> None:
    for descriptor in program.descriptors:
        if key in descriptor:
            del descriptor[key]
