"""Soft masks that let nothing through are as good as none, and cost a reader time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf

from ..structure import streams
from ..structure.filters import Undecodable
from ..structure.source import MAX_DECODED
from . import lossless

if TYPE_CHECKING:
    from ..structure.source import PdfFile

# A mask of one value deflates to some 1/1000; what takes more is not worth decoding.
_PLAIN = 200


def drop_opaque(source: PdfFile) -> None:
    """Remove the soft masks whose every sample is opaque."""
    opaque: dict[tuple[int, int], bool] = {}
    for one in source.pdf.objects:
        mask = one.get("/SMask") if isinstance(one, pikepdf.Stream) else None
        if not isinstance(mask, pikepdf.Stream):
            continue
        if mask.objgen not in opaque:
            opaque[mask.objgen] = _opaque(mask)
        if opaque[mask.objgen]:
            del one["/SMask"]


def _opaque(mask: pikepdf.Stream) -> bool:
    form = lossless.shape(mask)
    if form is None or not form.direct or form.components != 1 or form.bits not in (8, 16):
        return False
    if "/Matte" in mask or len(mask.read_raw_bytes()) > form.size // _PLAIN + 100:
        return False
    try:
        data = streams.unpack(mask, MAX_DECODED)
    except Undecodable:
        return False
    return not data.codec and len(data.data) == form.size and not data.data.strip(b"\xff")
