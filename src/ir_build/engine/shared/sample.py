"""A few squares from all over a picture stand for all of it while settings are searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...quality import Pixels

#: pixels along the side of a square: whole blocks and tiles
_SQUARE = 96


def sample(pixels: Pixels, size: int) -> Pixels:
    """Squares from all over `pixels`, side by side, of about `size` pixels in all."""
    step = _SQUARE * max(1, round((pixels.shape[0] * pixels.shape[1] / size) ** 0.5))
    for axis in (0, 1):
        starts = range(0, max(1, pixels.shape[axis] - _SQUARE + 1), step)
        squares = [
            pixels[at : at + _SQUARE] if axis == 0 else pixels[:, at : at + _SQUARE]
            for at in starts
        ]
        pixels = np.concatenate(squares, axis)
    return pixels
