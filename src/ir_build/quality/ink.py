"""What stands on plain ground: thin letters, lines and icons.

Such things are called ink here. Strokes of one or two pixels are no place of one colour, because hardly two
neighbouring pixels have the same colour. The mean of a square shows little of them, because most of the square
is ground. So the ground is left out here. A pixel counts by how far it is from the ground, and the mean of these
pixels may not move.

This is for thin grey letters that turn greenish. Some had moved by 2.6 CIEDE2000 in the mean of their square, and
by 6.5 without the ground (docs/formats.md, "Places"). `python benchmarks --places docs/places` draws "Thin
letters" of docs/places.md again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import ciede2000
from .damage import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from . import Pixels

# A pixel is ground if no band differs from the median of the tile by more levels than `_GROUND`. A pixel is ink
# if a band differs from it by at least `_INK` levels. Pixels between these are shades, or the noise of JPEG. Not
# fitted: 12 PNG files of documentation sites came to 0.1 % more bytes with 32, and to the same with 56
# (`python benchmarks FOLDER --sweep .quality.ink:_INK 32 56`).
_GROUND, _INK = 16, 40
# A screen reflects the light of the room: 1 % of white (IEC 61966-2-1). This is its level in sRGB. Without it
# CIEDE2000 finds large differences between tints of black, which nobody sees.
_GLARE = 25
# At least this share of a tile is ground. Not fitted: the median is a colour of the ground only if half of the
# tile is ground.
_PLAIN = 0.5


class Ink:
    """The ink of some tiles of an original: of those that have ink on plain ground."""

    def __init__(self, tiles: Pixels, least: int) -> None:
        """Take `tiles`, n x 16 x 16 x 3 in sRGB. Tiles with less ink than `least` pixels are left out."""
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
        #: the indices of the tiles that have ink
        self.tiles = np.flatnonzero(plain & (pixels >= least))
        #: how much ink each has, in pixels; a pixel counts in full if it is farthest from the ground
        self.pixels = pixels[self.tiles]
        self._weights = weights[self.tiles]
        self._means = self._mean(tiles)

    def moved(self, tiles: Pixels) -> NDArray[np.float64]:
        """How far the mean of the ink moved in each tile that has ink, in CIEDE2000.

        `tiles` are those of the changed picture, n x 16 x 16 x 3, as many as the original has.
        """
        return ciede2000.distance(self._means, self._mean(tiles))

    def _mean(self, tiles: Pixels) -> NDArray[np.float32]:
        # The sums are exact in any order, because 256 products of two bytes are below 2 ** 24.
        weights = self._weights.astype(np.float32)
        pixels = tiles[self.tiles].reshape(-1, TILE**2, 3)
        sums = weights[:, None] @ pixels.astype(np.float32)
        means = sums[:, 0] / weights.sum(1)[:, None]
        return np.asarray(np.sqrt(means * means + np.float32(_GLARE**2)))
