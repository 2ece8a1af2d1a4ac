"""Drawings and screenshots as the image engine's PNG has them, whose rows a PDF can hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pikepdf

from ....containers import png_chunks
from ....errors import FileSkipped, InputError
from ....options import Effort
from ...png import codec as png
from ...png import coding
from ...shared import raster
from ..structure.streams import Packed
from . import lossless

if TYPE_CHECKING:
    from ....options import Options
    from ..structure.streams import Plain
    from .lossless import Entries, Shape

# PNG's colour types
_GREY, _RGB, _INDEXED = 0, 2, 3
# Pixels up to which the image engine tries zopfli: 104 icons of a document took 16 seconds of 20 by it and
# became smaller by a thousandth.
_ICON = 16_384


def smallest(
    image: pikepdf.Stream, plain: Plain, form: Shape, options: Options
) -> tuple[Packed, bool] | None:
    """`plain`, the samples of `image`, as the image engine codes them, and whether they changed.

    The result is None if a PDF cannot hold what came out.
    """
    space = image.get_raw("/ColorSpace")
    if space is None or not raster.can_be_scored(form.width, form.height):
        return None
    if form.width * form.height <= _ICON and options.effort is Effort.DEFAULT:
        options = replace(options, effort=Effort.FAST)
    try:
        pixels = lossless.samples(plain, form)
        rough = coding.coded(pixels[..., 0] if form.components == 1 else pixels)
        made = png.compress(rough, options)
    except (InputError, FileSkipped):
        return None
    bits, kind = made.data[24], made.data[25]
    if png_chunks.content(made.data, b"tRNS"):
        return None
    entries: Entries = ()
    if kind == _INDEXED:
        table = png_chunks.content(made.data, b"PLTE")
        if form.components == 1:
            if table[::3] != table[1::3] or table[::3] != table[2::3]:
                return None
            table = table[::3]
        last = len(table) // form.components - 1
        indexed = [pikepdf.Name.Indexed, space, last, pikepdf.String(table)]
        entries = (("/ColorSpace", pikepdf.Array(indexed)),)
    elif kind != (_GREY if form.components == 1 else _RGB):
        return None
    if bits != form.bits:
        entries = (("/BitsPerComponent", bits), *entries)
    parms = pikepdf.Dictionary(
        Predictor=15, Colors=3 if kind == _RGB else 1, BitsPerComponent=bits, Columns=form.width
    )
    rows = png_chunks.content(made.data, b"IDAT")
    return Packed(rows, ("/FlateDecode",), parms, entries), made.lossy
