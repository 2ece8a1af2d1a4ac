"""Where places changed too much: in which tiles of a picture, and what happened there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import TypeVar

    from numpy.typing import NDArray

    _Values = TypeVar("_Values", np.uint8, np.bool_)

#: pixels along a side of a tile: two squares of 8 x 8; not fitted, as limits count pixels and not tiles
TILE = 16


@dataclass(frozen=True, slots=True)
class Damage:
    """The tiles of 16 x 16 pixels in which something changed too much."""

    #: the tiles where a colour moved: rows x columns
    moved: NDArray[np.bool_]
    #: the tiles where a gradient has steps: rows x columns
    stepped: NDArray[np.bool_]
    #: the first change in words; empty when all places hold
    detail: str

    def __bool__(self) -> bool:
        return bool(self.detail)

    @property
    def tiles(self) -> NDArray[np.bool_]:
        """The tiles with any change: rows x columns."""
        return self.moved | self.stepped

    def within(self, top: int, rows: int, columns: int) -> NDArray[np.bool_]:
        """Which cells have any change, in the row of cells that begins `top` pixels down.

        A cell has `rows` x `columns` pixels.
        """
        tiles = np.any(self.tiles[top // TILE : (top + rows) // TILE], axis=0)
        return np.asarray(np.logical_or.reduceat(tiles, range(0, len(tiles), columns // TILE)))

    @staticmethod
    def spread(tiles: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """The pixels of `tiles`, rows x columns, in a picture of `shape`: height x width."""
        return np.repeat(np.repeat(tiles, TILE, 0), TILE, 1)[: shape[0], : shape[1]]


def tiles_of(pixels: NDArray[_Values]) -> NDArray[_Values]:
    """`pixels`, height x width or x 3, in tiles: rows x columns x 16 x 16, or x 3.

    Tiles are filled with 0 beyond the right and the lower edge.
    """
    height, width = pixels.shape[:2]
    if height % TILE or width % TILE:
        beyond = [(0, -height % TILE), (0, -width % TILE), (0, 0)]
        pixels = np.pad(pixels, beyond[: pixels.ndim])
    rows = pixels.reshape(-(-height // TILE), TILE, -(-width // TILE), TILE, *pixels.shape[2:])
    return rows.swapaxes(1, 2)


def tolerance(quality: float) -> float:
    """What limits are multiplied by: 1 at a quality of 80, 0.5 from 90 on, and more below 80.

    The limits were chosen at 80. Nobody tells two pictures apart in a flicker test at 90.
    """
    return max(0.5, 1 + (80 - quality) / 20)


def limits(
    counts: NDArray[np.integer | np.floating], areas: tuple[tuple[int, float], ...]
) -> NDArray[np.float64]:
    """How far the mean of each place may move, n values.

    `counts` are the pixels of n places. `areas` are numbers of pixels from which on a limit holds, and limits.
    """
    found = np.full(len(counts), areas[0][1])
    for least, limit in areas[1:]:
        found[counts >= least] = limit
    return found


class Finding:
    """Collects what is found in the parts of one pair of pictures.

    `shape` is height x width of the pictures, and `scale` multiplies the limits. `first` says that the first
    change is enough.
    """

    def __init__(self, shape: tuple[int, ...], scale: float, *, first: bool) -> None:
        self.shape = shape
        tiles = (-(-shape[0] // TILE), -(-shape[1] // TILE))
        self.moved, self.stepped = np.zeros(tiles, np.bool_), np.zeros(tiles, np.bool_)
        self.scale = scale
        self._detail = ""
        self._first = first

    @property
    def over(self) -> bool:
        """Whether enough is known: there is a change, and only the first one was asked for."""
        return self._first and bool(self._detail)

    def tell(self, what: str, x: int, y: int, pixels: int, by: float) -> None:
        """Note a change, of which the first is kept: `what` moved `by` so much over `pixels` at `x`, `y`."""
        self._detail = self._detail or f"{what} at {x}, {y} ({pixels} pixels, by {by:.1f})"

    def damage(self) -> Damage:
        """What was found."""
        return Damage(self.moved, self.stepped, self._detail)
