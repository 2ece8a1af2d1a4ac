"""Images with more pixels than the size they are shown at can show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from ...shared import raster
from ..structure.streams import Plain
from . import lossless

if TYPE_CHECKING:
    from .lossless import Entries, Shape
    from .placement import Shown

# Scaling by less blurs more than it saves.
_DPI_MARGIN = 1.25
# Pixels an inch that pages are looked at with: sheets, and slides that fill a screen.
_SHEET_DPI, _SLIDE_DPI = 110, 150
# A picture with fewer is enlarged, and its loss with it: by so much for as large again (eight photographs
# coded at what `quality` asks for scored 80 to 84 on pages that enlarged them up to twice).
_LOSS_ENLARGED, _MOST_ENLARGED = 0.7, 2.0
# Inches: a picture of so much on its shorter side is most of what a sheet shows.
_PAGE = 6.0


def target(form: Shape, shown: Shown, dpi: int) -> tuple[int, int] | None:
    """The pixels that an image shown on so many inches needs, None when it has about as many."""
    scale = max(shown.width * dpi / form.width, shown.height * dpi / form.height)
    if scale * _DPI_MARGIN > 1 or not scale:
        return None
    return max(1, math.ceil(form.width * scale)), max(1, math.ceil(form.height * scale))


def quality(form: Shape, shown: Shown, target: float) -> float | None:
    """The score that an image needs for a page to reach `target`, None where it is enlarged too far."""
    dpi = _SLIDE_DPI if shown.slide else _SHEET_DPI
    times = max(1.0, shown.width * dpi / form.width, shown.height * dpi / form.height)
    if times > _MOST_ENLARGED:
        return None
    return 100 - (100 - target) / (1 + _LOSS_ENLARGED * (times - 1))


def fills_a_sheet(shown: Shown | None) -> bool:
    """Whether an image is most of a sheet of paper, as a scan is.

    A sheet is read at its size, and not on a screen that is filled with it.
    """
    return shown is not None and not shown.slide and min(shown.width, shown.height) >= _PAGE


def scaled(plain: Plain, form: Shape, size: tuple[int, int]) -> tuple[Plain, Shape]:
    """Grey or RGB samples of 8 bits in another size."""
    rows = lossless.samples(plain, form)
    image = Image.fromarray(rows[..., 0] if form.components == 1 else rows)
    data = raster.resized(image, size).tobytes()
    return Plain(data, "", None), replace(form, width=size[0], height=size[1])


def entries(size: tuple[int, int]) -> Entries:
    """What the image's dictionary has to say."""
    return (("/Width", size[0]), ("/Height", size[1]))
