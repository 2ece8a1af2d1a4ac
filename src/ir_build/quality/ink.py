"""What stands on plain ground: thin letters, lines and icons.

Strokes of one or two pixels are no place of one colour, because hardly two pixels beside each other have the
same. The mean of a square shows little of them, because most of it is ground. Here the ground is left out.
A pixel counts by how far it is from the ground, and the mean of these pixels may not move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import ciede2000
from .damage import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from . import Pixels

# Ground differs from its median by the first number of levels of a band at most. Ink differs from it by the
# second at least. Between them are shades, and the noise of JPEG.
_GROUND, _INK = 16, 40
# The level of the light of a room that a screen reflects: 1 % of white, as sRGB has it (IEC 61966-2-1).
# Without it CIEDE2000 finds large differences between tints of black, which nobody sees.
_GLARE = 25
# The share of a tile that is ground, at least.
_PLAIN = 0.5


class Ink:
    """The ink of some tiles of an original, those that have it on plain ground."""

    def __init__(self, tiles: Pixels, least: int) -> None:
        """Take `tiles`, n x 16 x 16 x 3 in sRGB; `least` is the least ink to look at, in pixels."""
        bands = np.ascontiguousarray(tiles.reshape(-1, TILE**2, 3).swapaxes(1, 2))
        # A quarter of the pixels shows the ground. numpy partitions 16 bits quickly, and 8 bits slowly.
        some = bands[..., 1::4].astype(np.uint16)
        middle = some.shape[2] // 2
        ground = np.partition(some, middle, 2)[..., middle, None].astype(np.uint8)
        apart = np.maximum(bands, ground)
        apart -= np.minimum(bands, ground)
        weights = apart.max(1)
        plain = np.count_nonzero(weights <= _GROUND, 1) >= _PLAIN * TILE**2
        weights[weights < _INK] = 0
        pixels = weights.sum(1, dtype=np.int64) / np.maximum(1, weights.max(1))
        #: which of the tiles these are
        self.tiles = np.flatnonzero(plain & (pixels >= least))
        #: how much ink each has: as many pixels as those farthest from the ground
        self.pixels = pixels[self.tiles]
        self._weights = weights[self.tiles]
        self._means = self._mean(tiles)

    def moved(self, tiles: Pixels) -> NDArray[np.float64]:
        """CIEDE2000 by which the mean of each ink is off in `tiles`, as many as in the original."""
        return ciede2000.distance(self._means, self._mean(tiles))

    def _mean(self, tiles: Pixels) -> NDArray[np.float32]:
        # The sums are exact in any order, because 256 products of two bytes are below 2 ** 24.
        weights = self._weights.astype(np.float32)
        pixels = tiles[self.tiles].reshape(-1, TILE**2, 3)
        sums = weights[:, None] @ pixels.astype(np.float32)
        means = sums[:, 0] / weights.sum(1)[:, None]
        return np.asarray(np.sqrt(means * means + np.float32(_GLARE**2)))
