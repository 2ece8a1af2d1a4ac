"""What a PDF carries that no reader shows: applications' private data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pikepdf

if TYPE_CHECKING:
    from .source import PdfFile

# Padding that lets editors grow the packet in place (XMP specification part 1, 7.3.2).
_PADDING = re.compile(rb"\s{100,}(?=<\?xpacket end=)")


def drop(source: PdfFile) -> bool:
    """Remove it from the document, and say whether there was any. XMP loses its padding only."""
    dropped = False
    for one in source.pdf.objects:
        if isinstance(one, pikepdf.Stream | pikepdf.Dictionary) and "/PieceInfo" in one:
            del one["/PieceInfo"]
            dropped = True
    packet = source.pdf.Root.get("/Metadata")
    if isinstance(packet, pikepdf.Stream) and "/Filter" not in packet:
        packet.write(_PADDING.sub(b"\n", packet.read_raw_bytes()))
    return dropped
