"""Whether two drawings of the same size look the same although their pixels differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from PIL import Image, ImageChops, ImageMath

_BLOCK, _TILE = 8, 64  # pixels, as in `similarity`
# Structure is 1 less the squares of the differences by the contrast and 58.5, see `similarity`: where
# they are less than a twentieth of the latter alone it is more than 0.95.
_STRUCTURE = 0.95
_NO_STRUCTURE = 0.045 * 58.5


@dataclass(frozen=True, slots=True)
class _Limits:
    """How much two drawings may differ where it cannot be seen."""

    #: difference of a block's mean colour, levels of 255
    block: float
    #: peak signal-to-noise ratio over all channels, decibels
    psnr: float


_SAME = _Limits(block=1, psnr=55)
# Where coordinates are rounded, edges move by small fractions of a pixel; nothing else may.
_ROUNDED = _Limits(block=8, psnr=38)


def alike(size: tuple[int, int], before: bytes, after: bytes, *, lossless: bool) -> bool:
    """Whether two RGBA drawings differ by no more than cannot be seen."""
    limits = _SAME if lossless else _ROUNDED
    one, other = (Image.frombytes("RGBA", size, data).convert("RGBa") for data in (before, after))
    return _clearly_alike(one, other, limits) or _measured_alike(one, other, limits)


def _measured_alike(before: Image.Image, after: Image.Image, limits: _Limits) -> bool:
    from .similarity import SimilarityMeasure, strips  # noqa: PLC0415  (numpy takes longer than most drawings)

    measure = SimilarityMeasure()
    for one, other in strips(before, after):
        measure.add(one, other)
    found = measure.similarity()
    return (
        found.worst_block <= limits.block
        and found.psnr >= limits.psnr
        and found.worst_structure >= _STRUCTURE
    )


def _clearly_alike(before: Image.Image, after: Image.Image, limits: _Limits) -> bool:
    """Whether the differences alone, small as they are, keep within all limits."""
    width, height = before.size
    if min(width, height) < _BLOCK:
        return False
    blocks = ImageChops.difference(before.reduce(_BLOCK), after.reduce(_BLOCK))
    bands = cast("tuple[tuple[float, float], ...]", blocks.getextrema())
    if max(high for _, high in bands) > limits.block:
        return False
    counts = ImageChops.difference(before, after).histogram()
    squares = sum(count * (level % 256) ** 2 for level, count in enumerate(counts))
    if squares / (4 * width * height) > 255**2 / 10 ** (limits.psnr / 10):
        return False
    # No more of the edges than `similarity` looks at.
    whole = (0, 0, width // _BLOCK * _BLOCK, height // _BLOCK * _BLOCK)
    for one, other in zip(_planes(before), _planes(after), strict=True):
        changed = ImageChops.difference(one, other).crop(whole).convert("F")
        squared = ImageMath.lambda_eval(lambda of: of["d"] * of["d"], d=changed)
        if squared.reduce(_TILE).getextrema()[1] > _NO_STRUCTURE:
            return False
    return True


def _planes(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    red, green, blue, alpha = image.split()
    return Image.merge("RGB", (red, green, blue)).convert("L"), alpha
