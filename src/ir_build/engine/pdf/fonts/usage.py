"""Which strings a document shows in each of its fonts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Dictionary, Stream

from ..structure import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..structure.content import Reference
    from ..structure.source import PdfFile

_STATE_FONT = re.compile(rb"/Font \[ (\d+) (\d+) R")
# Default appearances of fields and notes, the fonts they name, and styles that may name others.
_DEFAULT = re.compile(rb"/DA (\((?:[^\\()]++|\\.)*+\)|<[0-9a-f]*+>)", re.DOTALL)
_SET_FONT = re.compile(rb"/([^\s/()<>\[\]]+)\s+[-+.\d]+\s+Tf")
_RICH = re.compile(rb"/(?:RV|DS) [(<]")


@dataclass(frozen=True, slots=True)
class Used:
    """The strings that are shown in each font."""

    texts: dict[Reference, set[bytes]]
    #: fonts in which anything may come to be shown; None for all of them
    open: frozenset[Reference] | None

    def of(self, font: Dictionary) -> set[bytes] | None:
        """The strings shown in `font`, None when they are not known."""
        if self.open is None or font.objgen in self.open:
            return None
        return self.texts.get(font.objgen, set())


UNKNOWN = Used({}, None)


def read(source: PdfFile) -> Used:
    form = source.pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/XFA" in form:
        return UNKNOWN
    used: dict[Reference, set[bytes]] = {}
    try:
        for one in content.everywhere(source, content.ContentReader()):
            for name, texts in one.texts.items():
                font = one.resource("/Font", name)
                if font is not None and font.is_indirect:
                    used.setdefault(font.objgen, set()).update(texts)
                elif any(texts):
                    return UNKNOWN  # in a font that is set, or defined, elsewhere
    except content.UnreadableContent:
        return UNKNOWN
    return Used(used, frozenset(_open_fonts(source)))


def _open_fonts(source: PdfFile) -> Iterator[Reference]:
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
