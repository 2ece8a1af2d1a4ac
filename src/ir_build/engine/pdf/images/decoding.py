"""The pixels of images in a PDF that are grey or RGB of 8 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyvips
from PIL import Image

from . import photos

if TYPE_CHECKING:
    from ..structure.streams import Plain
    from .lossless import Shape

_MODES = {1: "L", 3: "RGB"}  # Pillow's, by the number of components


def image(
    plain: Plain, form: Shape, size: tuple[int, int] | None = None, *, shrink: int = 1
) -> Image.Image | None:
    """The picture that `plain`, samples or a JPEG, holds: L or RGB.

    The result is None if it is damaged, or if it does not have the shape `form`. It is scaled to `size`, width and
    height in pixels, if that is given. The sides of a JPEG are divided by `shrink`: 1, 2, 4 or 8.
    """
    try:
        opened = _opened(plain, form, shrink)
        if opened is None or opened.bands != form.components:
            return None
        if size:
            # A sharper kernel keeps more noise, which no viewer shows. It makes scans a sixth larger, and the
            # pages drawn from them score no higher.
            opened = opened.resize(
                size[0] / opened.width, vscale=size[1] / opened.height, kernel="linear", gap=0
            )
        found = opened.width, opened.height
        return Image.frombytes(_MODES[opened.bands], found, opened.write_to_memory())
    except pyvips.Error:
        return None


def _opened(plain: Plain, form: Shape, shrink: int) -> pyvips.Image | None:
    if not plain.codec:
        if len(plain.data) != form.size:
            return None
        return pyvips.Image.new_from_memory(
            plain.data, form.width, form.height, form.components, "uchar"
        )
    if plain.codec != "/DCTDecode" or plain.codec_parms is not None:
        return None
    if photos.size(plain) != (form.width, form.height):
        return None
    return pyvips.Image.jpegload_buffer(
        plain.data, access="sequential", fail_on="warning", shrink=shrink
    )
