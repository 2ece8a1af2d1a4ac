"""The JPEG images of a PDF: transcoded, or coded again. Also which other images may become JPEG."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ....errors import FileSkipped, InputError
from ....options import Resize
from ...jpeg import codec as jpeg
from ...jpeg import file as jpeg_file
from ...shared import exif
from ..structure import streams
from ..structure.streams import Plain
from . import scaling

if TYPE_CHECKING:
    from ....options import Options
    from ..structure.streams import Packed
    from .lossless import Shape

#: Images of fewer pixels are icons and rules. The header of a JPEG alone, some 600 bytes, is too much for them. Not
#: fitted: they take few bytes without loss.
SMALLEST = 64 * 64
# Bits a pixel. An image without loss that takes fewer is a drawing or a screenshot. Not fitted: 12 PDF files of
# documentation sites came to the same bytes with 0.4 and with 1.6 (`--sweep pdf.images.photos:_PHOTO_BITS 0.4 1.6`).
_PHOTO_BITS = 0.8
# A JPEG hardly gets smaller if its quality is this far below the target. It was fitted on 26 JPEGs in PDF files: none
# below 75 became smaller at a target of 80, and all from 75 on did. 12 other PDF files came to 1.4 % more bytes with
# 0, and to 0.6 % fewer with 12 in 2 % more CPU time (`--sweep pdf.images.photos:_COARSE 0 12`).
_COARSE = 6
_JFIF, _ADOBE = 0xE0, 0xEE  # the markers APP0 and APP14 (ITU-T T.81, table B.1)
_RGB = frozenset({"/DeviceRGB", "/RGB", "/ICCBased"})
_GREY = frozenset({"/DeviceGray", "/G", "/ICCBased"})


def transcoded(
    plain: Plain, options: Options, size: tuple[int, int] | None = None
) -> tuple[Packed, bool] | None:
    """A JPEG stream in fewer bytes, and whether its pixels changed; None if it has to stay as it is.

    `options.compression_type` says whether pixels may change. The image is scaled to `size`, width and height in
    pixels, if that is given.
    """
    if plain.codec_parms is not None:
        return None
    resize = Resize(*size) if size else None
    whole = replace(options, resize=resize, preserve_metas=frozenset())
    try:
        made = jpeg.compress(plain.data, whole)
        before, after = jpeg_file.parse(plain.data), jpeg_file.parse(made.data)
    # It is broken or of a rare kind. A viewer may still show it. So it stays as it is.
    except (InputError, FileSkipped):
        return None
    # Viewers take the profile and the orientation from the PDF. The Adobe segment says how colours are coded. The
    # transcoder adds one to CMYK, which might invert its colours.
    useful = {_JFIF, _ADOBE}
    if after.components == 4 and not any(one.marker == _ADOBE for one in before.segments):
        useful.remove(_ADOBE)
    data = b"".join(
        one.encode()
        for one in after.segments
        if one.marker in useful or not (_JFIF <= one.marker <= 0xEF or one.marker == 0xFE)
    )
    packed = streams.pack(Plain(b"\xff\xd8" + data + after.coded, "/DCTDecode", None))
    if (after.width, after.height) != (before.width, before.height):
        packed = replace(packed, entries=scaling.entries((after.width, after.height)))
    return packed, made.lossy


def size(plain: Plain) -> tuple[int, int] | None:
    """Width and height of a JPEG stream, in pixels; None if it is broken or its Exif says to turn it."""
    try:
        file = jpeg_file.parse(plain.data)
    except (InputError, FileSkipped):
        return None
    # The image engine would turn it as its Exif says. A viewer of PDF files does not.
    return None if exif.orientation(file.exif) > 1 else (file.width, file.height)


def coarse(plain: Plain, target: float) -> bool:
    """Whether a JPEG stream is already as coarse as the quality `target` would make it."""
    try:
        quality = jpeg_file.parse(plain.data).quality
    except (InputError, FileSkipped):
        return True
    return quality is None or quality < target - _COARSE


def photographic(form: Shape) -> bool:
    """Whether the samples of an image of the shape `form` are plain grey or RGB, which a JPEG can hold."""
    colours = {1: _GREY, 3: _RGB}.get(form.components, frozenset())
    return form.direct and form.bits == 8 and form.family in colours


def is_rich(form: Shape, size: int) -> bool:
    """Whether an image of the shape `form` takes more bytes than a drawing or an icon; `size` are its bytes."""
    pixels = form.width * form.height
    return pixels >= SMALLEST and size * 8 >= pixels * _PHOTO_BITS
