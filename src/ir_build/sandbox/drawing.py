"""Draws the first page of a PDF, for people to look at."""

from __future__ import annotations

from io import BytesIO

from ..codec_packages import load
from ..errors import CorruptFile

#: Dots per inch, and the most pixels. A larger page is drawn with fewer dots per inch. Not fitted: nothing that is
#: shipped depends on them. 144 are two dots for each point of the page.
_DPI, _MOST = 144, 1 << 20
# The compression level of deflate. 1 takes the least CPU time, and nothing that is shipped depends on it.
_QUICK = 1


def first_page(data: bytes) -> bytes:
    """The first page of the PDF `data` as a PNG. Raises `CorruptFile` or `FileSkipped`."""
    with load("ir_build.verify.pdf_pages").Document(data) as document:
        if not document.pages:
            raise CorruptFile("has no pages")
        picture = document.draw(0, _DPI, _MOST)
    png = BytesIO()
    picture.save(png, "PNG", compress_level=_QUICK)
    return png.getvalue()
