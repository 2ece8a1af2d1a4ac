"""How similar two SVGs look when librsvg draws them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyvips

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pixels of the longer side of the drawings that are compared. Not fitted: it is about the width of the text on a
# page of documentation, which a drawing there fills.
_RENDERED = 600
# A drawing is enlarged no more than this. Not fitted: no page shows it larger.
_LARGEST_SCALE = 64.0

# librsvg draws on a separate canvas for each of these. The canvas is as large as the drawing.
_LAYER = re.compile(rb"""\s(?:filter|mask)\s*=\s*("[^"]*"|'[^']*')""")
# A drawing with more layers than this is also compared without its layers. With more than `_LAYERS_AT_HALF_SIZE`
# layers the canvases get smaller than half the size, down to a quarter. Not fitted: limits of work, counted and
# not timed.
_MANY_LAYERS = 8
_LAYERS_AT_HALF_SIZE = 16
# At least this share of the original's contrast has to be found again in every tile (`similarity`). Not fitted: it
# is far stricter than what `similarity` asks of a photo.
_STRUCTURE = 0.95
# How much the mean colour of a block of 8 x 8 pixels may differ, in levels of 255, and the lowest peak
# signal-to-noise ratio over all channels, in decibels. The second pair is for rounded coordinates, which move edges
# by small fractions of a pixel. Nothing else may move. A principle: a straight edge between black and white moves
# the mean of its block by one level if it moves by a thirty-second of a pixel, and by 8 levels for a quarter.
_SAME, _ROUNDED = (1, 55), (8, 38)


@dataclass(frozen=True, slots=True)
class _Drawn:
    size: tuple[int, int]
    pixels: bytes  #: RGBA


def difference(original: bytes, candidate: bytes, *, lossless: bool) -> str:
    """What differs between two SVG files when they are drawn, in words; empty if nobody sees a difference.

    `lossless` allows only differences of rounding.
    """
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
        if before.pixels != after.pixels and not _alike(before, after, lossless=lossless):
            return "it is drawn differently"
    return ""


def _alike(before: _Drawn, after: _Drawn, *, lossless: bool) -> bool:
    """Whether nobody sees a difference between two drawings."""
    # These imports take longer than most drawings, and most drawings are equal.
    from PIL import Image  # noqa: PLC0415

    from .similarity import SimilarityMeasure, strips  # noqa: PLC0415

    block, psnr = _SAME if lossless else _ROUNDED
    measure = SimilarityMeasure()
    for one, other in strips(
        *(
            Image.frombytes("RGBA", drawn.size, drawn.pixels).convert("RGBa")
            for drawn in (before, after)
        )
    ):
        measure.add(one, other)
    found = measure.similarity()
    return found.worst_block <= block and found.psnr >= psnr and found.worst_structure >= _STRUCTURE


def _looks(original: bytes, candidate: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Pairs of files to compare, and the pixels of their longer side.

    The time depends on the pixels of all layers. So a drawing with many layers is compared twice: at full size
    without its layers, and at half the size or less with them.
    """
    layers = len(_LAYER.findall(original))
    if layers <= _MANY_LAYERS:
        yield original, candidate, _RENDERED
    else:
        yield _LAYER.sub(b"", original), _LAYER.sub(b"", candidate), _RENDERED
        reduced = 2 * math.sqrt(max(1, layers / _LAYERS_AT_HALF_SIZE))
        yield original, candidate, round(_RENDERED / min(4, reduced))


def _scale(data: bytes, size: int) -> float:
    drawing = pyvips.Image.svgload_buffer(data)
    scale: float = min(_LARGEST_SCALE, size / max(drawing.width, drawing.height))
    return scale


def _drawn(data: bytes, scale: float) -> _Drawn:
    drawn = pyvips.Image.svgload_buffer(data, scale=scale)
    return _Drawn((drawn.width, drawn.height), bytes(drawn.write_to_memory()))
