"""PNG: a lossless recompression, and a palette that looks the same."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import oxipng
from PIL import Image

from ..candidate import Candidate
from ..errors import CorruptFile
from ..options import Compression, Effort
from . import pngfile, raster
from .quantize import Indexed, Reducer, quantize
from .score import Reference

if TYPE_CHECKING:
    from ..options import Options

# A palette that saves less than this over the lossless result is not worth its loss.
_WORTH = 0.95
_LEVELS = {Effort.FAST: 1, Effort.DEFAULT: 2, Effort.BEST: 5}
# Zopfli is slow: only where a picture is small enough for it to take a moment.
_ZOPFLI_PIXELS = 250_000
_FEWEST_COLOURS = 2
_MODES = ("RGB", "RGBA")


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest PNG that stands for `data`."""
    file = pngfile.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    kept = pngfile.extras(file, options.preserve_metas)
    notes = (f"stripped {', '.join(kept.stripped)}",) if kept.stripped else ()
    bare = pngfile.bare(file)
    resized = False
    if options.resize and not kept.payload:
        size = options.resize.fit(file.width, file.height)
        if size != (file.width, file.height):
            bare = _resized(bare, size)
            file = pngfile.parse(bare)
            resized = True
            notes = (*notes, f"resized to {size[0]} x {size[1]}")
    lossless = pngfile.assembled(_recompressed(bare, options), kept)
    lossy = options.compression_type is Compression.LOSSY
    scorable = raster.can_be_scored(file.width, file.height)
    if lossy and scorable and not kept.payload and not file.indexed:
        palette = _as_palette(bare, options)
        if palette is not None:
            smaller = pngfile.assembled(palette, kept)
            if len(smaller) < len(lossless) * _WORTH:
                return Candidate(smaller, lossy=True, notes=notes)
    return Candidate(lossless, lossy=resized, notes=notes)


def _recompressed(bare: bytes, options: Options) -> bytes:
    """The same pixels in fewer bytes; `bare` has no metadata."""
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
            # Colour under full transparency stays: somebody may look at it with another alpha.
            optimize_alpha=False,
            # 16 bits, with a filter byte a row, are the most a picture within the limit inflates to.
            max_decompressed_size=options.max_pixels * 9,
        )
    except oxipng.PngError as error:
        raise CorruptFile(f"cannot be decoded: {error}") from error
    return min(bytes(packed), bare, key=len)


def _as_palette(bare: bytes, options: Options) -> bytes | None:
    """The fewest colours that reach the quality, as a file; None when even 256 do not."""
    image = raster.decode(bare, "PNG")
    if image.mode not in _MODES:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels = np.asarray(image)
    reference = Reference(pixels)
    bands = pixels.shape[2]
    quantized = quantize(pixels)
    if reference.score(quantized.pixels(bands)) < options.quality:
        return None
    reducer = Reducer(quantized)
    best, low, high = quantized, _FEWEST_COLOURS, reducer.colours
    # Fewer colours mean smaller files all along, and much smaller ones at 16, 4 and 2.
    while low < high:
        colours = _between(low, high)
        tried = reducer.at(colours)
        if reference.score(tried.pixels(bands)) >= options.quality:
            best, high = tried, colours
        else:
            low = colours + 1
        if high - low <= max(1, high // 12):
            break
    return _recompressed(_written(best), options)


def _between(low: int, high: int) -> int:
    """Where to try next: the middle by ratio, at a depth's limit when there is one nearby."""
    middle = round(math.sqrt(low * high))
    for limit in (16, 4):
        if low <= limit < high and limit * 2 >= middle >= limit // 2:
            return limit
    return min(middle, high - 1)


def _written(picture: Indexed) -> bytes:
    image = Image.fromarray(picture.indices)
    image = image.convert("P") if image.mode != "P" else image
    image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    alpha = picture.palette[:, 3]
    buffer = BytesIO()
    transparency = {"transparency": alpha.tobytes()} if (alpha < 255).any() else {}
    image.save(buffer, "PNG", compress_level=1, **transparency)
    return pngfile.bare(pngfile.parse(buffer.getvalue()))


def _resized(bare: bytes, size: tuple[int, int]) -> bytes:
    image = raster.decode(bare, "PNG")
    alpha = image.has_transparency_data
    buffer = BytesIO()
    raster.resized(image.convert("RGBA" if alpha else "RGB"), size).save(
        buffer, "PNG", compress_level=1
    )
    return buffer.getvalue()
