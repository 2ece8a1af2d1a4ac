"""What happens to places: connected areas of one colour, lines, letters and gradients.

A score is a mean over the picture. It hardly notices a dot that turns grey, or the blue of a link that
fades. Nothing here is a share of the canvas. A place is a group of neighbouring pixels of one colour, or a
small square, whatever is in it. Its mean may move by so much and no more. Two places that are told apart
stay told apart. The steps of a gradient may not grow.

The limits were chosen on pictures side by side, at their size and three times enlarged (docs/formats.md,
"Places"). docs/places.md shows results on both sides of them, and `python benchmarks --places docs/places`
draws these again. `python benchmarks FOLDER --sweep .quality.places:_SQUARE_LIMIT 2.0 4.0` says how many bytes
another limit costs: 12 PNG files of documentation sites came to 8 % more with 2.0, and to the same with 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import ciede2000
from .blocks import BLOCK, block_sums
from .damage import TILE, Damage, Finding, limits, tiles_of, tolerance
from .gradients import Gradients
from .ink import Ink
from .pages import on_page, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from . import Pixels

    Counts = NDArray[np.int64]
    Means = NDArray[np.float64]
    _Pair = tuple[NDArray[np.uint16], NDArray[np.uint16]]

# How far the mean of a place may move at a quality of 80, in CIEDE2000: the number of pixels from which on a
# limit holds, and the limit.
_AREAS = ((12, 4.0), (32, 3.0), (64, 2.0))
# The same for the mean of a square of 8 x 8 pixels, whatever is in it. It is for coloured letters, of which
# hardly two pixels are alike.
_SQUARE, _SQUARE_LIMIT = 8, 3.0
# The same for a tile of about one colour. It is part of an area, in which fainter changes are seen. A dark brown
# panel began to look olive at this limit.
_AREA_LIMIT = 1.0
# Two places of a tile that are `_APART` from each other, in CIEDE2000, keep at least the share `_STAYS` of it. Not
# fitted: 12 PNG files of documentation sites came to 7 % more bytes with a share of 0.75, and to the same within
# 0.1 % with 0.25, and when 3 or 8 were apart (`--sweep .quality.places:_STAYS 0.25 0.75`).
_APART, _STAYS = 5.0, 0.5
# A colour moves by no more CIEDE2000 than this if no band moves by more than a level. Computed, not fitted: the
# largest move from 146,000 colours of sRGB to their neighbours is 2.37, from a dark grey.
_A_LEVEL = 2.5
# Pixels of one colour differ from those beside them by no more levels than this. Not fitted: pixels that differ
# by more are in no place of one colour, but the limit for squares still holds for them.
_SAME = 6
# An error of fewer levels in every band is passed over, which saves time. Not fitted: an error of one level moves
# a colour by 2.4 CIEDE2000 at most (`_A_LEVEL`), and by so much only if it is a dark grey.
_NOTICED = 2
# A key above those of all colours and pixels of a tile.
_NO_PLACE = 1 << 23
# Pictures are looked at in cells of so many rows and columns of pixels. A cell that changed is looked at with
# the pixels around it, because a step may lie across its edge. Not fitted: these numbers are for speed, and the
# result does not depend on them.
_ROWS, _COLUMNS = 128, 64
_AROUND = TILE


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a picture that is being mended."""

    pixels: Pixels  #: each cell as it was when it was last looked at
    damage: Damage  #: what was found there


class Places:
    """The places of one picture."""

    def __init__(self, before: Pixels, quality: float) -> None:
        """Take the original: height x width x 3 in sRGB, or x 4 with straight alpha.

        `quality` is the score that other pictures are made for. It scales the limits.
        """
        self._before = before
        self._scale = tolerance(quality)
        self._starts = np.arange(0, before.shape[1], _COLUMNS)
        self._gradients: dict[tuple[int, bool], Gradients] = {}
        #: pixels that were looked at so far
        self.looked_at = 0

    def damage(self, after: Pixels, *, first: bool = False) -> Damage:
        """The places of `after` that changed too much, or the first one of them if `first`.

        `after` has the shape of the original. A transparent picture is looked at on white and on black.
        """
        found = Finding(self._before.shape, self._scale, first=first)
        for top in range(0, len(self._before), _ROWS):
            self._look_at(top, self._differs(top, self._before, after), after, found)
            if found.over:
                break
        return found.damage()

    def again(self, after: Pixels, known: Known) -> Known:
        """The places of `after` that changed too much. This takes less time than `damage`.

        `known` is what was found in an earlier version of `after`. Its damaged cells are looked at first.
        Other cells are looked at only if all of these are mended, and only if they differ from the cells that
        were looked at before.
        """
        looked = known.pixels.copy()
        found = Finding(self._before.shape, self._scale, first=False)
        for top in range(0, len(self._before), _ROWS):
            cells = known.damage.within(top, _ROWS, _COLUMNS)
            rows = slice(top, top + _ROWS)
            inside = np.repeat(cells, _COLUMNS)[: after.shape[1]]
            looked[rows][:, inside] = after[rows][:, inside]
            self._look_at(top, cells & self._differs(top, self._before, after), after, found)
        if found.damage():
            return Known(looked, found.damage())
        for top in range(0, len(self._before), _ROWS):
            cells = self._differs(top, looked, after) & self._differs(top, self._before, after)
            self._look_at(top, cells, after, found)
        return Known(after, found.damage())

    def _differs(self, top: int, one: Pixels, other: Pixels) -> NDArray[np.bool_]:
        """Which cells differ between two pictures, in the row of cells that begins at the pixel row `top`."""
        rows = slice(top, top + _ROWS)
        columns = (one[rows] != other[rows]).any(0).any(-1)
        return np.asarray(np.logical_or.reduceat(columns, self._starts))

    def _look_at(self, top: int, cells: NDArray[np.bool_], after: Pixels, found: Finding) -> None:
        for left, right in _spans(cells):
            if not found.over:
                self._look(top, left * _COLUMNS, right * _COLUMNS, after, found)

    def _look(self, top: int, left: int, right: int, after: Pixels, found: Finding) -> None:
        """Look at neighbouring cells: those from the pixel column `left` to `right`."""
        height, width = self._before.shape[:2]
        y, x = max(0, top - _AROUND), max(0, left - _AROUND)
        around = (
            slice(y, min(height, top + _ROWS + _AROUND)),
            slice(x, min(width, right + _AROUND)),
        )
        cells = slice(top - y, top - y + _ROWS), slice(left - x, right - x)
        self.looked_at += (around[0].stop - y) * (around[1].stop - x)
        for white, one, other in shown(self._before[around], after[around]):
            sums = block_sums(one), block_sums(other)
            _squares(sums, (x, y), found)
            _inks(one, other, (x, y), found)
            for rows, columns in self._ends(around):
                part = block_sums(one[rows:, columns:]), block_sums(other[rows:, columns:])
                _squares(part, (x + columns, y + rows), found)
            if not found.over:
                _Colours(one, other, cells).look((left, top), found)
            if not found.over:
                gradients = self._gradients_of(top, white=white)
                gradients.look(one, other, sums, (x, y), found)

    def _ends(self, around: tuple[slice, slice]) -> Iterator[tuple[int, int]]:
        """The rows and columns in the part `around` at which grids of squares begin that end with the picture.

        The grid from the upper left corner leaves out the last pixels of a picture whose size is no multiple of
        a block.
        """
        sizes = [part.stop - part.start for part in around]
        starts = [
            [0, max(size % BLOCK, size - 2 * TILE)] if part.stop == whole and whole % BLOCK else [0]
            for part, size, whole in zip(around, sizes, self._before.shape[:2], strict=True)
        ]
        return ((y, x) for y in starts[0] for x in starts[1] if (y, x) != (0, 0))

    def _gradients_of(self, top: int, *, white: bool) -> Gradients:
        """The gradients in a row of cells, and in the pixels around them."""
        if (top, white) not in self._gradients:
            start = max(0, top - _AROUND)
            rows = self._before[start : top + _ROWS + _AROUND]
            self._gradients[top, white] = Gradients(on_page(rows, white=white), _COLUMNS)
        return self._gradients[top, white]


def _spans(chosen: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The beginning and the end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _squares(sums: _Pair, at: tuple[int, int], found: Finding) -> None:
    """Find squares of 8 x 8 and of 16 x 16 pixels that moved, in two grids.

    `sums` are the `block_sums` of both pictures, and `at` is the x and y of their first pixel.
    """
    for shift in (0, 1):
        eights = _pooled(sums[0][shift:, shift:]), _pooled(sums[1][shift:, shift:])
        corner = (at[0] + shift * BLOCK, at[1] + shift * BLOCK)
        _far_squares(eights, _SQUARE, corner, _SQUARE_LIMIT, found)
        # A tile of about one colour is part of an area. Fainter changes of it are seen.
        before, after = (_pooled(sums) for sums in eights)
        if before.size:
            rows, columns = before.shape[:2]
            quarters = eights[0][: 2 * rows, : 2 * columns]
            apart = _of_four(quarters, np.maximum) - _of_four(quarters, np.minimum)
            alike = ~_any_band(apart > _SAME * _SQUARE**2)
            after = np.where(alike[..., None], after, before)
            _far_squares((before, after), TILE, corner, _AREA_LIMIT, found)


def _pooled(sums: NDArray[np.generic]) -> NDArray[np.int32]:
    """The sums of squares twice as large."""
    rows, columns = sums.shape[0] // 2 * 2, sums.shape[1] // 2 * 2
    part = sums[:rows, :columns].astype(np.int32)
    return _of_four(part, np.add)


def _of_four(values: NDArray[np.int32], together: np.ufunc) -> NDArray[np.int32]:
    """What `together` makes of the four values of each 2 x 2 neighbours."""
    down = together(values[::2], values[1::2])
    return np.asarray(together(down[:, ::2], down[:, 1::2]))


def _far_squares(
    sums: tuple[NDArray[np.int32], NDArray[np.int32]],
    side: int,
    at: tuple[int, int],
    limit: float,
    found: Finding,
) -> None:
    """Find squares whose means moved by more than `limit`. `at` is the x and y of the first one."""
    one, other = sums
    least = int(limit * found.scale / _A_LEVEL * side**2)
    y, x = np.nonzero(_any_band(np.abs(one - other) > least))
    if not len(y):
        return
    moved = ciede2000.distance(one[y, x] / side**2, other[y, x] / side**2)
    far = moved > limit * found.scale
    if far.any():
        x, y = x[far] * side + at[0], y[far] * side + at[1]
        for dy in (0, side - 1):
            for dx in (0, side - 1):
                found.moved[(y + dy) // TILE, (x + dx) // TILE] = True
        found.tell("a colour moved", int(x[0]), int(y[0]), side**2, float(moved[far][0]))


def _inks(before: Pixels, after: Pixels, at: tuple[int, int], found: Finding) -> None:
    """Find ink that moved too far, in whole tiles. `at` is the x and y of the first one."""
    height, width = (size // TILE * TILE for size in before.shape[:2])
    before, after = before[:height, :width], after[:height, :width]
    noticed = tiles_of(_differ(before, after, _NOTICED))
    chosen = np.count_nonzero(noticed, (2, 3)) >= _AREAS[0][0]
    if not chosen.any():
        return
    one, other = (tiles_of(pixels)[chosen] for pixels in (before, after))
    ink = Ink(one, _AREAS[0][0])
    moved = ink.moved(other)
    far = moved > limits(ink.pixels, _AREAS) * found.scale
    rows, columns = (place[ink.tiles] for place in np.nonzero(chosen))
    _tell("a colour moved", far, (rows, columns), ink.pixels, moved, at, found)


class _Colours:
    """Places of one colour: pixels of a tile that have the colour of the pixels beside them."""

    def __init__(self, before: Pixels, after: Pixels, cells: tuple[slice, slice]) -> None:
        """Take the `cells` that are looked at, in parts of both pictures with the pixels around them."""
        self._around = before
        self._cells = cells
        self._before, self._after = before[cells], after[cells]

    def look(self, at: tuple[int, int], found: Finding) -> None:
        """Find places that moved too far, or too near to others. `at` is the x and y of the first pixel."""
        noticed = _differ(self._before, self._after, _NOTICED)
        if np.count_nonzero(noticed) < _AREAS[0][0]:
            return
        steady = _steady(self._around)[self._cells]
        noticed &= steady
        if np.count_nonzero(noticed) < _AREAS[0][0]:
            return
        # If a place of a tile may have moved, all places of the tile are looked at.
        changed = np.add.reduceat(noticed, range(0, len(noticed), TILE), 0, dtype=np.uint8)
        changed = np.add.reduceat(changed, range(0, changed.shape[1], TILE), 1, dtype=np.uint16)
        groups, count, one, other = self._means(steady, changed >= _AREAS[0][0])
        large = count >= _AREAS[0][0]
        groups, count, one, other = groups[large], count[large], one[large], other[large]
        moved = np.zeros(len(groups))
        changed = np.abs(one - other).max(-1, initial=0) > found.scale / _A_LEVEL
        moved[changed] = ciede2000.distance(one[changed], other[changed])
        far = moved > limits(count, _AREAS) * found.scale
        tiles = np.divmod(groups >> 15, -(-self._before.shape[1] // TILE))
        _tell("a colour moved", far, tiles, count, moved, at, found)
        if not found.over:
            nearer = self._nearer(groups >> 15, one, other, moved, found.scale)
            what = "colours came nearer to each other"
            _tell(what, nearer > 0, tiles, count, nearer, at, found)

    def _means(
        self, steady: NDArray[np.bool_], chosen: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint32], Counts, Means, Means]:
        """The colours of the `chosen` tiles: the tile and colour of each, its pixels, and both means."""
        before, after = (
            tiles_of(each)[chosen].reshape(-1, TILE**2, 3) for each in (self._before, self._after)
        )
        # Each tile is sorted by colour, then by pixel. That is far quicker than sorting all tiles at once.
        keys = before[..., 0].astype(np.uint32) >> 3 << 18
        keys |= before[..., 1].astype(np.uint32) >> 3 << 13
        keys |= before[..., 2].astype(np.uint32) >> 3 << 8
        keys |= np.arange(TILE**2, dtype=np.uint32)
        keys[~tiles_of(steady)[chosen].reshape(-1, TILE**2)] = _NO_PLACE
        keys.sort(1)
        order = (keys & 0xFF) + np.arange(0, keys.size, TILE**2, dtype=np.uint32)[:, None]
        colours = keys >> 8
        first = np.ones(colours.shape, np.bool_)
        first[:, 1:] = colours[:, 1:] != colours[:, :-1]
        starts = np.flatnonzero(first)
        count = np.diff(np.append(starts, keys.size))
        means = [
            _sums(part.reshape(-1, 3)[order.ravel()], starts) / count[:, None]
            for part in (before, after)
        ]
        places = colours.ravel()[starts] < _NO_PLACE >> 8
        tiles = np.flatnonzero(chosen)[starts // TILE**2]
        groups = (tiles << 15 | colours.ravel()[starts]).astype(np.uint32)
        return groups[places], count[places], means[0][places], means[1][places]

    @staticmethod
    def _nearer(
        tiles: NDArray[np.integer], one: Means, other: Means, moved: Means, scale: float
    ) -> Means:
        """By how much CIEDE2000 each place came too near to another place of its tile; else 0."""
        nearer = np.zeros(len(tiles))
        # If two places were 5 apart and lost half of that, their moves add up to 2.5. They may add up to a
        # little less, because CIEDE2000 is not quite a metric.
        together = 0.8 * _APART * (1 - _STAYS) * min(1.0, scale)
        pairs = []
        for shift in range(1, len(tiles)):
            first = np.flatnonzero(tiles[:-shift] == tiles[shift:])
            if not len(first):
                break
            first = first[moved[first] + moved[first + shift] > together]
            pairs.append((first, first + shift))
        if pairs:
            first, second = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
            was = ciede2000.distance(one[first], one[second])
            lost = was - ciede2000.distance(other[first], other[second])
            lost *= (was > _APART) & (lost > was * np.minimum(1.0, (1 - _STAYS) * scale))
            for ends in (first, second):
                np.maximum.at(nearer, ends, lost)
        return nearer


def _tell(
    what: str,
    far: NDArray[np.bool_],
    tiles: tuple[NDArray[np.integer], NDArray[np.integer]],
    count: NDArray[np.integer | np.floating],
    by: Means,
    at: tuple[int, int],
    found: Finding,
) -> None:
    """Put the places that are `far` into `found`, and `what` happened to them.

    `tiles` are the rows and columns of their tiles, counted from the pixel `at`. `count` and `by` say how many
    pixels each place has and how far it moved.
    """
    if not far.any():
        return
    y, x = tiles[0][far], tiles[1][far]
    found.moved[y + at[1] // TILE, x + at[0] // TILE] = True
    worst = int(np.argmax(by[far]))
    where = int(x[worst]) * TILE + at[0], int(y[worst]) * TILE + at[1]
    found.tell(what, *where, int(count[far][worst]), float(by[far][worst]))


def _sums(colours: Pixels, starts: Counts) -> Counts:
    """The sums of runs of `colours`, n x 3. The runs begin at `starts` and have at most 256 pixels each."""
    # One number holds three sums of 16 bits. The totals overflow, and the difference of two is still right.
    packed = colours[:, 0].astype(np.int64)
    packed |= colours[:, 1].astype(np.int64) << 16
    packed |= colours[:, 2].astype(np.int64) << 32
    totals = np.concatenate([[0], np.cumsum(packed)])
    runs = np.diff(totals[np.append(starts, len(colours))])
    return np.asarray(runs[:, None] >> np.array([0, 16, 32]) & 0xFFFF)


def _steady(pixels: Pixels) -> NDArray[np.bool_]:
    """The pixels that are like both pixels beside them, or like both above and below them."""
    steady = np.zeros(pixels.shape[:2], np.bool_)
    across = ~_differ(pixels[:, 1:], pixels[:, :-1], _SAME + 1)
    steady[:, 1:-1] = across[:, 1:] & across[:, :-1]
    down = ~_differ(pixels[1:], pixels[:-1], _SAME + 1)
    steady[1:-1] |= down[1:] & down[:-1]
    return steady


def _differ(one: Pixels, other: Pixels, levels: int) -> NDArray[np.bool_]:
    """The pixels with a band that differs by `levels` or more."""
    apart = np.maximum(one, other)
    apart -= np.minimum(one, other)
    return _any_band(apart >= levels)


def _any_band(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels that have a true value in any of three bands."""
    return np.asarray(where[..., 0] | where[..., 1] | where[..., 2])
