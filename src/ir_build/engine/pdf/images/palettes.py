"""Drawings and screenshots, coded by the engine for PNG. A PDF can hold the rows of a PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....errors import FileSkipped, InputError
from ...png import codec as png
from ...png import coding
from ...shared import raster
from . import lossless

if TYPE_CHECKING:
    import pikepdf

    from ....options import Options
    from ..structure.streams import Packed, Plain
    from .lossless import Shape


def smallest(
    image: pikepdf.Stream, plain: Plain, form: Shape, options: Options
) -> tuple[Packed, bool] | None:
    """`plain`, the samples of `image`, as the engine for PNG codes them, and whether they changed.

    The result is None if a PDF cannot hold what comes out.
    """
    space = image.get_raw("/ColorSpace")
    if space is None or not raster.can_be_scored(form.width, form.height):
        return None
    try:
        pixels = lossless.samples(plain, form)
        rough = coding.coded(pixels[..., 0] if form.components == 1 else pixels)
        made = png.compress(rough, options)
    except (InputError, FileSkipped):
        return None
    held = lossless.of_png(made.data, space, form)
    return None if held is None else (held, made.lossy)
