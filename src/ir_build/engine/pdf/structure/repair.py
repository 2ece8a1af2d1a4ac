"""Documents whose structure readers have to repair.

qpdf repairs the structure here. PDFium repairs it in its own way, and must see no difference on any page. If
something inside an object is broken, nobody knows what is lost. Such a document stays as it is.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
from itertools import zip_longest
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from ....errors import CorruptFile, FileSkipped, Reason
from . import objects, source, streams, writer
from .filters import Undecodable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import PdfFile

# All pages are compared: so many at most, at so many dots per inch and with so many pixels each. Entries of an outline
# and links of a page are compared up to the last number. Not fitted: limits of work. A document with more pages stays
# as it is. Pages must be equal, so a fault shows at any density.
_MOST_PAGES = 500
_DPI = 60
_LARGEST_PAGE = 1 << 20
_MOST_ENTRIES = 20_000

_Seen = tuple[str, object]


def sound(data: bytes) -> tuple[PdfFile, str]:
    """The document in `data`, and what was repaired, in words; empty if nothing was.

    Raises what `source.read` raises. Also raises `FileSkipped` if a repair would be a guess, and `CorruptFile` if
    PDFium cannot open the document either.
    """
    try:
        return source.read(data), ""
    except source.NeedsRepair as fault:
        found = str(fault)
    try:
        before = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise CorruptFile(f"not a sound PDF: {found}") from error
    with before:
        return _repaired(data, before, found), found


def _repaired(data: bytes, before: pypdfium2.PdfDocument, fault: str) -> PdfFile:
    if len(before) > _MOST_PAGES:
        raise _left(fault, f"more than {_MOST_PAGES} pages to compare")
    try:
        document = source.read(data, repair=True)
    except source.NeedsRepair as error:
        raise _left(fault, str(error) if str(error) != fault else "") from error
    if _broken_streams(document):
        raise _left(fault, "streams are damaged too")
    plain = writer.write(objects.read(document.pdf), document.pdf.pdf_version, None, packed=False)
    try:
        with pypdfium2.PdfDocument(plain) as after:
            different = _difference(before, after)
    except pypdfium2.PdfiumError as error:
        raise _left(fault, f"PDFium: {error}") from error
    if different:
        raise _left(fault, f"{different} would change")
    return document


def _broken_streams(document: PdfFile) -> bool:
    """Whether a stream does not decode to its end. Streams that are too large together count as broken."""
    left = source.MAX_DECODED
    for one in document.pdf.objects:
        if isinstance(one, pikepdf.Stream):
            try:
                left -= len(streams.unpack(one, left).data)
            except Undecodable:
                return True
    return False


def _left(fault: str, detail: str) -> FileSkipped:
    return FileSkipped(Reason.NEEDS_REPAIR, f"{fault}; {detail}" if detail else fault)


def _difference(before: pypdfium2.PdfDocument, after: pypdfium2.PdfDocument) -> str:
    """The first thing that PDFium sees differently, in words; empty if there is none."""
    for one, other in zip_longest(_seen(before), _seen(after)):
        if one != other:
            name: str = (one or other)[0]
            return name
    return ""


def _seen(document: pypdfium2.PdfDocument) -> Iterator[_Seen]:
    """Everything that PDFium sees in a document: names and values."""
    document.init_forms()
    yield "the number of pages", len(document)
    yield "the form", document.get_formtype()
    yield "signatures", pdfium.FPDF_GetSignatureCount(document)
    for index in range(document.count_attachments()):
        attached = document.get_attachment(index)
        yield "attachments", (attached.get_name(), hashlib.sha256(attached.get_data()).digest())
    yield "metadata", tuple(sorted(document.get_metadata_dict().items()))
    for count, entry in enumerate(document.get_toc()):
        if count == _MOST_ENTRIES:
            break
        yield "the outline", (entry.level, entry.get_title(), _target(entry.get_dest()))
    for index in range(len(document)):
        page = document.get_page(index)
        for name, value in _seen_of_page(document, page):
            yield f"page {index + 1}: {name}", value
        yield f"page {index + 1}: label", document.get_page_label(index)
        page.close()


def _seen_of_page(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[_Seen]:
    boxes = (
        page.get_mediabox,
        page.get_cropbox,
        page.get_bleedbox,
        page.get_trimbox,
        page.get_artbox,
    )
    yield "boxes", tuple(box() for box in boxes)
    yield "rotation", page.get_rotation()
    yield "annotations", pdfium.FPDFPage_GetAnnotCount(page)
    yield "links", tuple(_links(document, page))
    text = page.get_textpage()
    yield "text", text.get_text_range()
    text.close()
    width, height = page.get_size()
    scale = min(_DPI / 72, math.sqrt(_LARGEST_PAGE / max(1.0, width * height)))
    if max(width, height) * scale > _LARGEST_PAGE / 16 or min(width, height) * scale < 1:
        raise pypdfium2.PdfiumError("a page of no sensible shape")
    picture = page.render(scale=scale)
    yield "looks", (picture.width, picture.height, hashlib.sha256(picture.buffer).digest())
    picture.close()


def _links(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage
) -> Iterator[tuple[float | bytes | None, ...]]:
    """The rectangle of each link, and the page or address to which it leads."""
    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    for _ in range(_MOST_ENTRIES):
        if not pdfium.FPDFLink_Enumerate(page, ctypes.byref(position), ctypes.byref(link)):
            return
        rect = pdfium.FS_RECTF()
        pdfium.FPDFLink_GetAnnotRect(link, ctypes.byref(rect))
        target = pdfium.FPDFLink_GetDest(document, link)
        index = pdfium.FPDFDest_GetDestPageIndex(document, target) if target else None
        action = pdfium.FPDFLink_GetAction(link)
        address = ctypes.create_string_buffer(2048)
        pdfium.FPDFAction_GetURIPath(document, action, address, len(address))
        yield rect.left, rect.bottom, rect.right, rect.top, index, address.value


def _target(destination: pypdfium2.PdfDest | None) -> object:
    if destination is None:
        return None
    mode, view = destination.get_view()
    return destination.get_index(), mode, tuple(view)
