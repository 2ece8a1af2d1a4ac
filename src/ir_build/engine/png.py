"""PNG: a lossless recompression, and a palette that looks the same."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import oxipng
from PIL import Image

from ..candidate import Candidate
from ..errors import CorruptFile
from ..options import Compression, Effort, Options
from . import pngfile, raster
from .evenness import Evenness
from .quantize import Indexed, Reducer, quantize
from .score import Reference

# A palette that saves less than this over the lossless result is not worth its loss.
_WORTH = 0.95
# The thorough lossless result is never this much smaller than the quick one.
_CLEAR = 0.7
_QUICK = Options(effort=Effort.FAST)
_LEVELS = {Effort.FAST: 0, Effort.DEFAULT: 2, Effort.BEST: 5}
# Zopfli is slow: only where a picture is small enough for it to take a moment.
_ZOPFLI_PIXELS = 250_000
# Palettes to try: steps of a third or less in size, with the limits of each bit depth.
_PALETTES = (2, 3, 4, 6, 8, 11, 16, 22, 32, 44, 64, 88, 112, 144, 192, 256)


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
    lossy = options.compression_type is Compression.LOSSY and not file.indexed
    palette = None
    if lossy and not kept.payload and raster.can_be_scored(file.width, file.height):
        palette = _as_palette(bare, options)
        # A quick lossless attempt decides clear cases without the thorough one.
        if palette and len(palette) < len(_recompressed(bare, _QUICK)) * _CLEAR:
            return Candidate(pngfile.assembled(palette, kept), lossy=True, notes=notes)
    lossless = _recompressed(bare, options)
    if palette and len(palette) < len(lossless) * _WORTH:
        return Candidate(pngfile.assembled(palette, kept), lossy=True, notes=notes)
    return Candidate(pngfile.assembled(lossless, kept), lossy=resized, notes=notes)


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
    seen_through = image.has_transparency_data and not raster.opaque(image.convert("RGBA"))
    image = image.convert("RGBA" if seen_through else "RGB")
    pixels = np.asarray(image)
    reference = Reference(pixels)
    bands = pixels.shape[2]
    quantized = quantize(pixels)
    evenness = Evenness(pixels)

    def good(picture: Indexed) -> bool:
        shown = picture.pixels(bands)
        even = evenness.holds(shown, options.quality)
        return even and reference.score(shown) >= options.quality

    if not good(quantized):
        return None
    reducer = Reducer(quantized)
    best = quantized
    sizes = [colours for colours in _PALETTES if colours < reducer.colours]
    while sizes:
        # Scores rise with the colours: half of the palettes left are settled by one of them.
        middle = len(sizes) // 2
        tried = reducer.at(sizes[middle])
        if good(tried):
            best, sizes = tried, sizes[:middle]
        else:
            sizes = sizes[middle + 1 :]
    return _recompressed(_written(best), options)


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
