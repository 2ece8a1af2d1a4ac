"""What happens to places: connected areas of one colour, lines, letters and gradients.

A score is a mean over the picture: a dot that turns grey, or the blue of a link that fades, hardly
counts. Here nothing is a share of the canvas. A place is some pixels of one colour beside each other,
or a small square whatever is in it: its mean may move by so much and no more. Where the original has a
gradient, its steps may not grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import ciede2000

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from . import Pixels

    Sums = NDArray[np.int64]

#: pixels along a side of a tile, within which pixels of a colour count as one place
TILE = 16
# CIEDE2000 between means at a quality of 80, by how many pixels a place has.
_AREAS = ((12, 4.0), (32, 3.0), (64, 2.0))
# The same between the means of squares of 8 x 8, whatever is in them.
_SQUARE, _SQUARE_LIMIT = 8, 3.0
# The same of tiles that are part of an area of about one colour.
_AREA_LIMIT = 1.0
# Levels by which pixels of one colour differ from those beside them, at most.
_SAME = 6
# Levels of one band that an error has at least where it can add up to any of the limits.
_NOTICED = 2
# Pixels that are looked at together, whole rows of tiles: enough for long vectors.
_STRIP_PIXELS = 1 << 17
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


class _Finding:
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


def damage(
    before: Pixels,
    after: Pixels,
    quality: float,
    *,
    first: bool = False,
    known: tuple[Pixels, Damage] | None = None,
) -> Damage:
    """What of `before` is not what it was in `after`; with `first` only whether there is any.

    Both are height x width x 3, or x 4 with straight alpha; what is transparent is looked at on
    white and on black. `known` is another picture with its damage: what held in it and has not
    changed since holds.
    """
    height, width = before.shape[:2]
    found = _Finding(before.shape, tolerance(quality), first=first)
    rows = max(TILE, _STRIP_PIXELS // width // TILE * TILE)
    for top in range(0, height, rows):
        # Steps are looked for across the seam of two strips, too.
        start = max(0, top - TILE)
        part = slice(start, top + rows)
        if np.array_equal(before[part], after[part]):
            continue
        if (
            known is not None
            and not known[1].within(part)
            and np.array_equal(known[0][part], after[part])
        ):
            continue
        for one, other in _shown(before[part], after[part]):
            inner = slice(top - start, None)
            _squares(one[inner], other[inner], top, found)
            if not found.over:
                _colours(one[inner], other[inner], top, found)
            if not found.over:
                _steps(one, other, start, found)
        if found.over:
            break
    return Damage(found.moved, found.stepped, found.detail)


def _shown(before: Pixels, after: Pixels) -> Iterator[tuple[Pixels, Pixels]]:
    """Both as they are seen, on white and on black where one of them is transparent."""
    if before.shape[2] == 3:
        yield before, after
    elif before[..., 3].min() == after[..., 3].min() == 255:
        yield np.ascontiguousarray(before[..., :3]), np.ascontiguousarray(after[..., :3])
    else:
        for white in (True, False):
            yield _on_page(before, white=white), _on_page(after, white=white)


def _on_page(pixels: Pixels, *, white: bool) -> Pixels:
    alpha = pixels[..., 3:].astype(np.uint16)
    shown = (pixels[..., :3] * alpha + 127) // 255
    if white:
        shown += 255 - alpha
    return shown.astype(np.uint8)


def _squares(before: Pixels, after: Pixels, top: int, found: _Finding) -> None:
    # Squares that end where the picture does are among them.
    ends = (before.shape[0] % _SQUARE, before.shape[1] % _SQUARE)
    for down, across in dict.fromkeys(((0, 0), (_SQUARE // 2, _SQUARE // 2), ends)):
        part = slice(down, None), slice(across, None)
        at = (across, top + down)
        one, other = (_means(pixels[part], _SQUARE) for pixels in (before, after))
        _far_squares(one, other, _SQUARE, at, _SQUARE_LIMIT, found)
        # A tile of about one colour is part of an area, of which fainter changes are seen.
        quarters, (one, other) = one, (_means(pixels[part], TILE) for pixels in (before, after))
        if one.size:
            quarters = quarters[: 2 * len(one), : 2 * one.shape[1]].reshape(len(one), 2, -1, 2, 3)
            alike = (quarters.max((1, 3)) - quarters.min((1, 3))).max(-1) <= _SAME
            other = np.where(alike[..., None], other, one)
            _far_squares(one, other, TILE, at, _AREA_LIMIT, found)


def _far_squares(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    side: int,
    at: tuple[int, int],
    limit: float,
    found: _Finding,
) -> None:
    """Find squares, the first at `at`, whose means moved by more than `limit`."""
    # Nothing moves by 1 where no band does by a third of a level.
    y, x = np.nonzero(np.abs(one - other).max(-1, initial=0) > 1 / 3)
    moved = ciede2000.distance(one[y, x], other[y, x])
    far = moved > limit * found.scale
    if far.any():
        x, y = x[far] * side + at[0], y[far] * side + at[1]
        for dy in (0, side - 1):
            for dx in (0, side - 1):
                found.moved[(y + dy) // TILE, (x + dx) // TILE] = True
        found.tell("a colour moved", int(x[0]), int(y[0]), side**2, float(moved[far][0]))


def _means(pixels: Pixels, side: int) -> NDArray[np.float64]:
    height, width = (size // side * side for size in pixels.shape[:2])
    if not height or not width:
        return np.zeros((0, 0, 3))
    rows = pixels[:height, :width].reshape(height // side, side, -1, 3)
    down = rows.sum(1, dtype=np.uint16)
    across = down.reshape(len(down), -1, side, 3).sum(2, dtype=np.uint32)
    return np.asarray(across / side**2)


def _colours(before: Pixels, after: Pixels, top: int, found: _Finding) -> None:
    """Places of one colour: those pixels of a tile that are of a colour with those beside them."""
    error = np.maximum(before, after)
    error -= np.minimum(before, after)
    noticed = error[..., 0] >= _NOTICED
    noticed |= error[..., 1] >= _NOTICED
    noticed |= error[..., 2] >= _NOTICED
    if np.count_nonzero(noticed) < _AREAS[0][0]:
        return
    steady = _steady(before)
    places = np.flatnonzero(noticed & steady)
    if len(places) < _AREAS[0][0]:
        return
    keys = _keys(before).ravel()
    flat, new = before.reshape(-1, 3), after.reshape(-1, 3)
    groups, count, old_sums, new_sums = _summed(keys[places], flat[places], new[places])
    suspects = groups[_too_far(count, old_sums, new_sums, found.scale) > 0]
    if not len(suspects):
        return
    # Now with those of their pixels that did not change.
    places = np.flatnonzero(steady.ravel() & np.isin(keys, suspects))
    groups, count, old_sums, new_sums = _summed(keys[places], flat[places], new[places])
    far = _too_far(count, old_sums, new_sums, found.scale)
    columns = found.moved.shape[1]
    worst = int(far.argmax())
    for group in groups[far > 0]:
        y, x = divmod(int(group) >> 15, columns)
        found.moved[y + top // TILE, x] = True
    if far[worst] > 0:
        y, x = divmod(int(groups[worst]) >> 15, columns)
        found.tell("a colour moved", x * TILE, y * TILE + top, int(count[worst]), far[worst])


def _too_far(count: Sums, old_sums: Sums, new_sums: Sums, scale: float) -> NDArray[np.float64]:
    """How far groups moved where that is too far, else 0."""
    large = count >= _AREAS[0][0]
    moved = np.zeros(len(count))
    share = count[large, None]
    moved[large] = ciede2000.distance(old_sums[large] / share, new_sums[large] / share)
    limits = np.full(len(count), np.inf)
    for least, limit in _AREAS:
        limits[count >= least] = limit * scale
    return np.where(moved > limits, moved, 0.0)


def _summed(
    keys: NDArray[np.uint32], before: Pixels, after: Pixels
) -> tuple[NDArray[np.uint32], Sums, Sums, Sums]:
    groups, places = np.unique(keys, return_inverse=True)
    count = np.bincount(places, minlength=len(groups))
    sums = [
        np.stack(
            [np.bincount(places, pixels[:, band], len(groups)) for band in range(3)], 1
        ).astype(np.int64)
        for pixels in (before, after)
    ]
    return groups, count, sums[0], sums[1]


def _keys(pixels: Pixels) -> NDArray[np.uint32]:
    """The same for pixels of about one colour in one tile."""
    height, width = pixels.shape[:2]
    tiles = (np.arange(height, dtype=np.uint32) // TILE * -(-width // TILE))[:, None]
    tiles = tiles + np.arange(width, dtype=np.uint32) // TILE
    classes = (pixels >> 3).astype(np.uint32)
    return np.asarray(tiles << 15 | classes[..., 0] << 10 | classes[..., 1] << 5 | classes[..., 2])


def _steady(pixels: Pixels) -> NDArray[np.bool_]:
    """Where a pixel is like both beside it, or like both above and below."""
    steady = np.zeros(pixels.shape[:2], np.bool_)
    across = _like(pixels[:, 1:], pixels[:, :-1])
    steady[:, 1:-1] = across[:, 1:] & across[:, :-1]
    down = _like(pixels[1:], pixels[:-1])
    steady[1:-1] |= down[1:] & down[:-1]
    return steady


def _like(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    apart = np.maximum(one, other)
    apart -= np.minimum(one, other)
    like = apart[..., 0] <= _SAME
    like &= apart[..., 1] <= _SAME
    like &= apart[..., 2] <= _SAME
    return like


def _steps(before: Pixels, after: Pixels, top: int, found: _Finding) -> None:
    """Steps in gradients that are larger than they were."""
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


def _bands(before: Pixels, after: Pixels, top: int, found: _Finding) -> None:
    """Gradients without noise that turned into bands of any direction: their means move to and fro."""
    one, other = (_means(pixels, _BAND) for pixels in (before, after))
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
