"""Whether smooth areas stay smooth: the score hardly notices bands in a gradient, the eye does.

A palette turns a gradient into steps. What is measured is how far the mean colour of small blocks
moves where the original has nothing but a gradient or a flat colour; dithering, which keeps the
means, is not held against a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .score import Pixels

_BLOCK = 4
# A block whose pixels differ by no more is part of something smooth.
_SMOOTH = 12
_USUAL, _WORST = 95, 99.5  #: percentiles of the blocks
# What nobody sees at a quality of 80, in levels of 255; judged on gradients side by side.
_USUAL_LIMIT, _WORST_LIMIT = 2.0, 6.0
_FEWEST = 16


class Evenness:
    """The smooth areas of an original."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3, or x 4 with straight alpha."""
        blocks = _blocks(pixels)
        spread = blocks.max((1, 3)) - blocks.min((1, 3))
        self._smooth = spread.max(-1) <= _SMOOTH
        self._means = blocks.mean((1, 3))[self._smooth]

    def holds(self, pixels: Pixels, quality: float) -> bool:
        """Whether `pixels`, of the same shape, are as smooth there; stricter for more quality."""
        if len(self._means) < _FEWEST:
            return True
        moved = np.abs(_blocks(pixels).mean((1, 3))[self._smooth] - self._means).max(-1)
        usual, worst = np.percentile(moved, (_USUAL, _WORST))
        allowed = max(0.5, 1 + (80 - quality) / 20)
        return bool(usual <= _USUAL_LIMIT * allowed and worst <= _WORST_LIMIT * allowed)


def _blocks(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    height, width = (size // _BLOCK * _BLOCK for size in pixels.shape[:2])
    values = pixels[:height, :width].astype(np.float32)
    if values.shape[2] == 4:
        values[..., :3] *= values[..., 3:] / 255
    return values.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK, -1)
