"""Gradients that turned into steps or bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .blocks import BLOCK, block_sums
from .damage import TILE

if TYPE_CHECKING:
    from typing import TypeVar

    from numpy.typing import NDArray

    from . import Pixels
    from .damage import Finding

    Sums = NDArray[np.int16]
    Mask = NDArray[np.bool_]
    _Values = TypeVar("_Values", Sums, Mask)

# All limits of this module hold at a quality of 80. They were chosen on two drawings of docs/places.md: "A soft
# shadow in alpha" and "A sky". Each has a result that keeps the limits and one that breaks them, and the score
# passes both. `python benchmarks --places docs/places` draws them again.
# `python benchmarks FOLDER --sweep .quality.gradients:_STEP 0.5 2.0` says how many bytes a limit costs: 12 PNG files
# of documentation sites came to 18 % more bytes with 0.5, and to 5 % fewer with 2.0.
#
# A gradient moves by less than `_SLOW` levels from row to row, over `_REACH` rows on both sides. An edge moves
# by more.
_SLOW, _REACH = 4, 3
# Steps are means over `_RUN` pixels. So the dots of dithering count little. A step may be `_STEP` levels larger
# than the original's, because 8 bits are rounded. It is seen if it is `_LENGTH` pixels longer than a run.
_RUN, _STEP, _LENGTH = 9, 1.0, 16
# A level of the mean of three bands over a run, as a sum.
_LEVEL = 3 * _RUN
_MOST_STEP = 255 * _LEVEL
# A step of a faster gradient may also be larger by this share of the original's own step.
_OF_ITS_OWN = 0.25
# A gradient has no noise if the original's own steps differ by less than `_CLEAN` levels. A step is seen there
# if it is `_SHORT` pixels long.
_CLEAN, _SHORT = 1, 4
# Shifts that make a run of so many pixels from runs of one.
_DOUBLED = {_LENGTH: (1, 2, 4, 8), _SHORT: (1, 2)}
# Blocks of 4 x 4 in a gradient without noise. The mean of such a block may be `_BAND_LIMIT` levels off: one
# level, and the rounding of the mean. Its differences from two blocks on opposite sides add up to `_BENT`
# levels at most. Its difference from one of the blocks around it is at least `_FLAT` levels.
_BAND_LIMIT, _BENT, _FLAT = 1.25, 1.0, 0.3
# How much a level of red, green and blue counts there: about the cube roots of their weights in luma (ITU-R
# BT.601), divided by that of green. A level of blue is seen least.
_EYE = np.array([0.8, 1.0, 0.6])


class Gradients:
    """Where some rows of a picture have gradients."""

    def __init__(self, pixels: Pixels, columns: int) -> None:
        """Take `pixels`, whole rows of the original as they are shown: height x width x 3.

        They are looked at in cells that are `columns` pixels wide.
        """
        self._columns = columns
        starts = np.arange(0, pixels.shape[1], columns)
        sums = _sum(pixels)
        # Whether each cell has a gradient: down, and across.
        self._any = [
            np.logical_or.reduceat(_slow_columns(sums, turned=turned), starts)
            for turned in (False, True)
        ]
        self._graded = _graded(block_sums(pixels).astype(np.int16))

    def look(
        self,
        before: Pixels,
        after: Pixels,
        sums: tuple[NDArray[np.uint16], NDArray[np.uint16]],
        at: tuple[int, int],
        found: Finding,
    ) -> None:
        """Find steps that are larger than the original's, and blocks whose mean moved. `found` takes them.

        `before` and `after` are these rows, or some columns of them: height x width x 3. `at` is the x and y of
        their first pixel. `sums` are the `block_sums` of both.
        """
        cells = slice(at[0] // self._columns, -(-(at[0] + before.shape[1]) // self._columns))
        wanted = [turned for turned in (False, True) if self._any[turned][cells].any()]
        if wanted:
            one, other = _sum(before), _sum(after)
            for turned in wanted:
                old, new = (_steps(sums, turned=turned) for sums in (one, other))
                axis = 1 if turned else 0
                cut = at[1 - axis] > 0, at[1 - axis] + before.shape[axis] < found.shape[axis]
                _added_steps(old, new, cut, at, found, turned=turned)
        if not found.over:
            self._bands(*sums, at, found)

    def _bands(
        self,
        one: NDArray[np.uint16],
        other: NDArray[np.uint16],
        at: tuple[int, int],
        found: Finding,
    ) -> None:
        """Find gradients without noise that turned into bands of any direction: the means of blocks move."""
        left = at[0] // BLOCK
        y, x = np.nonzero(self._graded[: len(one), left : left + one.shape[1]])
        moved = np.abs(one[y, x].astype(np.int32) - other[y, x]) * _EYE
        far = moved.max(-1, initial=0) > _BAND_LIMIT * found.scale * BLOCK**2
        y, x = y[far] * BLOCK + at[1], x[far] * BLOCK + at[0]
        if len(y):
            found.stepped[y // TILE, x // TILE] = True
            by = float(moved[far][0].max()) / BLOCK**2
            found.tell("bands in a gradient", int(x[0]), int(y[0]), len(y) * BLOCK**2, by)


def _added_steps(
    old: Sums,
    new: Sums,
    cut: tuple[bool, bool],
    at: tuple[int, int],
    found: Finding,
    *,
    turned: bool,
) -> None:
    """Find steps. `cut` says whether the picture goes on before the first row and after the last one."""
    if not old.size:
        return
    size = np.abs(old)
    added = np.abs(new) - size
    sizes = np.arange(_MOST_STEP + 1)
    large = added > (_OF_ITS_OWN * sizes + _STEP * found.scale * _LEVEL).astype(np.int16)[size]
    if not large.any():
        return
    large &= _within_slow(old)
    # Rows beyond a cut are not known, and decide what is seen near it. So no step is found there.
    large[: _REACH * cut[0]] = False
    large[len(large) - _REACH * cut[1] :] = False
    if not large.any():
        return
    # A step in noise is seen when it is long. A step in a clean gradient is seen when it is short.
    clean = large & (_around(old, np.maximum) - _around(old, np.minimum) < _CLEAN * _LEVEL)
    for mask, length in ((large, _LENGTH), (clean, _SHORT)):
        # The first column is never part of a run.
        runs = mask[:, 1:]
        for shift in _DOUBLED[length]:
            runs = runs[:, :-shift] & runs[:, shift:]
        along, across = np.nonzero(runs)
        if not len(along):
            continue
        step = float(added[along[0], across[0] + length]) / _LEVEL
        for shift in (0, length + _RUN - 1):
            y, x = (across + shift, along) if turned else (along, across + shift)
            found.stepped[(y + at[1]) // TILE, (x + at[0]) // TILE] = True
        where = int(x[0]) + at[0], int(y[0]) + at[1]
        found.tell("steps in a gradient", *where, len(along), step)


def _graded(sums: NDArray[np.int16]) -> Mask:
    """Which blocks are in a gradient without noise: rows x columns. `sums` are rows x columns x 3."""
    graded = np.zeros(sums.shape[:2], np.bool_)
    if min(sums.shape[:2]) < 3:
        return graded
    middle = sums[1:-1, 1:-1]
    height, width = middle.shape[:2]
    bent, slope = np.zeros_like(middle), np.zeros_like(middle)
    # Each block around the middle is taken with the one on the opposite side.
    for y, x in ((0, 0), (0, 1), (0, 2), (1, 0)):
        one = sums[y : y + height, x : x + width] - middle
        other = sums[2 - y : 2 - y + height, 2 - x : 2 - x + width] - middle
        np.maximum(bent, np.abs(one + other), out=bent)
        np.maximum(slope, np.maximum(np.abs(one), np.abs(other)), out=slope)
    most_bent, most = (_of_bands(values) for values in (bent, slope))
    unit = BLOCK**2
    graded[1:-1, 1:-1] = (
        (most_bent <= _BENT * unit) & (most > _FLAT * unit) & (most <= _SLOW * BLOCK * unit)
    )
    return graded


def _of_bands(values: Sums) -> Sums:
    """The largest of three bands."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]))


def _slow_columns(sums: Sums, *, turned: bool) -> Mask:
    """Which columns have a pixel in a gradient."""
    columns = np.zeros(sums.shape[1], np.bool_)
    steps = _steps(sums, turned=turned)
    if steps.size:
        found = np.any(_within_slow(steps), axis=1 if turned else 0)
        columns[: len(found)] = found
    return columns


def _within_slow(steps: Sums) -> Mask:
    """Whether all steps around each step are slow, and one of them is not 0."""
    slow = np.abs(steps) < _SLOW * _LEVEL
    moves = steps != 0
    return np.asarray(_around(slow, np.logical_and) & _around(moves, np.logical_or))


def _around(values: _Values, choose: np.ufunc) -> _Values:
    """What `choose` makes of each value and of those up to three rows above and below it."""
    # The first and the last row are repeated. `np.concatenate` keeps a turned picture turned in memory.
    chosen = np.concatenate([*(values[:1],) * _REACH, values, *(values[-1:],) * _REACH])
    # First two rows are joined, then four, then seven.
    for shift in (1, 2, 3):
        chosen = choose(chosen[:-shift], chosen[shift:])
    return chosen


def _sum(pixels: Pixels) -> Sums:
    total = pixels[..., 0].astype(np.int16)
    total += pixels[..., 1]
    total += pixels[..., 2]
    return total


def _steps(sums: Sums, *, turned: bool) -> Sums:
    """The differences of runs from row to row, or from column to column if `turned`."""
    sums = sums.T if turned else sums
    if sums.shape[1] < _RUN + _LENGTH or sums.shape[0] < 2 * _REACH:
        return sums[:0]
    down = sums[1:] - sums[:-1]
    three = down[:, :-2] + down[:, 1:-1] + down[:, 2:]
    return np.asarray(three[:, :-6] + three[:, 3:-3] + three[:, 6:])
