"""Near-lossless coding: a PNG stores differences, and these are rounded to few sizes here.

A PNG row is stored as differences from a prediction. Deflate needs far fewer bits for differences that
are multiples of a step. Then no pixel is off by more than half a step. Rounded differences make no bands,
unlike rounded values: the next pixel makes up for the error of the one before. Smooth areas get half the
step.

Source: Weinberger, Seroussi, Sapiro, "The LOCO-I Lossless Image Compression Algorithm" (2000),
section III.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...quality.local_activity import activity

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...quality import Pixels

    Levels = npt.NDArray[np.int16]

#: The steps to try, in levels of 255, the finest first. They are even, because smooth areas get half a step.
#: Each takes 8 to 20 % fewer bytes of a photo than the one before. (Others:
#: `python benchmarks FOLDER --sweep png.lossy:STEPS "(4, 8, 16, 24)"`.)
STEPS = (4, 6, 8, 10, 12, 14, 16, 20, 24)
# Levels of activity up to which an area is smooth: as many as the finest step. At an equal score 2, 4, 8 and 16
# take the same bytes within 4 % on three of Kodak's photos. (Others: `--sweep png.near_lossless:_SMOOTH 2 8`.)
_SMOOTH = 4
# Rows that are coded together. More rows make longer vectors, and fewer rows take less memory. Not fitted: the
# pixels hardly depend on it.
_ROWS = 512
# The three predictions are the pixel on the left, the pixel above, and the mean of both. The numbers are twice
# the weights of the two pixels. (The filters Sub, Up and Average: PNG, third edition, 9.2.)
_LEFT, _ABOVE = np.array([2, 0, 1], np.int16), np.array([0, 2, 1], np.int16)
# Differences of 8-bit samples lie between -_RANGE and _RANGE. The table of coded differences has three parts:
# exact ones, multiples of half a step, and multiples of a step. `_TABLES` has the places where these begin.
_RANGE = 256
_TABLES = np.array([0, 2 * _RANGE, 4 * _RANGE])


class NearLossless:
    """One picture, at any step."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3, or x 4 with straight alpha. Alpha is kept."""
        self._pixels = pixels.copy()
        if pixels.shape[2] == 4:
            self._pixels[pixels[..., 3] == 0] = 0
        self._smooth = activity(pixels) <= _SMOOTH

    def at(self, step: int, exact: npt.NDArray[np.bool_] | None = None) -> Pixels:
        """The picture, height x width x 3 or 4. No colour is off by more than half of `step`.

        `step` is an even number of levels of 255. Pixels where `exact`, height x width, is set keep their
        colours.
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
        """The picture `coded`, with the pixels of the original where `exact`, height x width, is set."""
        return np.where(exact[..., None], self._pixels, coded)


def _coded(pixels: Pixels, above: Pixels, sizes: npt.NDArray[np.uint8], step: int) -> Pixels:
    """Some rows of a picture, coded. The row `above` stands over them, coded already.

    A pixel needs the pixels on its left and above it. So all pixels on one diagonal are computed at the
    same time. The rows are laid out so that a diagonal is a row of memory.
    """
    height, width, bands = pixels.shape
    kinds = _predictions(pixels, above, step)
    left, up = (weight[kinds][:, None] for weight in (_LEFT, _ABOVE))
    table = _table(step)
    # The place in the table is where the pixel's part of it begins, plus the pixel less its prediction.
    # The prediction is taken away below.
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
    """The number of the prediction that leaves the fewest bits, for each row."""
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
    """About how many bits a difference takes, by its size: the logarithm of its steps."""
    return np.asarray(np.log2(1 + np.arange(_RANGE) / step))


def _table(step: int) -> Levels:
    """The coded differences: exact ones, in half steps, and in steps. Each part begins at -_RANGE."""
    sizes = np.arange(-_RANGE, _RANGE)
    coded = [
        np.sign(sizes) * ((np.abs(sizes) + (q - 1) // 2) // q * q) for q in (1, step // 2, step)
    ]
    return np.concatenate(coded).astype(np.int16)
