"""A JPEG as JPEG XL, from which a decoder can restore the JPEG bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...codec_packages import load
from ...errors import FileSkipped
from ...options import Effort
from ..jpeg import file as jpeg_file
from ..shared import exif

if TYPE_CHECKING:
    from ...options import Options

# The efforts of libjxl. Effort 9 takes 0.44 CPU seconds a megapixel, ten times as much as 7, and 1.6 % fewer bytes (12
# JPEG files of documentation sites, by `pylibjxl.jpeg_to_jxl(jpeg, effort=9)`).
_EFFORTS = {Effort.FAST: 7, Effort.DEFAULT: 9, Effort.BEST: 9}


def transcoded(jpeg: bytes, options: Options) -> tuple[bytes, int, int] | None:
    """The file `jpeg` as JPEG XL, and its width and height in pixels.

    The result is None if decoders would not agree on what the JPEG shows (it is turned by its Exif, or has
    neither 1 nor 3 components), or if it does not come back. Raises `FileSkipped` when the package is missing,
    and `CorruptFile`.
    """
    pylibjxl = load("pylibjxl")
    try:
        file = jpeg_file.parse(jpeg)
    except FileSkipped:
        return None
    if file.components not in (1, 3) or exif.orientation(file.exif) != 1:
        return None
    try:
        data = bytes(pylibjxl.jpeg_to_jxl(jpeg, effort=_EFFORTS[options.effort]))
        back = bytes(pylibjxl.jxl_to_jpeg(data))
    except (RuntimeError, ValueError):
        return None
    return (data, file.width, file.height) if back == jpeg else None
