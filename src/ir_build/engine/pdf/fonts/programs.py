"""The font programs in a document, and the fonts that use each of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Stream

if TYPE_CHECKING:
    from ..structure.content import Reference
    from ..structure.source import PdfFile

#: the entries of a font descriptor for programs of Type 1, of TrueType, and of CFF or OpenType
KEYS = ("/FontFile", "/FontFile2", "/FontFile3")
_DESCRIPTOR = re.compile(rb"/FontDescriptor (\d+) (\d+) R")
# The name of a subset begins so (ISO 32000-1, 9.6.4).
_TAGGED = re.compile(r"/[A-Z]{6}\+")
# Readers have their own widths and encodings for fonts with these names (ISO 32000-1, 9.6.2.2).
_STANDARD = frozenset(
    f"/{name}{style}"
    for name, styles in (
        ("Courier", ("", "-Bold", "-Oblique", "-BoldOblique")),
        ("Helvetica", ("", "-Bold", "-Oblique", "-BoldOblique")),
        ("Times", ("-Roman", "-Bold", "-Italic", "-BoldItalic")),
        ("Symbol", ("",)),
        ("ZapfDingbats", ("",)),
    )
    for style in styles
)
_LISTS = ("/CharSet", "/CIDSet")
_TOP = (Name.Type0, Name.Type1, Name.MMType1, Name.TrueType)


@dataclass(slots=True)
class Program:
    """A font program, and the fonts that use it."""

    key: str  #: the descriptor's entry for it, one of `KEYS`
    streams: list[Stream] = field(default_factory=list)  #: equal copies of the program
    descriptors: list[Dictionary] = field(default_factory=list)
    fonts: list[Dictionary] = field(default_factory=list)
    #: it must stay, because something unknown refers to it
    fixed: bool = False

    @property
    def tagged(self) -> bool:
        """Whether its name says that it is a subset."""
        return all(_TAGGED.match(str(one.get("/FontName"))) for one in self.descriptors)

    @property
    def may_be_subset(self) -> bool:
        """Whether it is a subset, or may be named as one. No reader may need its name to find widths."""
        return self.tagged or all(
            one.get("/Subtype") == Name.Type0
            or ("/Widths" in one and str(one.get("/BaseFont")) not in _STANDARD)
            for one in self.fonts
        )

    @property
    def composite(self) -> bool:
        """Whether a composite font uses it, which has codes of several bytes."""
        return any(one.get("/Subtype") == Name.Type0 for one in self.fonts)

    @property
    def listed(self) -> bool:
        """Whether the document lists its glyphs."""
        return any(key in one for one in self.descriptors for key in _LISTS)

    def replace(self, data: bytes) -> None:
        """Replace the program by `data`. A Type 1 program is replaced by a CFF program."""
        for stream in self.streams:
            stream.write(data)
            for key in ("/Length1", "/Length2", "/Length3"):
                if key in stream:
                    del stream[key]
            if self.key == "/FontFile2":
                stream.Length1 = len(data)
            elif self.key == "/FontFile":
                stream.Subtype = Name.Type1C
        for descriptor in self.descriptors if self.key == "/FontFile" else ():
            descriptor.FontFile3 = descriptor.FontFile
            del descriptor["/FontFile"]

    def is_subset(self, data: bytes) -> None:
        """Say in the document that `data` lacks glyphs: name it as a subset, and drop lists of glyphs."""
        for descriptor in self.descriptors:
            for key in _LISTS:
                if key in descriptor:
                    del descriptor[key]
        if self.tagged:
            return
        digest = hashlib.sha256(data).digest()
        tag = "/" + "".join(chr(65 + byte % 26) for byte in digest[:6]) + "+"
        holders = [part for font in self.fonts for part in (holder(font),) if part]
        fonts = {one.objgen: one for one in (*self.fonts, *holders)}.values()
        for key, owners in (("/FontName", self.descriptors), ("/BaseFont", fonts)):
            for one in owners:
                name = one.get(key, Name.Font)
                if isinstance(name, Name):  # Some writers put a string there.
                    one[key] = Name(tag + str(name)[1:])


def read(source: PdfFile) -> list[Program]:
    """The font programs of `source`. Equal programs are one `Program`."""
    programs: dict[tuple[str, bytes], Program] = {}
    of_descriptor: dict[Reference, Program] = {}
    known: set[Reference] = set()
    for font in source.pdf.objects:
        if not isinstance(font, Dictionary) or font.get("/Subtype") not in _TOP:
            continue
        part = holder(font)
        descriptor = part.get("/FontDescriptor") if part is not None else None
        if part is None or not isinstance(descriptor, Dictionary):
            continue
        known.add(part.objgen)
        for key in KEYS:
            stream = descriptor.get(key)
            if not isinstance(stream, Stream) or not descriptor.is_indirect:
                continue
            digest = hashlib.sha256(stream.read_raw_bytes()).digest()
            program = programs.setdefault((key, digest), Program(key))
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
        # The font lies inside another object, or `read` does not know it.
        for reference in found if len(found) > 1 or one.objgen not in known else ():
            if reference in of_descriptor:
                of_descriptor[reference].fixed = True
    return list(programs.values())


def holder(font: Dictionary) -> Dictionary | None:
    """The dictionary with the font descriptor: `font` itself, or the only part of a composite font.

    The result is None if a composite font is made in another way.
    """
    if font.get("/Subtype") != Name.Type0:
        return font
    parts = font.get("/DescendantFonts")
    if not isinstance(parts, Array) or len(parts) != 1 or not isinstance(parts[0], Dictionary):
        return None
    return parts[0]
