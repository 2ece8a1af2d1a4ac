"""Images with more pixels than the size they are shown at can show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from ...shared import raster
from ..structure.streams import Plain
from . import lossless, placement

if TYPE_CHECKING:
    from .lossless import Entries, Shape

# Scaling by less blurs more than it saves.
_DPI_MARGIN = 1.25
# Pixels an inch: in a picture shown with fewer, what a score at its own size lets pass is enlarged
# with it. Drawn at 110, pages with pictures of 72 kept a score of 80; 68 was left of 44, 36 of 19.
_ENLARGED = 64
# Inches: a picture of so much on its shorter side is most of what a page shows. Where the longer one
# is less than a slide is shown on, the page is a sheet of paper.
_PAGE, _SLIDE = 6.0, placement.SCREEN - 0.3


def target(form: Shape, shown: tuple[float, float], dpi: int) -> tuple[int, int] | None:
    """The pixels that an image shown on so many inches needs, None when it has about as many."""
    scale = max(shown[0] * dpi / form.width, shown[1] * dpi / form.height)
    if scale * _DPI_MARGIN > 1 or not scale:
        return None
    return max(1, math.ceil(form.width * scale)), max(1, math.ceil(form.height * scale))


def enlarged(form: Shape, shown: tuple[float, float]) -> bool:
    """Whether an image shown on so many inches is shown clearly larger than a screen needs."""
    return min(form.width / max(shown[0], 1e-9), form.height / max(shown[1], 1e-9)) < _ENLARGED


def fills_a_sheet(shown: tuple[float, float] | None) -> bool:
    """Whether an image shown on so many inches is most of a sheet of paper, as a scan is.

    A sheet is read at its size, and not on a screen that is filled with it.
    """
    return shown is not None and min(shown) >= _PAGE and max(shown) < _SLIDE


def scaled(plain: Plain, form: Shape, size: tuple[int, int]) -> tuple[Plain, Shape]:
    """Grey or RGB samples of 8 bits in another size."""
    rows = lossless.samples(plain, form)
    image = Image.fromarray(rows[..., 0] if form.components == 1 else rows)
    data = raster.resized(image, size).tobytes()
    return Plain(data, "", None), replace(form, width=size[0], height=size[1])


def entries(size: tuple[int, int]) -> Entries:
    """What the image's dictionary has to say."""
    return (("/Width", size[0]), ("/Height", size[1]))
