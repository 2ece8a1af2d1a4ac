"""What a PDF carries that no reader shows: thumbnails, applications' private data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pikepdf

if TYPE_CHECKING:
    from .source import PdfFile

# Padding that lets editors grow the packet in place (XMP specification part 1, 7.3.2).
_PADDING = re.compile(rb"\s{100,}(?=<\?xpacket end=)")

# What pdfTeX and its successors note about a figure's file.
_OF_FIGURES = ("/PTEX.FileName", "/PTEX.InfoDict", "/PTEX.PageNumber")


def drop(source: PdfFile, *, keep_metadata: bool) -> tuple[str, ...]:
    """Remove it from the document, and say what was removed.

    The document's own XMP stays. `keep_metadata` keeps that of single images too.
    """
    dropped: dict[str, None] = {}
    for one in source.pdf.objects:
        if isinstance(one, pikepdf.Stream):
            image = one.get("/Subtype") == pikepdf.Name.Image
            if image and not keep_metadata and "/Metadata" in one:
                del one["/Metadata"]
                dropped["image metadata"] = None
            for key in _OF_FIGURES:
                if key in one:
                    del one[key]
                    dropped["TeX's notes on figures"] = None
        elif not isinstance(one, pikepdf.Dictionary):
            continue
        if "/PieceInfo" in one:
            del one["/PieceInfo"]
            dropped["private application data"] = None
        if "/Thumb" in one and one.get("/Type") == pikepdf.Name.Page:
            del one["/Thumb"]
            dropped["thumbnails"] = None
    _trim_packet(source)
    return tuple(dropped)


def _trim_packet(source: PdfFile) -> None:
    packet = source.pdf.Root.get("/Metadata")
    if isinstance(packet, pikepdf.Stream) and "/Filter" not in packet:
        packet.write(_PADDING.sub(b"\n", packet.read_raw_bytes()))
