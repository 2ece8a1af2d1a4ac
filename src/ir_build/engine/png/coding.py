"""Pixels as PNG files that hold nothing but a picture, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from io import BytesIO
from typing import TYPE_CHECKING

import deflate
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
    ways: tuple[str, ...]  #: the ways to filter rows; only the one that looks best is coded in full
    #: whether each strip of rows is filtered in the way that suits it
    strips: bool = False


# Ways of oxipng to filter rows. The benchmark's step "every way for icons" says what the longest list saves:
# `python benchmarks FOLDER --worth`. Zopfli is not used. It saved 1 % of the bytes of 21 icons, and next to
# nothing of all PNG files. It took two thirds of the time of icons.
_FEW_WAYS = ("none", "bigrams")
_MANY_WAYS = ("none", "sub", "bigrams", "entropy", "bigent")
# Level 12 takes twice the time of 11 and saves 0.7 % of the bytes. The way `entropy` takes a fourteenth
# more time and saves 0.3 %. Both were measured on 72 PNG files of documentation sites, as they were and
# after lossy coding. docs/effort.md draws what the three efforts come to:
# `python benchmarks FOLDER --curve effort.svg`.
_TRIALS = {
    Effort.FAST: _Trials(10, _FEW_WAYS),
    Effort.DEFAULT: _Trials(11, (*_FEW_WAYS, "entropy")),
    Effort.BEST: _Trials(12, _MANY_WAYS, strips=True),
}
# Up to so many pixels the default effort uses the highest level, too: a limit for the CPU time. More pixels take
# half the time without it, for 0.7 % more bytes (`python benchmarks FOLDER --sweep png.coding:_SMALL 0`).
_SMALL = 300_000
# Pictures of at most so many pixels are coded in every way that there is. So a second run finds nothing
# smaller: icons gain by chance from any other way. Not fitted: 64 x 64 pixels, for which this takes little time.
_TINY = 4_096
# Bytes of rows whose filters are chosen strip by strip. They are held in up to nine ways at once, 580 MB, and
# once more in strips. Not fitted: a worker may use 3 GB by default (`memory_limit`).
_MOST_BYTES = 64_000_000
_INDEXED = 3  # the colour type of a palette (PNG, third edition, 11.2.1)
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # samples a pixel, by colour type (the same section)


class Types(Enum):
    """The colour types that pixels may be stored as."""

    ANY = auto()
    COLOURED = auto()  #: any type that has colour
    SAME = auto()  #: the same type
    FIXED = auto()  #: the same type, the same depth and the same palette


def recompressed(
    bare: bytes, types: Types, effort: Effort | None, max_pixels: int, among: int = 0
) -> bytes:
    """The same pixels in fewer bytes, as one of `types`. Without `effort` they are coded quickly.

    `bare` is a PNG file that holds nothing but a picture, and so is the result. `max_pixels` is the largest
    picture that is decoded. `among` is the number of pixels in all frames of an animation, 0 for a still
    picture. Raises `CorruptFile`.
    """
    width, height = _size(bare)
    pixels = among or width * height
    pack = _PngPacker(types, max_pixels)
    if effort is None:
        return min(bare, pack(bare, _FEW_WAYS, 5), key=len)
    trials = _TRIALS[effort]
    results = [bare]
    if pixels <= _TINY and effort is not Effort.FAST:
        ways = (*filters.QUICK, *filters.SLOW)
        # The colour type that oxipng chooses depends on the level. A higher level may choose a worse one.
        results += [pack(bare, ways, level, each=True) for level in (12, 11)]
    elif trials.strips:
        results += _well_filtered(bare, trials, pack)
    else:
        level = 12 if effort is Effort.DEFAULT and pixels <= _SMALL else trials.level
        results.append(pack(bare, trials.ways, level))
    shortest = min(results, key=len)
    if pixels <= _TINY and shortest[24:26] != bare[24:26]:
        # A new depth or colour type opens other ways. The next run must not find one that this run
        # has not found.
        return recompressed(shortest, types, effort, max_pixels, among)
    return shortest


def _well_filtered(bare: bytes, trials: _Trials, pack: _PngPacker) -> Iterator[bytes]:
    """The picture in the colour type that suits it, with its rows filtered strip by strip."""
    reduced = pack(bare, _FEW_WAYS, filters.LEVEL)
    width, height = _size(reduced)
    if reduced[25] == _INDEXED:
        # The order of the palette matters more than filters. oxipng looks for it at the highest level only.
        reduced = pack(reduced, trials.ways, trials.level)
        yield reduced
    # Each row begins with a byte that names its filter.
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
    """A caller of oxipng. What it returns may be larger than the file before."""

    types: Types
    max_pixels: int

    def __call__(
        self, bare: bytes, ways: tuple[str, ...], level: int, *, each: bool = False
    ) -> bytes:
        """`bare` with its rows filtered in one of `ways`, and deflated by libdeflate's `level`.

        With `each` every way is coded in full. Without it only the one that looks best is. Raises
        `CorruptFile`.
        """
        types = self.types
        try:
            return bytes(
                oxipng.optimize_from_memory(
                    bare,
                    filter=list(ways),
                    deflate=oxipng.Deflaters.libdeflater(level),
                    fast_evaluation=not each,
                    force=True,
                    interlace=oxipng.Interlacing.off,
                    palette_reduction=types is not Types.FIXED,
                    color_type_reduction=types in (Types.ANY, Types.COLOURED),
                    grayscale_reduction=types is Types.ANY,
                    # A browser computes colours in as many bits as the file has. Fewer bits would be
                    # other colours.
                    bit_depth_reduction=types is Types.ANY
                    or (types is not Types.FIXED and bare[24] < 16),
                    # Colours under full transparency stay. Somebody may look at them with another
                    # alpha.
                    optimize_alpha=False,
                    # The largest picture has 4 samples of 16 bits a pixel and a byte a row.
                    max_decompressed_size=self.max_pixels * 9,
                )
            )
        except oxipng.PngError as error:
            raise CorruptFile(f"cannot be decoded: {error}") from error


def _size(bare: bytes) -> tuple[int, int]:
    return int.from_bytes(bare[16:20], "big"), int.from_bytes(bare[20:24], "big")


def deflated(bare: bytes) -> bytes:
    """The rows of the PNG file `bare` as they are stored: zlib data."""
    return png_chunks.content(bare, b"IDAT")


def indexed(picture: Indexed) -> bytes:
    """A picture of indices as a PNG file, coded quickly."""
    image = Image.fromarray(picture.indices, "P")
    image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    alpha = picture.palette[:, 3]
    buffer = BytesIO()
    transparency = {"transparency": alpha.tobytes()} if (alpha < 255).any() else {}
    image.save(buffer, "PNG", compress_level=1, **transparency)
    return png_file.bare(png_file.parse(buffer.getvalue()))


def coded(pixels: Pixels) -> bytes:
    """Pixels, height x width x 3 or 4, as a PNG file, coded quickly."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decoded(bare: bytes) -> Pixels:
    """The picture in the PNG file `bare` as height x width x 3, or x 4 if a pixel is transparent.

    Samples of 16 bits are rounded to 8. Raises `CorruptFile`.
    """
    image = _in_8_bits(bare) if bare[24] == 16 else raster.decode(bare, "PNG")
    rgba = image.convert("RGBA") if image.has_transparency_data else image
    return raster.pixels(image.convert("RGB") if raster.opaque(rgba) else rgba)


def _in_8_bits(bare: bytes) -> Image.Image:
    # Pillow would cut off the lower half of each sample.
    try:
        image = pyvips.Image.new_from_buffer(bare, "", fail_on="error")
        return Image.fromarray((image / 257).rint().cast("uchar").numpy())
    except pyvips.Error as error:
        raise CorruptFile("cannot be decoded") from error


def resized(bare: bytes, size: tuple[int, int]) -> bytes:
    """The picture with another width and height, of 8 bits a sample, coded quickly. Grey stays grey."""
    small = raster.resized(Image.fromarray(decoded(bare)), size)
    if bare[25] in (0, 4):
        small = small.convert("LA" if small.mode == "RGBA" else "L")
    buffer = BytesIO()
    small.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
