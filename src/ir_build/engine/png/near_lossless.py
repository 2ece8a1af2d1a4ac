"""Near-lossless coding: differences from the pixels before in few sizes, as a PNG stores them.

A PNG row is stored as differences from a prediction. Where these are multiples of a step, deflate
needs far fewer bits for them, and no pixel is off by more than half of one. Quantising the
differences, not the values, makes no bands: what one pixel is off the next one makes up for.
Smooth areas get half the step. (Weinberger, Seroussi, Sapiro: LOCO-I, 2000, section III.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...quality.local_activity import activity

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...quality import Pixels

    Levels = npt.NDArray[np.int16]

#: steps worth trying, finest first
STEPS = (4, 6, 8, 10, 12, 14, 16, 20, 24)
# Levels of activity up to which an area is smooth.
_SMOOTH = 4
# Rows that are coded together: enough for long vectors, few enough for little memory.
_ROWS = 512
# Predictions by the pixel to the left, the one above, and the mean of both: how often each counts.
_LEFT, _ABOVE = np.array([2, 0, 1], np.int16), np.array([0, 2, 1], np.int16)
# Differences are between -_RANGE and _RANGE; in the table of coded ones, where those begin that are
# exact, coded in half steps, and in steps.
_RANGE = 256
_TABLES = np.array([0, 2 * _RANGE, 4 * _RANGE])


class NearLossless:
    """One picture, at any step."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3, or x 4 with straight alpha, which is kept."""
        self._pixels = pixels.copy()
        if pixels.shape[2] == 4:
            self._pixels[pixels[..., 3] == 0] = 0
        self._smooth = activity(pixels) <= _SMOOTH

    def at(self, step: int, exact: npt.NDArray[np.bool_] | None = None) -> Pixels:
        """The picture with no colour off by more than half of `step`, an even number of levels.

        Pixels that are `exact`, height x width, are not off at all.
        """
        sizes = np.where(self._smooth, np.uint8(1), np.uint8(2))
        if exact is not None:
            sizes[exact] = 0
        result = np.empty_like(self._pixels)
        above = np.zeros_like(self._pixels[0])
        for top in range(0, len(self._pixels), _ROWS):
            rows = slice(top, top + _ROWS)
            pixels = self._pixels[rows]
            result[rows] = _coded(pixels, above, sizes[rows], step)
            above = result[rows][-1]
        return result

    def restored(self, coded: Pixels, exact: npt.NDArray[np.bool_]) -> Pixels:
        """A picture `coded` with the pixels that are `exact` put back in place."""
        return np.where(exact[..., None], self._pixels, coded)


def _coded(pixels: Pixels, above: Pixels, sizes: npt.NDArray[np.uint8], step: int) -> Pixels:
    """Some rows of a picture below the row `above`.

    A pixel needs those to the left and above: all on one diagonal are computed at a time, and the
    rows are laid out so that a diagonal is a row of memory.
    """
    height, width, bands = pixels.shape
    kinds = _predictions(pixels, above, step)
    left, up = (weight[kinds][:, None] for weight in (_LEFT, _ABOVE))
    table = _table(step)
    # Where a pixel's row of the table begins, and the pixel: what is predicted has to go from it.
    wanted = np.zeros((height + width, height, bands), np.int64)
    for row in range(height):
        wanted[row : row + width, row] = pixels[row]
        wanted[row : row + width, row, :3] += _TABLES[sizes[row]][:, None]
    wanted += _RANGE
    coded = np.zeros((height + width, height + 1, bands), np.int16)
    coded[:width, 0] = above
    for diagonal in range(height + width - 1):
        first, last = max(0, diagonal - width + 1), min(height, diagonal + 1)
        rows = slice(first, last)
        predicted = left[rows] * coded[diagonal, first + 1 : last + 1]
        predicted += up[rows] * coded[diagonal, rows]
        predicted >>= 1
        values = table.take(wanted[diagonal, rows] - predicted, mode="clip")
        values += predicted
        np.clip(values, 0, 255, out=coded[diagonal + 1, first + 1 : last + 1])
    shown = np.stack([coded[row + 1 : row + 1 + width, row + 1] for row in range(height)])
    return shown.astype(np.uint8)


def _predictions(pixels: Pixels, above: Pixels, step: int) -> npt.NDArray[np.int64]:
    """For each row the kind of prediction that leaves the fewest bits."""
    values = pixels.astype(np.int16)
    left, up = np.zeros_like(values), np.empty_like(values)
    left[:, 1:] = values[:, :-1]
    up[0], up[1:] = above, values[:-1]
    costs = []
    for of_left, of_up in zip(_LEFT, _ABOVE, strict=True):
        differences = np.abs(values - ((of_left * left + of_up * up) >> 1))
        costs.append(_bits(step)[differences].sum((1, 2)))
    return np.asarray(np.argmin(costs, 0))


def _bits(step: int) -> npt.NDArray[np.float64]:
    """By the size of a difference, some measure of what it takes."""
    return np.asarray(np.log2(1 + np.arange(_RANGE) / step))


def _table(step: int) -> Levels:
    """Differences as they are coded: exact, in half steps, in steps; each from -_RANGE on."""
    sizes = np.arange(-_RANGE, _RANGE)
    coded = [
        np.sign(sizes) * ((np.abs(sizes) + (q - 1) // 2) // q * q) for q in (1, step // 2, step)
    ]
    return np.concatenate(coded).astype(np.int16)
