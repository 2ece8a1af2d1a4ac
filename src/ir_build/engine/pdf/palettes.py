"""Drawings and screenshots reduced to a palette by the image engine, which judges the result."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pikepdf
from PIL import Image

from ...errors import InputError, LeftAlone
from .. import png, raster
from . import images
from .streams import Packed

if TYPE_CHECKING:
    from ...options import Options
    from .images import Shape
    from .streams import Plain

# What a palette must save over the lossless result to be worth it.
_WORTH = 0.9
_INDEXED = 3  # PNG's colour type


def as_palette(
    image: pikepdf.Stream, plain: Plain, form: Shape, lossless: Packed, options: Options
) -> Packed | None:
    """RGB samples of `image` in few of its colours; None unless that is clearly smaller."""
    space = image.get_raw("/ColorSpace")
    if space is None or form.components != 3 or not raster.can_be_scored(form.width, form.height):
        return None
    buffer = io.BytesIO()
    Image.fromarray(images.samples(plain, form)).save(buffer, "PNG", compress_level=1)
    try:
        made = png.compress(buffer.getvalue(), options).data
    except (InputError, LeftAlone):
        return None
    bits, kind = made[24], made[25]
    colours = b"".join(images.chunks(made, b"PLTE"))
    if kind != _INDEXED or b"".join(images.chunks(made, b"tRNS")):
        return None
    parms = pikepdf.Dictionary(Predictor=15, Colors=1, BitsPerComponent=bits, Columns=form.width)
    indexed = pikepdf.Array(
        [pikepdf.Name.Indexed, space, len(colours) // 3 - 1, pikepdf.String(colours)]
    )
    packed = Packed(
        b"".join(images.chunks(made, b"IDAT")),
        ("/FlateDecode",),
        parms,
        (("/BitsPerComponent", bits), ("/ColorSpace", indexed)),
    )
    return packed if packed.cost < lossless.cost * _WORTH else None
