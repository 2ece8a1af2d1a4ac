"""What is said of places that changed: which tiles of a picture they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from . import Pixels

#: pixels along a side of a tile
TILE = 16


@dataclass(frozen=True, slots=True)
class Damage:
    """What changed too much, by tiles of 16 x 16 pixels."""

    #: rows x columns of tiles: where a colour moved
    moved: NDArray[np.bool_]
    #: the same: where a gradient has steps
    stepped: NDArray[np.bool_]
    #: the first of it, in words; empty when all places hold
    detail: str

    def __bool__(self) -> bool:
        return bool(self.detail)

    def within(self, rows: slice) -> bool:
        """Whether any of it is in these rows of pixels."""
        tiles = slice(rows.start // TILE, -(-rows.stop // TILE))
        return bool(self.moved[tiles].any() or self.stepped[tiles].any())

    def pixels(self, tiles: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """The pixels of some tiles of a picture."""
        return np.repeat(np.repeat(tiles, TILE, 0), TILE, 1)[: shape[0], : shape[1]]


def tolerance(quality: float) -> float:
    """What limits are multiplied by: 1 at a quality of 80, less above, more below."""
    return max(0.5, 1 + (80 - quality) / 20)


class Finding:
    """Collects what is found in the strips of one pair of pictures."""

    def __init__(self, shape: tuple[int, ...], scale: float, *, first: bool) -> None:
        tiles = (-(-shape[0] // TILE), -(-shape[1] // TILE))
        self.moved, self.stepped = np.zeros(tiles, np.bool_), np.zeros(tiles, np.bool_)
        self.scale = scale
        self.detail = ""
        self._first = first

    @property
    def over(self) -> bool:
        """Whether what is asked for is known."""
        return self._first and bool(self.detail)

    def tell(self, what: str, x: int, y: int, pixels: int, by: float) -> None:
        """Keep the first detail."""
        self.detail = self.detail or f"{what} at {x}, {y} ({pixels} pixels, by {by:.1f})"


def means(pixels: Pixels, side: int) -> NDArray[np.float64]:
    """The mean colours of squares of `side` x `side`, rows x columns x 3, whole ones only."""
    height, width = (size // side * side for size in pixels.shape[:2])
    if not height or not width:
        return np.zeros((0, 0, 3))
    rows = pixels[:height, :width].reshape(height // side, side, -1, 3)
    down = rows.sum(1, dtype=np.uint16)
    across = down.reshape(len(down), -1, side, 3).sum(2, dtype=np.uint32)
    return np.asarray(across / side**2)
