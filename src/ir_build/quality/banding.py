"""Whether small areas keep their colour: what the score hardly notices and the eye does.

A palette turns a gradient into steps, and a rare colour into another. What is measured is how far
the mean colour of small blocks moves: not at all far where the original has nothing but a gradient
or a flat colour, and nowhere by much. Where a gradient is wide, its steps are, and the eye sees
fainter ones: there the means of larger blocks must move even less. Dithering, which keeps the means,
is not held against a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from . import Pixels

    Values = npt.NDArray[np.float32]

_BLOCK = 4
# A block whose pixels differ by no more is part of something smooth.
_SMOOTH = 12
_USUAL, _WORST = 95, 99.5  #: percentiles of the blocks
# What nobody sees at a quality of 80, in levels of 255; seen on gradients side by side.
_USUAL_LIMIT, _WORST_LIMIT = 2.0, 6.0
# Blocks along a side of what is wide, and the same for these.
_WIDE, _WIDE_LIMIT = 4, 1.0
# Anywhere: so far apart nobody takes a colour for another, not even at the edge of the picture.
_FARTHEST_LIMIT = 24.0
# How much a difference of red, green and blue counts.
_EYE = np.array([0.8, 1.0, 0.6], np.float32)
_FEWEST = 16


class BandingCheck:
    """The small areas of an original."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3, or x 4 with straight alpha."""
        blocks = _blocks(pixels)
        # Each axis by itself: several times faster than both at once.
        spread = blocks.max(1).max(2) - blocks.min(1).min(2)
        self._smooth = spread.max(-1) <= _SMOOTH
        # A picture may be flat all over but for one shadow: what is flat does not hide its bands.
        self._shaded = self._smooth & (spread.max(-1) > 0)
        self._means = _means(blocks)
        # The blocks of a slow gradient are of one colour each.
        squares = _squares(self._means)
        graded = (squares.max(1).max(2) > squares.min(1).min(2)).any(-1)
        self._wide = graded & _squares(self._smooth).all((1, 3))

    def holds(self, pixels: Pixels, quality: float) -> bool:
        """Whether `pixels`, of the same shape, keep to it; stricter for more quality."""
        change = _means(_blocks(pixels)) - self._means
        moved = _distance(change)
        allowed = max(0.5, 1 + (80 - quality) / 20)
        if moved.max(initial=0) > _FARTHEST_LIMIT * allowed:
            return False
        kept = (
            (moved, self._shaded, _USUAL, _USUAL_LIMIT),
            (moved, self._smooth, _WORST, _WORST_LIMIT),
            (_distance(_squares(change).mean((1, 3))), self._wide, _USUAL, _WIDE_LIMIT),
        )
        return all(
            np.count_nonzero(blocks) < _FEWEST
            or np.percentile(distances[blocks], share) <= limit * allowed
            for distances, blocks, share, limit in kept
        )


def _distance(change: Values) -> Values:
    """How far colours move, of those on black and on white the farther one."""
    return np.asarray((np.abs(change).reshape(*change.shape[:2], -1, 3) * _EYE).max((2, 3)))


def _squares(blocks: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Squares of so many blocks; what is left over at the ends belongs to none."""
    rows, columns = (size // _WIDE for size in blocks.shape[:2])
    whole = blocks[: rows * _WIDE, : columns * _WIDE]
    return whole.reshape(rows, _WIDE, columns, _WIDE, *blocks.shape[2:])


def _means(blocks: Values) -> Values:
    return np.asarray(blocks.sum(1).sum(2) / np.float32(_BLOCK * _BLOCK))


def _blocks(pixels: Pixels) -> Values:
    """In blocks, rows by columns of them; what is transparent as on a black and on a white page."""
    values = pixels.astype(np.float32)
    if values.shape[2] == 4:
        alpha = values[..., 3:]
        black = values[..., :3] * (alpha / 255)
        values = np.concatenate([black, black + 255 - alpha], 2)
    height, width = values.shape[:2]
    if height % _BLOCK or width % _BLOCK:
        values = np.pad(values, ((0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0)), "edge")
    rows, columns = (size // _BLOCK for size in values.shape[:2])
    return values.reshape(rows, _BLOCK, columns, _BLOCK, -1)
