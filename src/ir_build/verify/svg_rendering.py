"""How alike two SVGs are drawn, by librsvg."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyvips

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pixels of the longer side at which drawings are compared.
_RENDERED = 600
# Drawn sizes beyond this are not what a page shows.
_LARGEST_SCALE = 64.0

# For each of these librsvg draws on a canvas of its own, as large as the picture.
_LAYER = re.compile(rb"""\s(?:filter|mask)\s*=\s*("[^"]*"|'[^']*')""")
_MANY_LAYERS = 8
# Of more than these the canvases are shrunk, down to a quarter of the size.
_LAYERS_AT_HALF_SIZE = 16


@dataclass(frozen=True, slots=True)
class _Drawn:
    size: tuple[int, int]
    pixels: bytes  #: RGBA


def difference(original: bytes, candidate: bytes, *, lossless: bool) -> str:
    """What differs between the two as drawn, empty for nothing that can be seen."""
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
    # Most drawings are equal, and what the comparison imports takes longer than most drawings.
    from .svg_comparison import alike  # noqa: PLC0415

    return alike(before.size, before.pixels, after.pixels, lossless=lossless)


def _looks(original: bytes, candidate: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Pairs to be compared, and the size of their longer side.

    Where there are many layers, what is in them is compared at full size as if there were none,
    and the whole at half of it or less: time goes by the pixels of all layers.
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
