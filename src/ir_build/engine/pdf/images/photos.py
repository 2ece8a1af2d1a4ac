"""A PDF's photographs: JPEG images transcoded or coded again, deflated ones made JPEG."""

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

#: pixels; smaller pictures are icons and rules, for which a JPEG's header alone is too much
SMALLEST = 64 * 64
# Bits a pixel of a PNG coded in a hurry: below it the picture is a drawing or a screenshot.
_PHOTO_BITS = 0.8
# The quality that most pictures need; where even this is too large, no search is worth its time.
_USUAL = 80
#: what a lossy result must save over the lossless one to be worth it
WORTH = 0.9
# A JPEG coded this far below the target's number gains nothing from being coded again: of 26
# in the shared documents, none below 75 did at a target of 80, and all from 75 on did.
_COARSE = 6
_JFIF, _ADOBE = 0xE0, 0xEE
_RGB = frozenset({"/DeviceRGB", "/RGB", "/ICCBased"})
_GREY = frozenset({"/DeviceGray", "/G", "/ICCBased"})


def transcoded(
    plain: Plain, options: Options, size: tuple[int, int] | None = None
) -> tuple[Packed, bool] | None:
    """A JPEG stream optimised, and whether its pixels changed; None if it has to stay.

    `options.compression_type` decides; the caller asks for lossless where colours are special.
    With a `size` in pixels the picture is scaled to it.
    """
    if plain.codec_parms is not None:
        return None
    resize = Resize(*size) if size else None
    whole = replace(options, resize=resize, preserve_metas=frozenset())
    try:
        made = jpeg.compress(plain.data, whole)
        before, after = jpeg_file.parse(plain.data), jpeg_file.parse(made.data)
    # Broken or of a rare kind: a viewer may show it all the same, so it stays as it is.
    except (InputError, FileSkipped):
        return None
    # Viewers take profile and orientation from the PDF. The Adobe segment says how colours are
    # coded; the transcoder adds one to CMYK, which might turn such a picture inside out.
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
    """Width and height of a JPEG stream whose rows are stored from the top; None for others."""
    try:
        file = jpeg_file.parse(plain.data)
    except (InputError, FileSkipped):
        return None
    # A viewer of PDF does not turn it as its Exif asks, the image engine would.
    return None if exif.orientation(file.exif) > 1 else (file.width, file.height)


def coarse(plain: Plain, target: float) -> bool:
    """Whether a JPEG stream is already as coarse as the target would make it."""
    try:
        quality = jpeg_file.parse(plain.data).quality
    except (InputError, FileSkipped):
        return True
    return quality is None or quality < target - _COARSE


def photographic(form: Shape) -> bool:
    """Whether the samples are plain grey or RGB that a JPEG can hold."""
    colours = {1: _GREY, 3: _RGB}.get(form.components, frozenset())
    return form.direct and form.bits == 8 and form.family in colours


def is_rich(form: Shape, size: int) -> bool:
    """Whether so many bytes are more than a drawing takes, or an icon."""
    pixels = form.width * form.height
    return pixels >= SMALLEST and size * 8 >= pixels * _PHOTO_BITS
