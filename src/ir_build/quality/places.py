"""What happens to places: connected areas of one colour, lines, letters and gradients.

A score is a mean over the picture: a dot that turns grey, or the blue of a link that fades, hardly
counts. Here nothing is a share of the canvas. A place is some pixels of one colour beside each other,
or a small square whatever is in it: its mean may move by so much and no more. Where the original has a
gradient, its steps may not grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import ciede2000, gradients
from .damage import TILE, Damage, Finding, means, tolerance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from . import Pixels

    Sums = NDArray[np.int64]

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
    found = Finding(before.shape, tolerance(quality), first=first)
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
                gradients.look(one, other, start, found)
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


def _squares(before: Pixels, after: Pixels, top: int, found: Finding) -> None:
    # Squares that end where the picture does are among them.
    ends = (before.shape[0] % _SQUARE, before.shape[1] % _SQUARE)
    for down, across in dict.fromkeys(((0, 0), (_SQUARE // 2, _SQUARE // 2), ends)):
        part = slice(down, None), slice(across, None)
        at = (across, top + down)
        one, other = (means(pixels[part], _SQUARE) for pixels in (before, after))
        _far_squares(one, other, _SQUARE, at, _SQUARE_LIMIT, found)
        # A tile of about one colour is part of an area, of which fainter changes are seen.
        quarters, (one, other) = one, (means(pixels[part], TILE) for pixels in (before, after))
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
    found: Finding,
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


def _colours(before: Pixels, after: Pixels, top: int, found: Finding) -> None:
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
