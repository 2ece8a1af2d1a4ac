"""A PDF's photographs: JPEG images transcoded or coded again, deflated ones made JPEG."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyjpegli
import pyvips

from ....errors import FileSkipped, InputError
from ....options import Compression, Resize
from ....quality import Reference
from ...jpeg import codec as jpeg
from ...jpeg import file as jpeg_file
from ...shared import exif, raster
from ...shared.search import smallest
from ..structure import streams
from ..structure.streams import Plain
from . import lossless, scaling

if TYPE_CHECKING:
    from ....options import Options
    from ....quality import Pixels
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
_MEAN_AT_50 = 57.6  # of the luminance table at quality 50 (T.81, annex K.1)
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
        tables = jpeg_file.parse(plain.data).tables()
    except (InputError, FileSkipped):
        return True
    if not tables:
        return True
    scale = 100 * float(np.mean(tables[0])) / _MEAN_AT_50
    quality = 100 - scale / 2 if scale <= 100 else 5000 / scale
    return quality < target - _COARSE


def photographic(form: Shape) -> bool:
    """Whether the samples are plain grey or RGB that a JPEG can hold."""
    colours = {1: _GREY, 3: _RGB}.get(form.components, frozenset())
    return form.direct and form.bits == 8 and form.family in colours


def is_rich(form: Shape, size: int) -> bool:
    """Whether so many bytes are more than a drawing takes, or an icon."""
    pixels = form.width * form.height
    return pixels >= SMALLEST and size * 8 >= pixels * _PHOTO_BITS


def as_jpeg(plain: Plain, form: Shape, rough: int, options: Options) -> Packed | None:
    """Samples as a JPEG that looks the same, None unless that is smaller than `rough`.

    So many bytes the samples take as a PNG coded in a hurry.
    """
    pixels = form.width * form.height
    if (
        options.compression_type is not Compression.LOSSY
        or not photographic(form)
        or not is_rich(form, rough)
        or not raster.can_be_scored(form.width, form.height)
        or pixels > options.max_pixels
        or len(plain.data) != form.size
    ):
        return None
    rows = lossless.samples(plain, form)
    encode = _encode_grey if form.components == 1 else _encode_rgb
    if len(encode(rows, _USUAL)) > rough * WORTH:
        return None
    reference = Reference(np.repeat(rows, 3, axis=2) if form.components == 1 else rows)
    found = smallest(
        lambda quality: encode(rows, quality),
        lambda data: reference.score(raster.pixels(raster.decode(data, "JPEG"))),
        options.quality, low=40, high=95, guess=_USUAL,
    )  # fmt: skip
    if found is None or len(found.data) > rough * WORTH:
        return None
    made = transcoded(
        Plain(found.data, "/DCTDecode", None),
        replace(options, compression_type=Compression.LOSSLESS),
    )
    return made[0] if made else None


def _encode_rgb(rows: Pixels, quality: int) -> bytes:
    height, width, _ = rows.shape
    return bytes(pyjpegli.encode(rows.tobytes(), width, height, quality))


def _encode_grey(rows: Pixels, quality: int) -> bytes:
    height, width, _ = rows.shape
    image = pyvips.Image.new_from_memory(rows.tobytes(), width, height, 1, "uchar")
    return bytes(
        image.copy(interpretation="b-w").jpegsave_buffer(
            Q=quality, optimize_coding=True, trellis_quant=True, quant_table=3, keep="none"
        )
    )
