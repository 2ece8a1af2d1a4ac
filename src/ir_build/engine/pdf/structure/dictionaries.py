"""Long values of streams' dictionaries, made objects of their own.

A stream cannot stand in an object stream, so its dictionary is never deflated. What the dictionary
refers to can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf

if TYPE_CHECKING:
    from .source import PdfFile

# An object of its own costs a reference, a place in its object stream and one in the table of all.
_LONG = 40
# Readers need these before, or while, they look anything up.
_NEEDED_AT_ONCE = frozenset({
    "/Length", "/Filter", "/DecodeParms", "/F", "/FFilter", "/FDecodeParms", "/DL", "/Type",
    "/Subtype",
})  # fmt: skip
_STRUCTURE = (pikepdf.Name.XRef, pikepdf.Name.ObjStm)


def lighten(source: PdfFile) -> None:
    """Move long direct values out of the dictionaries of streams, where object streams are used."""
    if source.classic:
        return
    for one in list(source.pdf.objects):
        if not isinstance(one, pikepdf.Stream) or one.get("/Type") in _STRUCTURE:
            continue
        for key, value in one.stream_dict.items():
            if (
                key not in _NEEDED_AT_ONCE
                and isinstance(value, pikepdf.Dictionary | pikepdf.Array)
                and not value.is_indirect
                and not _palette(value)
                and len(value.unparse()) >= _LONG
            ):
                one[key] = source.pdf.make_indirect(value)


def _palette(value: pikepdf.Object) -> bool:
    """Whether it is a palette, which hardly deflates."""
    return isinstance(value, pikepdf.Array) and len(value) > 0 and value[0] == pikepdf.Name.Indexed
