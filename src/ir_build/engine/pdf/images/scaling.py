"""Images that have more pixels than the size at which they are shown needs."""

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

# An image is scaled only if it has this many times the pixels an inch. A smaller step blurs more than it saves. 12 PDF
# files of documentation sites came to the same bytes with 1.0, and to 0.1 % fewer with 1.5
# (`--sweep pdf.images.scaling:_DPI_MARGIN 1.0 1.5`).
_DPI_MARGIN = 1.25
# Pixels an inch at which sheets are read, and slides that fill a screen. Not fitted: a monitor of 27 inches with
# 2560 x 1440 pixels has 109, and `pdf_dpi` has 150 by default.
_SHEET_DPI, _SLIDE_DPI = 110, 150
# A page enlarges an image with fewer pixels, and its loss with it. At twice its size the loss counts 1.7 times. The
# first number was fitted on eight photos, which scored 80 to 84 on pages that enlarged them up to twice, at a target of
# 80. An image that is enlarged more than the second factor keeps its pixels. `verify/pdf.py` scores the pages.
_LOSS_ENLARGED, _MOST_ENLARGED = 0.7, 2.0
# Inches. An image whose shorter side is longer fills most of a sheet. Not fitted: Letter is 8.5 inches wide, and its
# text about 6.5.
_PAGE = 6.0


def target(form: Shape, shown: Shown, dpi: int) -> tuple[int, int] | None:
    """The width and height in pixels that an image needs at `dpi` pixels an inch.

    The result is None if it has about as many, or fewer.
    """
    scale = max(shown.width * dpi / form.width, shown.height * dpi / form.height)
    if scale * _DPI_MARGIN > 1 or not scale:
        return None
    return max(1, math.ceil(form.width * scale)), max(1, math.ceil(form.height * scale))


def quality(form: Shape, shown: Shown, target: float) -> float | None:
    """The score that an image needs so that its page scores `target`; None if it is enlarged too far."""
    dpi = _SLIDE_DPI if shown.slide else _SHEET_DPI
    times = max(1.0, shown.width * dpi / form.width, shown.height * dpi / form.height)
    if times > _MOST_ENLARGED:
        return None
    return 100 - (100 - target) / (1 + _LOSS_ENLARGED * (times - 1))


def fills_a_sheet(shown: Shown | None) -> bool:
    """Whether an image is most of a sheet of paper, like a scan."""
    return shown is not None and not shown.slide and min(shown.width, shown.height) >= _PAGE


def scaled(plain: Plain, form: Shape, size: tuple[int, int]) -> tuple[Plain, Shape]:
    """Grey or RGB samples of 8 bits, scaled to `size`, width and height in pixels, and their new shape."""
    rows = lossless.samples(plain, form)
    image = Image.fromarray(rows[..., 0] if form.components == 1 else rows)
    data = raster.resized(image, size).tobytes()
    return Plain(data, "", None), replace(form, width=size[0], height=size[1])


def entries(size: tuple[int, int]) -> Entries:
    """The entries that say `size`, width and height in pixels, in the dictionary of an image."""
    return (("/Width", size[0]), ("/Height", size[1]))
