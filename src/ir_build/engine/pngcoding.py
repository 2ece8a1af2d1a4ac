"""Pictures to PNG files that hold nothing else, and back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import oxipng
import pyvips
from PIL import Image

from ..errors import CorruptFile
from ..options import Effort
from . import pngfile, raster

if TYPE_CHECKING:
    from ..score import Pixels
    from .quantize import Indexed


@dataclass(frozen=True, slots=True)
class _Trials:
    """What is tried to make a file smaller."""

    #: ways to choose a filter for each row, all of them for the whole picture
    filters: tuple[str, ...]
    level: int  #: of libdeflate, 1 to 12
    #: every way of filtering at this level, not only the most promising, up to so many pixels
    thorough_pixels: int = 0
    zopfli_pixels: int = 0  #: zopfli is slow, so it is for pictures of no more pixels


_ZOPFLI_ROUNDS = 15
_TRIALS = {
    None: _Trials(("none", "sub"), 5),
    Effort.FAST: _Trials(("none", "bigrams"), 10),
    Effort.DEFAULT: _Trials(
        ("none", "sub", "bigent", "brute"), 12, thorough_pixels=4_096, zopfli_pixels=16_384
    ),
    Effort.BEST: _Trials(
        ("none", "sub", "up", "paeth", "entropy", "bigrams", "bigent", "brute"),
        12,
        thorough_pixels=65_536,
        zopfli_pixels=16_384,
    ),
}


class Types(Enum):
    """The colour types that pixels may be stored as, if they can."""

    ANY = auto()
    COLOURED = auto()  #: of those with colour, any
    SAME = auto()


def recompressed(bare: bytes, types: Types, effort: Effort | None, max_pixels: int) -> bytes:
    """The same pixels in fewer bytes, as one of `types`; without `effort` a first guess."""
    trials = _TRIALS[effort]
    pixels = int.from_bytes(bare[16:20], "big") * int.from_bytes(bare[20:24], "big")
    deflaters = [oxipng.Deflaters.libdeflater(trials.level)]
    if pixels <= trials.thorough_pixels:
        # Which colour type is chosen depends on the level, and not always for the better.
        deflaters.append(oxipng.Deflaters.libdeflater(trials.level - 1))
    if pixels <= trials.zopfli_pixels:
        deflaters.append(oxipng.Deflaters.zopfli(_ZOPFLI_ROUNDS))
    best = bare
    for deflate in deflaters:
        try:
            packed = oxipng.optimize_from_memory(
                bare,
                filter=list(trials.filters),
                deflate=deflate,
                fast_evaluation=pixels > trials.thorough_pixels,
                interlace=oxipng.Interlacing.off,
                color_type_reduction=types is not Types.SAME,
                grayscale_reduction=types is Types.ANY,
                # Browsers compute other colours in as many bits as they find.
                bit_depth_reduction=types is Types.ANY or bare[24] < 16,
                # Colour under full transparency stays: somebody may look at it with another alpha.
                optimize_alpha=False,
                # 16 bits, with a filter byte a row, are the most a picture inflates to.
                max_decompressed_size=max_pixels * 9,
            )
        except oxipng.PngError as error:
            raise CorruptFile(f"cannot be decoded: {error}") from error
        best = min(bytes(packed), best, key=len)
    return best


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
    """The picture in another size, of 8 bits, coded in a hurry; grey stays grey."""
    small = raster.resized(Image.fromarray(decoded(bare)), size)
    if bare[25] in (0, 4):
        small = small.convert("LA" if small.mode == "RGBA" else "L")
    buffer = BytesIO()
    small.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
