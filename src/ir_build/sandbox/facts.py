"""Facts about the bytes of a picture or a PDF, for advice. This runs in a worker."""

from __future__ import annotations

import contextlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..advice.facts import Facts
from ..codec_packages import load
from ..errors import CorruptFile
from ..formats import MediaType
from ..marker import is_marked

if TYPE_CHECKING:
    from PIL import Image

    from ..verify.decoded import Picture

# A PNG with fewer than `_PHOTO` bytes a pixel, or fewer than `_LEAST` bytes, is not tried as a JPEG: it is no photo,
# or too small to matter. The PNG of a photo has one to three bytes a pixel. Not fitted: no bytes that are shipped
# depend on these numbers, or on those below. They decide only what is advised.
_PHOTO = 0.7
_LEAST = 20_000
# The most that a photo takes as a JPEG, as a share of the PNG, and the largest share of its pixels that are equal to
# the one beside them. Drawings and screenshots have more equal pixels, even when a JPEG of them is small.
_SHARE, _EQUAL = 0.35, 0.4
# The JPEG qualities that are tried, and the score from which two pictures are not told apart side by side. (The
# same score is the default of `Options.quality`: docs/formats.md.)
_QUALITIES, _SAME = (90, 95), 80
# So many pages of a document are looked at. On a scanned page a picture covers at least this share of the page.
_PAGES, _COVERED = 20, 0.8
_INVISIBLE = 3  # the rendering mode of invisible text, to be searched (ISO 32000-1, table 106)


def facts(data: bytes, media: MediaType, max_pixels: int) -> Facts:
    """The facts about `data`, a file of type `media`. Raises an `InputError` or `FileSkipped`."""
    if media is MediaType.PDF:
        return _document(data)
    picture = load("ir_build.verify.decoded").Picture(data, media, max_pixels)
    width, height = picture.shown_size
    across, down = picture.size
    photo = media is MediaType.PNG and picture.frames == 1 and picture.depth == 8
    photo = photo and len(data) >= max(_LEAST, _PHOTO * across * down)
    return Facts(
        width, height, across, down,
        frames=picture.frames,
        ours=is_marked(data, media),
        as_jpeg=_as_jpeg(picture, len(data)) if photo else 0,
    )  # fmt: skip


def _as_jpeg(picture: Picture, size: int) -> int:
    """Bytes of a JPEG that looks like the PNG `picture`, whose file has `size` bytes; 0 if none is small."""
    scoring, raster = load("ir_build.quality.ssimulacra2"), load("ir_build.engine.shared.raster")
    frame = picture.frame(0)
    shown = frame.convert("RGBA" if frame.has_transparency_data else "RGB")
    if not raster.opaque(shown) or not raster.can_be_scored(*shown.size):
        return 0
    image = shown.convert("RGB")
    pixels = raster.pixels(image)
    if (pixels[:, 1:] == pixels[:, :-1]).all(axis=2).mean() > _EQUAL:
        return 0
    reference = None
    for level in _QUALITIES:
        data = _jpeg(image, level)
        if len(data) > _SHARE * size:
            return 0
        reference = reference or scoring.Reference(pixels)
        decoded = raster.pixels(raster.decode(data, "JPEG"))
        if scoring.of_both(*reference.scores(decoded)) >= _SAME:
            return len(data)
    return 0


def _jpeg(image: Image.Image, level: int) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=level, optimize=True, progressive=True)
    return file.getvalue()


def _document(data: bytes) -> Facts:
    pdfium: Any = load("pypdfium2")
    try:
        document = pdfium.PdfDocument(data)
        with contextlib.closing(document):
            searchable = False
            for number in range(min(len(document), _PAGES)):
                scanned, hidden = _is_scanned(pdfium, document[number])
                if not scanned:
                    return Facts()
                searchable |= hidden
            return Facts(scanned_pages=len(document), searchable=searchable)
    except pdfium.PdfiumError as error:
        raise CorruptFile(f"does not open: {error}") from error


def _is_scanned(pdfium: Any, page: Any) -> tuple[bool, bool]:
    """Whether a page shows only a scanned picture, and whether it has invisible text."""
    raw = pdfium.raw
    covered = hidden = False
    width, height = page.get_size()
    for one in page.get_objects(max_depth=3):
        if one.type == raw.FPDF_PAGEOBJ_TEXT:
            if raw.FPDFTextObj_GetTextRenderMode(one) != _INVISIBLE:
                return False, False
            hidden = True
        elif one.type == raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = one.get_bounds()
            covered |= (right - left) * (top - bottom) >= _COVERED * width * height
        elif one.type in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
            return False, False
    return covered, hidden
