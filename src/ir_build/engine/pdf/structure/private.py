"""Removes the private data of applications from a PDF. No reader shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pikepdf

if TYPE_CHECKING:
    from .source import PdfFile

# Padding. It lets editors make the packet longer without moving anything (XMP specification part 1, 7.3.2).
_PADDING = re.compile(rb"\s{100,}(?=<\?xpacket end=)")


def drop(source: PdfFile) -> bool:
    """Remove private data from `source`. The result says whether there were any. XMP only loses its padding."""
    dropped = False
    for one in source.pdf.objects:
        if isinstance(one, pikepdf.Stream | pikepdf.Dictionary) and "/PieceInfo" in one:
            del one["/PieceInfo"]
            dropped = True
    packet = source.pdf.Root.get("/Metadata")
    if isinstance(packet, pikepdf.Stream) and "/Filter" not in packet:
        packet.write(_PADDING.sub(b"\n", packet.read_raw_bytes()))
    return dropped
