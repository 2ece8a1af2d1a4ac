"""Pictures to PNG files that hold nothing else, and back."""

from __future__ import annotations

from enum import Enum, auto
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import oxipng
import pyvips
from PIL import Image

from ..errors import CorruptFile
from ..options import Effort, Options
from . import pngfile, raster

if TYPE_CHECKING:
    from .quantize import Indexed
    from .score import Pixels

_LEVELS = {Effort.FAST: 0, Effort.DEFAULT: 2, Effort.BEST: 5}
# Zopfli is slow: only where a picture is small enough for it to take a moment.
_ZOPFLI_PIXELS = 250_000


class Types(Enum):
    """The colour types that pixels may be stored as, if they can."""

    ANY = auto()
    COLOURED = auto()  #: of those with colour, any
    SAME = auto()


def recompressed(bare: bytes, options: Options, types: Types = Types.ANY) -> bytes:
    """The same pixels in fewer bytes, as one of `types`."""
    size = int.from_bytes(bare[16:20], "big") * int.from_bytes(bare[20:24], "big")
    deflate = None
    if options.effort is Effort.BEST and size <= _ZOPFLI_PIXELS:
        deflate = oxipng.Deflaters.zopfli(15)
    try:
        packed = oxipng.optimize_from_memory(
            bare,
            level=_LEVELS[options.effort],
            interlace=oxipng.Interlacing.off,
            deflate=deflate,
            color_type_reduction=types is not Types.SAME,
            grayscale_reduction=types is Types.ANY,
            # Colour under full transparency stays: somebody may look at it with another alpha.
            optimize_alpha=False,
            # 16 bits, with a filter byte a row, are the most a picture within the limit inflates to.
            max_decompressed_size=options.max_pixels * 9,
        )
    except oxipng.PngError as error:
        raise CorruptFile(f"cannot be decoded: {error}") from error
    return min(bytes(packed), bare, key=len)


def indexed(picture: Indexed) -> bytes:
    """A picture of indices as a file, coded in a hurry."""
    image = Image.fromarray(picture.indices, "P")
    image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    alpha = picture.palette[:, 3]
    buffer = BytesIO()
    transparency = {"transparency": alpha.tobytes()} if (alpha < 255).any() else {}
    image.save(buffer, "PNG", compress_level=1, **transparency)
    return pngfile.bare(pngfile.parse(buffer.getvalue()))


def coded(pixels: Pixels) -> bytes:
    """Height x width x 3 or 4 bytes as a file, coded in a hurry."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decoded(bare: bytes) -> Pixels:
    """The picture as height x width x 3, or x 4 where it is seen through; 16 bits as 8, rounded."""
    if bare[24] == 16:
        return _from_16(bare)
    image = raster.decode(bare, "PNG")
    rgba = image.convert("RGBA") if image.has_transparency_data else image
    return raster.pixels(image.convert("RGB") if raster.opaque(rgba) else rgba)


def _from_16(bare: bytes) -> Pixels:
    # Pillow cuts off the lower half of each sample.
    try:
        image = pyvips.Image.new_from_buffer(bare, "", fail_on="error")
        samples = image.numpy().reshape(image.height, image.width, -1)
    except pyvips.Error as error:
        raise CorruptFile("cannot be decoded") from error
    eight = ((samples.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    bands = samples.shape[2]
    grey = eight[..., : 3 if bands > 2 else 1]
    colours = np.broadcast_to(grey, (*eight.shape[:2], 3))
    alpha = eight[..., bands - 1 :] if bands in (2, 4) else None
    if alpha is None or alpha.min() == 255:
        return np.ascontiguousarray(colours)
    return np.concatenate([colours, alpha], 2)


def resized(bare: bytes, size: tuple[int, int]) -> bytes:
    """The picture in another size, coded in a hurry."""
    image = raster.decode(bare, "PNG")
    alpha = image.has_transparency_data
    buffer = BytesIO()
    raster.resized(image.convert("RGBA" if alpha else "RGB"), size).save(
        buffer, "PNG", compress_level=1
    )
    return buffer.getvalue()
