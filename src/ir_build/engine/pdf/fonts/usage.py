"""The strings that a document shows in each of its fonts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Stream, String

from ..structure import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..structure.content import Reference
    from ..structure.source import PdfFile

_STATE_FONT = re.compile(rb"/Font \[ (\d+) (\d+) R")
# Default appearances of form fields and notes. They name fonts.
_DEFAULT = re.compile(rb"/DA (?:(\((?:[^\\()]++|\\.)*+\)|<[0-9a-f]*+>)|(\d+) (\d+) R)?", re.DOTALL)
_NAME = re.compile(rb"/[^\0\t\n\f\r /()<>\[\]{}%]+")
_RESOURCE = re.compile(rb"(/[^\s/()<>\[\]{}%]+) (\d+) (\d+) R\b")
_TYPED = re.compile(rb"/FT /(?:Tx|Ch)\b")
# Rich text, scripts and XFA may show text in any font. Scripts may also show hidden pages.
_ANY_FONT = re.compile(rb"/(?:RV|RC|DS|JS|XFA|Templates)(?= )|/Type /Template\b")
_PAGE = re.compile(rb"/Type /Page\b")


@dataclass(frozen=True, slots=True)
class Used:
    """The strings that are shown in each font."""

    texts: dict[Reference, set[bytes]]
    #: fonts in which other text may be shown later; None if these may be all fonts
    open: frozenset[Reference] | None

    def of(self, font: Dictionary) -> set[bytes] | None:
        """The strings shown in `font`; None if they are not known."""
        if self.open is None or font.objgen in self.open:
            return None
        return self.texts.get(font.objgen, set())


UNKNOWN = Used({}, None)


def read(source: PdfFile) -> Used:
    """The strings that `source` shows in each font."""
    open_fonts = _open_fonts(source)
    if open_fonts is None:
        return UNKNOWN
    used: dict[Reference, set[bytes]] = {}
    try:
        for one in content.everywhere(source, content.ContentReader()):
            for name, texts in one.texts.items():
                font = one.resource("/Font", name)
                if font is not None and font.is_indirect:
                    used.setdefault(font.objgen, set()).update(texts)
                elif any(texts):
                    return UNKNOWN  # The font is set or defined elsewhere.
    except content.UnreadableContent:
        return UNKNOWN
    return Used(used, open_fonts)


def _open_fonts(source: PdfFile) -> frozenset[Reference] | None:
    """Fonts of graphics states, and fonts in which somebody may type; None if these may be all fonts."""
    pages = {page.objgen for page in source.pdf.pages}
    names: set[bytes] = set()
    found: set[Reference] = set()
    typed = False
    for reference, text in _texts(source):
        if _ANY_FONT.search(text) or (_PAGE.search(text) and reference not in pages):
            return None
        found |= {
            (int(number), int(generation)) for number, generation in _STATE_FONT.findall(text)
        }
        typed = typed or _TYPED.search(text) is not None
        for default in _DEFAULT.finditer(text):
            named = _named(default, source.pdf)
            if named is None:
                return None
            names |= named
    if typed and not names:
        return None
    if names:
        names.add(b"/Helv")  # Libraries take this font for a field that names none.
        # A name counts for every resource that has it, because readers look in different places.
        for _, text in _texts(source):
            found |= {
                (int(number), int(generation))
                for name, number, generation in _RESOURCE.findall(text)
                if name in names
            }
    return frozenset(found)


def _texts(source: PdfFile) -> Iterator[tuple[Reference, bytes]]:
    """The objects of a document as qpdf writes them, without the data of streams."""
    for one in source.pdf.objects:
        if isinstance(one, Array | Dictionary | Stream):
            plain = one.stream_dict if isinstance(one, Stream) else one
            yield one.objgen, plain.unparse(resolved=True)


def _named(default: re.Match[bytes], pdf: pikepdf.Pdf) -> set[bytes] | None:
    """The names in a default appearance, as qpdf writes them; None if they cannot be told."""
    string, number, generation = default.groups()
    value = (
        pdf.get_object(int(number), int(generation)) if number else pikepdf.Object.parse(string or b"0")
    )  # fmt: skip
    if not isinstance(value, String):
        return None
    plain = bytes(value)
    # It may be in UTF-16, with or without a mark.
    spellings = (plain, plain.replace(b"\0", b""), str(value).encode())
    names = {name for text in spellings for name in _NAME.findall(text)}
    if not names and b"Tf" in plain:
        return None
    try:
        return set(pikepdf.Object.parse(b"[ %s ]" % b" ".join(names)).unparse().split()[1:-1])
    except pikepdf.PdfError:
        return None
