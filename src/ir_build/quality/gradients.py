"""Gradients that turned into steps or bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .damage import TILE, means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from . import Pixels
    from .damage import Finding

# A gradient moves by less than this many levels from row to row, and goes on for so many rows.
_SLOW, _REACH = 4.0, 3
# Pixels along a step that are taken together, so that dithering does not count; levels that a step
# may be larger than the original's; how long one is, beyond the run, where it is seen.
_RUN, _STEP, _LENGTH = 9, 1.0, 16
# In a faster gradient steps may be larger by this share of what it moves itself.
_OF_ITS_OWN = 0.25
# Where the original's own steps differ by less than so many levels there is no noise, and a step is seen
# that is this long.
_CLEAN, _SHORT = 1.0, 4
# Squares of 4 x 4 in a gradient without noise: how many levels the mean may be off, what it differs by
# from the mean of those on both sides at most, and from each of them at least.
_BAND, _BAND_LIMIT, _BENT, _FLAT = 4, 1.25, 1.0, 0.3
# How much a level of red, green and blue counts there.
_EYE = np.array([0.8, 1.0, 0.6])


def look(before: Pixels, after: Pixels, top: int, found: Finding) -> None:
    """Find what is larger than the original's steps, or off its means, in rows from `top` on."""
    sums = [_sum(pixels) for pixels in (before, after)]
    for turned in (False, True):
        one, other = (part.T if turned else part for part in sums)
        if one.shape[1] < _RUN + _LENGTH or one.shape[0] < 2 * _REACH:
            continue
        old, new = (np.diff(_runs(part), axis=0) for part in (one, other))
        # In sums of three bands over a run.
        unit = 3 * _RUN
        added = np.abs(new) - np.abs(old)
        large = added > _STEP * found.scale * unit + _OF_ITS_OWN * np.abs(old)
        if not large.any():
            continue
        highest, lowest = _around(old, np.maximum), _around(old, np.minimum)
        large &= (
            (highest < _SLOW * unit) & (lowest > -_SLOW * unit) & ((highest > 0) | (lowest < 0))
        )
        # In noise a step has to be long to be seen, in a clean gradient it need not.
        clean = large & (highest - lowest < _CLEAN * unit)
        for mask, length in ((large, _LENGTH), (clean, _SHORT)):
            total = np.cumsum(mask, 1, dtype=np.int32)
            along, across = np.nonzero(total[:, length:] - total[:, :-length] == length)
            if not len(along):
                continue
            step = added[along[0], across[0] + length] / unit
            for shift in (0, length + _RUN - 1):
                y, x = (across + shift, along) if turned else (along, across + shift)
                found.stepped[(y + top) // TILE, x // TILE] = True
            found.tell("steps in a gradient", int(x[0]), int(y[0]) + top, len(along), float(step))
    if not found.over:
        _bands(before, after, top, found)


def _bands(before: Pixels, after: Pixels, top: int, found: Finding) -> None:
    """Gradients without noise that turned into bands of any direction: their means move to and fro."""
    one, other = (means(pixels, _BAND) for pixels in (before, after))
    if min(one.shape[:2]) < 3:
        return
    middle = one[1:-1, 1:-1]
    beside = [
        one[y : len(one) - 2 + y, x : one.shape[1] - 2 + x]
        for y in range(3)
        for x in range(3)
        if (y, x) != (1, 1)
    ]
    # The means around the middle are its mirror images, and not the middle itself.
    bent = np.max(
        [np.abs(a + b - 2 * middle).max(-1) for a, b in zip(beside, beside[::-1], strict=True)], 0
    )
    slope = np.max([np.abs(a - middle).max(-1) for a in beside], 0)
    graded = (bent <= _BENT) & (slope > _FLAT) & (slope <= _SLOW * _BAND)
    moved = (np.abs(other - one)[1:-1, 1:-1] * _EYE).max(-1)
    y, x = np.nonzero(graded & (moved > _BAND_LIMIT * found.scale))
    if len(y):
        found.stepped[((y + 1) * _BAND + top) // TILE, (x + 1) * _BAND // TILE] = True
        at = (int(x[0] + 1) * _BAND, int(y[0] + 1) * _BAND + top)
        found.tell("bands in a gradient", *at, len(y) * _BAND**2, float(moved[y[0], x[0]]))


def _around(steps: NDArray[np.int32], choose: np.ufunc) -> NDArray[np.int32]:
    chosen = steps.copy()
    for reach in range(1, _REACH + 1):
        choose(chosen[reach:], steps[:-reach], out=chosen[reach:])
        choose(chosen[:-reach], steps[reach:], out=chosen[:-reach])
    return chosen


def _sum(pixels: Pixels) -> NDArray[np.int32]:
    total = pixels[..., 0].astype(np.int32)
    total += pixels[..., 1]
    total += pixels[..., 2]
    return total


def _runs(sums: NDArray[np.int32]) -> NDArray[np.int32]:
    total = np.cumsum(sums, 1, dtype=np.int32)
    runs = total[:, _RUN - 1 :].copy()
    runs[:, 1:] -= total[:, :-_RUN]
    return runs
