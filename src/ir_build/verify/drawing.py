"""How alike two SVGs are drawn, by librsvg."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pyvips
from PIL import Image, ImageChops, ImageMath

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pixels of the longer side at which drawings are compared.
_RENDERED = 600
# Drawn sizes beyond this are not what a page shows.
_LARGEST_SCALE = 64.0

# For each of these librsvg draws on a canvas of its own, as large as the picture.
_LAYER = re.compile(rb"""\s(?:filter|mask)\s*=\s*("[^"]*"|'[^']*')""")
_MANY_LAYERS = 8

_BLOCK, _TILE = 8, 64  # pixels, as in `likeness`
# Structure is 1 less the squares of the differences by the contrast and 58.5, see `likeness`: where
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


@dataclass(frozen=True, slots=True)
class _Drawn:
    size: tuple[int, int]
    pixels: bytes

    def image(self) -> Image.Image:
        return Image.frombytes("RGBA", self.size, self.pixels).convert("RGBa")


def difference(original: bytes, candidate: bytes, *, lossless: bool) -> str:
    """What differs between the two as drawn, empty for nothing that can be seen."""
    limits = _SAME if lossless else _ROUNDED
    for one, other, size in _looks(original, candidate):
        try:
            scale = _scale(one, size)
            before = _drawn(one, scale)
        except pyvips.Error:
            continue
        try:
            after = _drawn(other, scale)
        except pyvips.Error:
            return "it cannot be drawn any more"
        if before.size != after.size:
            return f"drawn at {after.size} instead of {before.size}"
        if before.pixels != after.pixels and not _alike(before.image(), after.image(), limits):
            return "it is drawn differently"
    return ""


def _looks(original: bytes, candidate: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Pairs to be compared, and the size of their longer side.

    Where there are many layers, what is in them is compared at full size as if there were none,
    and the whole at half of it: time goes by the pixels of all layers.
    """
    if len(_LAYER.findall(original)) <= _MANY_LAYERS:
        yield original, candidate, _RENDERED
    else:
        yield _LAYER.sub(b"", original), _LAYER.sub(b"", candidate), _RENDERED
        yield original, candidate, _RENDERED // 2


def _scale(data: bytes, size: int) -> float:
    drawing = pyvips.Image.svgload_buffer(data)
    scale: float = min(_LARGEST_SCALE, size / max(drawing.width, drawing.height))
    return scale


def _drawn(data: bytes, scale: float) -> _Drawn:
    drawn = pyvips.Image.svgload_buffer(data, scale=scale)
    return _Drawn((drawn.width, drawn.height), bytes(drawn.write_to_memory()))


def _alike(before: Image.Image, after: Image.Image, limits: _Limits) -> bool:
    return _clearly_alike(before, after, limits) or _measured_alike(before, after, limits)


def _measured_alike(before: Image.Image, after: Image.Image, limits: _Limits) -> bool:
    from .likeness import Measure, strips  # noqa: PLC0415  (numpy takes longer than most drawings)

    measure = Measure()
    for one, other in strips(before, after):
        measure.add(one, other)
    found = measure.likeness()
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
    # No more of the edges than `likeness` looks at.
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
