"""Pictures to PNG files that hold nothing else, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from io import BytesIO
from typing import TYPE_CHECKING

import deflate
import numpy as np
import oxipng
import pyvips
from PIL import Image

from ...containers import png_chunks
from ...errors import CorruptFile
from ...options import Effort
from ..shared import raster
from . import file as png_file
from . import filters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...quality import Pixels
    from ..shared.drawing import Indexed


@dataclass(frozen=True, slots=True)
class _Trials:
    """What is tried to make a file smaller."""

    level: int  #: of libdeflate, 1 to 12
    ways: tuple[str, ...]  #: to filter rows, of which the one that looks best is coded in full
    #: the same for pictures of no more pixels than `_SMALL`
    small_level: int
    small_ways: tuple[str, ...]
    #: whether rows are filtered strip by strip in whichever way suits each
    strips: bool = False
    #: zopfli is slow, so it is for pictures of no more pixels: one of 166 x 166 took six seconds
    #: more for 34 bytes
    zopfli_pixels: int = 0


_FEW_WAYS = ("none", "bigrams")
_MANY_WAYS = ("none", "sub", "bigrams", "entropy", "bigent")
_ZOPFLI_ROUNDS = 15
# Level 12 takes twice the time of 11 for 0.7 % of the bytes, entropy a fourteenth more for 0.3 %
# (72 files of documentation sites, found and made by lossy coding).
_TRIALS = {
    Effort.FAST: _Trials(10, _FEW_WAYS, 10, _FEW_WAYS),
    Effort.DEFAULT: _Trials(11, (*_FEW_WAYS, "entropy"), 12, _MANY_WAYS, zopfli_pixels=16_384),
    Effort.BEST: _Trials(12, _MANY_WAYS, 12, _MANY_WAYS, strips=True, zopfli_pixels=16_384),
}
_SMALL = 300_000
# Pictures of so few pixels are coded in every way that there is.
_TINY = 4_096
# Bytes of a picture up to which it is held in several ways of filtering at once.
_MOST_BYTES = 64_000_000
_INDEXED = 3
_ZOPFLI_WAYS = ("none", "sub", "bigent", "brute")
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by colour type


class Types(Enum):
    """The colour types that pixels may be stored as, if they can."""

    ANY = auto()
    COLOURED = auto()  #: of those with colour, any
    SAME = auto()
    FIXED = auto()  #: the same, of the same depth, with the same palette


def recompressed(
    bare: bytes, types: Types, effort: Effort | None, max_pixels: int, among: int = 0
) -> bytes:
    """The same pixels in fewer bytes, as one of `types`; without `effort` a first guess.

    `among` is how many pixels there are in all pictures that are coded like this one.
    """
    width, height = _size(bare)
    pixels = among or width * height
    pack = _PngPacker(types, max_pixels)
    if effort is None:
        return min(bare, pack(bare, _FEW_WAYS, 5), key=len)
    trials = _TRIALS[effort]
    results = [bare]
    if pixels <= _TINY and effort is not Effort.FAST:
        # Which colour type is chosen depends on the level, and not always for the better.
        levels = (trials.small_level, trials.small_level - 1)
        ways = (*filters.QUICK, *filters.SLOW)
        results += [pack(bare, ways, level, each=True) for level in levels]
    elif trials.strips:
        results += _well_filtered(bare, trials, pack)
    elif pixels <= _SMALL:
        results.append(pack(bare, trials.small_ways, trials.small_level))
    else:
        results.append(pack(bare, trials.ways, trials.level))
    if pixels <= trials.zopfli_pixels:
        results.append(pack(bare, _ZOPFLI_WAYS, None))
    shortest = min(results, key=len)
    if pixels <= _TINY and shortest[24:26] != bare[24:26]:
        # From another depth or colour type other ways lead on, and the next run would take them.
        return recompressed(shortest, types, effort, max_pixels, among)
    return shortest


def _well_filtered(bare: bytes, trials: _Trials, pack: _PngPacker) -> Iterator[bytes]:
    """The picture in the colour type that suits it, its rows filtered in the ways that do."""
    reduced = pack(bare, _FEW_WAYS, filters.LEVEL)
    width, height = _size(reduced)
    if reduced[25] == _INDEXED:
        # The order of the palette matters more, and is looked for at the highest level only.
        reduced = pack(reduced, trials.ways, trials.level)
        yield reduced
    # Each row begins with a byte that says how it is filtered.
    size = height * (1 + -(-width * _SAMPLES[reduced[25]] * reduced[24] // 8))
    if size > _MOST_BYTES:
        yield pack(reduced, (*filters.QUICK, *filters.SLOW), trials.level)
        return
    same = replace(pack, types=Types.FIXED)

    def filtered(way: str) -> tuple[bytes, int]:
        data = deflated(same(reduced, (way,), filters.LEVEL))
        return bytes(deflate.zlib_decompress(data, size)), len(data)

    for rows in filters.streams(filtered, height):
        yield png_file.with_data(reduced, bytes(deflate.zlib_compress(rows, trials.level)))


@dataclass(frozen=True, slots=True)
class _PngPacker:
    """What oxipng makes of pictures, smaller than before or not."""

    types: Types
    max_pixels: int

    def __call__(
        self, bare: bytes, ways: tuple[str, ...], level: int | None, *, each: bool = False
    ) -> bytes:
        """`bare` with its rows filtered in one of `ways`, by libdeflate's `level` or by zopfli.

        With `each` every way is coded in full, else only the one that looks best.
        """
        types = self.types
        try:
            return bytes(
                oxipng.optimize_from_memory(
                    bare,
                    filter=list(ways),
                    deflate=oxipng.Deflaters.libdeflater(level)
                    if level
                    else oxipng.Deflaters.zopfli(_ZOPFLI_ROUNDS),
                    fast_evaluation=not each,
                    force=True,
                    interlace=oxipng.Interlacing.off,
                    palette_reduction=types is not Types.FIXED,
                    color_type_reduction=types in (Types.ANY, Types.COLOURED),
                    grayscale_reduction=types is Types.ANY,
                    # Browsers compute other colours in as many bits as they find.
                    bit_depth_reduction=types is Types.ANY
                    or (types is not Types.FIXED and bare[24] < 16),
                    # Colour under full transparency stays: somebody may look at it with another
                    # alpha.
                    optimize_alpha=False,
                    # 16 bits, with a filter byte a row, are the most a picture inflates to.
                    max_decompressed_size=self.max_pixels * 9,
                )
            )
        except oxipng.PngError as error:
            raise CorruptFile(f"cannot be decoded: {error}") from error


def _size(bare: bytes) -> tuple[int, int]:
    return int.from_bytes(bare[16:20], "big"), int.from_bytes(bare[20:24], "big")


def deflated(bare: bytes) -> bytes:
    """The rows of a picture as they are stored."""
    return png_chunks.content(bare, b"IDAT")


def indexed(picture: Indexed) -> bytes:
    """A picture of indices as a file, coded in a hurry."""
    image = Image.fromarray(picture.indices, "P")
    image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    alpha = picture.palette[:, 3]
    buffer = BytesIO()
    transparency = {"transparency": alpha.tobytes()} if (alpha < 255).any() else {}
    image.save(buffer, "PNG", compress_level=1, **transparency)
    return png_file.bare(png_file.parse(buffer.getvalue()))


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
