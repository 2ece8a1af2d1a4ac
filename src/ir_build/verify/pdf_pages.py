"""A PDF as PDFium reads it. The engine does not use PDFium to make files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import pypdfium2
import pypdfium2.raw as pdfium

from ..errors import CorruptFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

# Pixels of one drawn page. A larger page is drawn at fewer dots per inch. Not fitted: a limit of memory.
_LARGEST_PAGE = 1 << 21
# Dots per inch of a page that is read, and the width in pixels of a screen that a slide fills. Not fitted: a
# monitor of 27 inches with 2560 x 1440 pixels has 109 dots per inch, and 1920 is the width of a screen of full HD.
_READ_DPI, _SCREEN = 110.0, 1920
# A page is a slide if it is wider than high, or if its longer side is shorter than this, in points. Not fitted: a
# sheet of A5 is longer, 8.3 inches.
_SMALL = 8.0 * 72
# Entries of an outline that are compared. Not fitted: a limit of work.
_MOST_BOOKMARKS = 20_000


class Document:
    """An opened document. It is a context manager, which closes the document at its end."""

    def __init__(self, data: bytes) -> None:
        """Open `data`. Raises `CorruptFile`."""
        try:
            self._pdf = pypdfium2.PdfDocument(data)
            # This must be the first call, or form fields are not drawn.
            self._pdf.init_forms()
        except pypdfium2.PdfiumError as error:
            raise CorruptFile(f"does not open: {error}") from error
        self.pages: int = len(self._pdf)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pdf.close()

    def facts(self) -> dict[str, object]:
        """What the document has as a whole, by name. Equal values mean the same."""
        return {
            "pages": self.pages,
            "outline": self._outline(),
            "form type": self._pdf.get_formtype(),
            "signatures": pdfium.FPDF_GetSignatureCount(self._pdf),
            "attachments": self._attachments(),
            "title": self._pdf.get_metadata_value("Title"),
        }

    def page_facts(self, index: int) -> dict[str, object]:
        """What the page `index`, from 0 on, has besides its looks, by name. Raises `CorruptFile`."""
        page = self._page(index)
        try:
            return {
                "size": _rounded(page.get_size()),
                "box": _rounded(page.get_bbox()),
                "rotation": page.get_rotation(),
                "annotations": pdfium.FPDFPage_GetAnnotCount(page),
                "label": self._pdf.get_page_label(index),
                "text": self._text(page),
            }
        except pypdfium2.PdfiumError as error:
            raise CorruptFile(f"has an unreadable page {index + 1}: {error}") from error
        finally:
            page.close()

    def screen_dpi(self, index: int) -> float:
        """Dots per inch at which a page is looked at. Raises `CorruptFile`."""
        page = self._page(index)
        width, height = page.get_size()
        page.close()
        longer = max(width, height, 1.0)
        slide = width > height or longer < _SMALL
        return max(_READ_DPI, _SCREEN * 72 / longer) if slide else _READ_DPI

    def draw(self, index: int, dpi: float, most: int = _LARGEST_PAGE) -> Image.Image:
        """The page as an RGB picture with `dpi` dots per inch. It has fewer if it had more than `most` pixels.

        Raises `CorruptFile`.
        """
        page = self._page(index)
        try:
            width, height = page.get_size()
            scale = dpi / 72
            scale *= min(1.0, math.sqrt(most / max(1.0, width * height * scale**2)))
            scale = max(scale, 1 / max(1e-6, min(width, height)))
            if width * height * scale**2 > 4 * most:
                raise CorruptFile(f"has a page {index + 1} of no sensible shape")
            picture: Image.Image = page.render(scale=scale).to_pil()
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise CorruptFile(f"has a page {index + 1} that cannot be drawn: {error}") from error
        finally:
            page.close()
        return picture.convert("RGB")

    def _page(self, index: int) -> pypdfium2.PdfPage:
        try:
            return self._pdf.get_page(index)
        except pypdfium2.PdfiumError as error:
            raise CorruptFile(f"has an unreadable page {index + 1}") from error

    def _text(self, page: pypdfium2.PdfPage) -> str:
        text = page.get_textpage()
        try:
            found: str = text.get_text_range()
        finally:
            text.close()
        return found

    def _outline(self) -> tuple[object, ...]:
        entries: list[object] = []
        for bookmark in self._pdf.get_toc():
            destination = bookmark.get_dest()
            target = None
            if destination is not None:
                mode, view = destination.get_view()
                target = destination.get_index(), mode, _rounded(view)
            entries.append((bookmark.level, bookmark.get_title(), bookmark.get_count(), target))
            if len(entries) == _MOST_BOOKMARKS:
                break
        return tuple(entries)

    def _attachments(self) -> tuple[str, ...]:
        count = self._pdf.count_attachments()
        return tuple(self._pdf.get_attachment(index).get_name() for index in range(count))


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(value, 2) for value in values)
