"""How smooth a picture is around each pixel. An error is seen first on smooth ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from . import Pixels


def activity(pixels: Pixels) -> Pixels:
    """How much the 3 x 3 pixels around each pixel differ: the largest difference in any band, 0 to 255.

    `pixels` are height x width x bands. The result is height x width.
    """
    spread = _around(pixels, np.maximum)
    spread -= _around(pixels, np.minimum)
    largest = spread[..., 0]
    for band in range(1, spread.shape[2]):
        largest = np.maximum(largest, spread[..., band])
    return largest


def _around(pixels: Pixels, choose: np.ufunc) -> Pixels:
    across = np.pad(pixels, ((0, 0), (1, 1), (0, 0)), "edge")
    chosen = choose(choose(across[:, :-2], across[:, 1:-1]), across[:, 2:])
    down = np.pad(chosen, ((1, 1), (0, 0), (0, 0)), "edge")
    return np.asarray(choose(choose(down[:-2], down[1:-1]), down[2:]))
