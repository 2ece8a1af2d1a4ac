"""A sample of a picture: squares from all over it, for a search of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...quality import Pixels

#: Pixels along the side of a square. It is six tiles of `quality.damage.TILE`, so that places are looked at as
#: in the whole picture. Not fitted: whatever a sample says, the whole picture is judged at the end.
_SQUARE = 96


def sample(pixels: Pixels, size: int) -> Pixels:
    """Squares from all over `pixels`, height x width x bands, side by side. They have about `size` pixels."""
    step = _SQUARE * max(1, round((pixels.shape[0] * pixels.shape[1] / size) ** 0.5))
    for axis in (0, 1):
        starts = range(0, max(1, pixels.shape[axis] - _SQUARE + 1), step)
        squares = [
            pixels[at : at + _SQUARE] if axis == 0 else pixels[:, at : at + _SQUARE]
            for at in starts
        ]
        pixels = np.concatenate(squares, axis)
    return pixels
