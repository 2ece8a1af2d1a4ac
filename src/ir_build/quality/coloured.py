"""What happens to colours in pictures with noise: photos, and what JPEG, WebP and AVIF make of drawings.

`places` asks that pixels of one colour stay that colour. Noise makes that impossible. So only means
have to stay here. A square of 8 x 8 pixels keeps its mean, whatever is in it. Coloured letters, lines and dots
keep theirs, too: they are saturated pixels of one hue, near each other, on plain ground. All that stands on
plain ground in a tile keeps its mean, whatever its colours are (`ink`). Small coloured things are lost first
when colours are stored at half the resolution. All are counted in pixels, never as a share of the canvas.

The limits were chosen on pictures side by side, at their size and three times enlarged (docs/formats.md,
"Coloured places"). docs/places.md shows results on both sides of them, and
`python benchmarks --places docs/places` draws these again. `python benchmarks FOLDER --worth` says how many
bytes all limits cost ("places keep colours"). `python benchmarks FOLDER --sweep .quality.coloured:_SATURATED 40 120`
says it of one number: 12 JPEG files of documentation sites came to 0.2 % fewer with 40, and to 0.6 % fewer with 120.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import ciede2000
from .blocks import BLOCK, block_sums
from .damage import TILE, limits, tiles_of, tolerance
from .ink import Ink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeVar

    from numpy.typing import NDArray

    from . import Pixels

    Values = NDArray[np.float64]
    Sums = NDArray[np.int64]
    _Number = TypeVar("_Number", np.uint16, np.int64)

# How far the mean of a square of 8 x 8 may move at a quality of 80, in CIEDE2000. The first limit is for
# squares on plain ground, and the second one for all squares.
_SQUARE, _PLAIN_LIMIT, _LIMIT = 8, 3.5, 4.5
# How far the mean of saturated pixels of one hue in 16 x 16 may move: the number of pixels from which on a
# limit holds, and the limit. Small things may move more.
_AREAS = ((6, 5.0), (12, 4.0), (32, 3.5), (64, 3.0))
# The same for the mean of ink in 16 x 16, saturated or not. It may move more, because its edges are soft and
# noisy.
_INKS = ((12, 6.0), (32, 5.0), (64, 4.0))
# A saturated pixel has at least this many levels between its highest and its lowest band. The noise of
# greys would count as colour with a lower number (docs/formats.md, "Coloured places").
_SATURATED = 80
# Ground is plain when at least the share `_PLAIN` of its pixels is within `_PLAIN_LEVELS` levels of its median.
# The texture of photos is not plain. Edges of saturated things move as much there, and nobody sees it.
_PLAIN, _PLAIN_LEVELS = 0.6, 16
# A difference is computed only if a band of the mean moves by more levels than this. It saves time. Not
# fitted: one level moves a colour by up to 2.4 CIEDE2000, which is below all limits at a quality of 80. A
# quality of 90 halves the limits, and dark greys may then move by that one level.
_NOTICED = 1.0
# The hues that are told apart. Three comparisons say the order of three bands, and make a number of three
# bits. Opposite hues differ in two of these bits at least.
_HUES = 8
# Letters that are drawn for the subpixels of a screen have fringes of opposite hues. The two fringes of a stem
# are at most so many pixels apart. Not fitted: a stem has about a tenth of the height of its letters. So this is for
# text of up to some 50 pixels.
_FRINGE = 5
# One number holds the sums of three bands, and these are their first bits. A sum over 16 x 16 pixels has 16
# bits.
_FIELDS = np.array([0, 16, 32])
# Pixels, in whole rows of squares, and rows of tiles that are looked at together. Not fitted: the result does
# not depend on them.
_STRIP_PIXELS = 1 << 17
_STRIP_TILES = 8
# The list of saturated pixels is kept for the next picture if the original has at most so many pixels. It takes
# 12 bytes for each saturated pixel. Not fitted: a limit of memory, on which the result does not depend.
_KEPT_PIXELS = 12_000_000


@dataclass(frozen=True, slots=True)
class Moved:
    """A place whose colour moved by `by` CIEDE2000. It has `pixels` pixels from `x`, `y` on."""

    x: int
    y: int
    pixels: int
    by: float

    def __str__(self) -> str:
        """In words."""
        return f"a colour moved at {self.x}, {self.y} ({self.pixels} pixels, by {self.by:.1f})"


class ColouredPlaces:
    """The colours of an original, made ready for comparing pictures with it."""

    def __init__(self, before: Pixels, quality: float) -> None:
        """Take the original `before`, height x width x 3 in sRGB. The score `quality` scales the limits."""
        self._before = before
        self._scale = tolerance(quality)
        self._blocks = block_sums(before)
        self._strips = list(_strips(before)) if before[..., 0].size <= _KEPT_PIXELS else None
        parts = [
            np.bincount(one.keys, minlength=one.size) for one in self._strips or _strips(before)
        ]
        counts = _windows(self._squares(parts))
        self._large = np.nonzero(counts >= _AREAS[0][0])
        self._counts = counts[self._large]
        self._limits = limits(self._counts, _AREAS) * self._scale
        self._means = self._saturated(before)
        self._inks = [Ink(tiles, _INKS[0][0]) for tiles in _tiles(before)]

    def damage(self, after: Pixels) -> str:
        """The first place of `after` with another colour, in words; empty if there is none.

        `after` is height x width x 3 in sRGB, of the size of the original.
        """
        return str(self.moved(after) or "")

    def moved(self, after: Pixels) -> Moved | None:
        """The first place of `after`, height x width x 3, with another colour; None if there is none."""
        return self._in_squares(after) or self._in_saturated(after) or self._in_inks(after)

    def _in_squares(self, after: Pixels) -> Moved | None:
        blocks = block_sums(after)
        for at in (0, 1):
            one, other = (
                _windows(part[at:, at:])[::2, ::2] / _SQUARE**2 for part in (self._blocks, blocks)
            )
            moved = _moved(one, other)
            for place in np.argwhere(moved > _PLAIN_LIMIT * self._scale):
                y, x = (int(corner) for corner in place * _SQUARE + at * BLOCK)
                rows = slice(max(0, y - BLOCK), y + _SQUARE + BLOCK)
                columns = slice(max(0, x - BLOCK), x + _SQUARE + BLOCK)
                far = moved[tuple(place)]
                if far > _LIMIT * self._scale or _is_plain(
                    self._before[rows, columns].reshape(-1, 3)
                ):
                    return Moved(x, y, _SQUARE**2, float(far))
        return None

    def _in_saturated(self, after: Pixels) -> Moved | None:
        moved = _moved(self._means, self._saturated(after))
        for number in np.flatnonzero(moved > self._limits):
            row, column, hue = (int(at[number]) for at in self._large)
            y, x = row * _SQUARE, column * _SQUARE
            around = self._before[y : y + 2 * _SQUARE, x : x + 2 * _SQUARE]
            wider = slice(max(0, x - _FRINGE), x + 2 * _SQUARE + _FRINGE)
            if _on_plain_ground(around, hue) and not _is_fringe(
                self._before[y : y + 2 * _SQUARE, wider], hue
            ):
                return Moved(x, y, int(self._counts[number]), float(moved[number]))
        return None

    def _in_inks(self, after: Pixels) -> Moved | None:
        columns = after.shape[1] // TILE
        for strip, (ink, tiles) in enumerate(zip(self._inks, _tiles(after), strict=True)):
            moved = ink.moved(tiles)
            for number in np.flatnonzero(moved > limits(ink.pixels, _INKS) * self._scale):
                row, column = divmod(int(ink.tiles[number]), columns)
                y = (strip * _STRIP_TILES + row) * TILE
                return Moved(column * TILE, y, int(ink.pixels[number]), float(moved[number]))
        return None

    def _saturated(self, pixels: Pixels) -> Values:
        """The means of `pixels` at the places with enough saturated pixels of one hue in the original: n x 3."""
        parts = []
        strips = self._strips or _strips(self._before)
        for one in strips:
            bands = pixels[one.rows].reshape(-1, 3).take(one.places, 0)
            # Floats hold these exactly: the sums of 64 pixels have 46 bits at most.
            sums = np.bincount(one.keys, bands @ np.exp2(_FIELDS), one.size)
            parts.append(sums.astype(np.int64))
        packed = _windows(self._squares(parts))[self._large]
        return np.asarray((packed[:, None] >> _FIELDS & 0xFFFF) / self._counts[:, None])

    def _squares(self, parts: list[Sums]) -> Sums:
        """The counts or sums in `parts` by square and hue: rows x columns x hues."""
        return np.concatenate(parts).reshape(-1, -(-self._before.shape[1] // _SQUARE), _HUES)


def _tiles(pixels: Pixels) -> Iterator[Pixels]:
    """The whole tiles of a picture, n x 16 x 16 x 3. They come some rows at a time."""
    height, width = (size // TILE * TILE for size in pixels.shape[:2])
    for top in range(0, height, _STRIP_TILES * TILE):
        rows = pixels[top : min(top + _STRIP_TILES * TILE, height), :width]
        yield tiles_of(rows).reshape(-1, TILE, TILE, 3)


def _windows(squares: NDArray[_Number]) -> NDArray[_Number]:
    """The sum of each 2 x 2 neighbouring squares."""
    across = squares[:, 1:] + squares[:, :-1]
    return across[1:] + across[:-1]


def _moved(one: Values, other: Values) -> Values:
    """CIEDE2000 between colours ... x 3; 0 if they are nearly the same."""
    moved = np.zeros(one.shape[:-1])
    noticed = np.abs(one - other).max(-1, initial=0) > _NOTICED
    moved[noticed] = ciede2000.distance(one[noticed], other[noticed])
    return moved


@dataclass(frozen=True, slots=True)
class _Strip:
    """The saturated pixels of some rows."""

    rows: slice
    places: NDArray[np.intp]  #: their indices among the pixels of these rows
    keys: NDArray[np.int32]  #: the square and the hue of each, as one number
    size: int  #: how many such numbers there are


def _strips(pixels: Pixels) -> Iterator[_Strip]:
    height, width = pixels.shape[:2]
    columns = -(-width // _SQUARE)
    rows = max(_SQUARE, _STRIP_PIXELS // width // _SQUARE * _SQUARE)
    squares = np.arange(rows, dtype=np.int32)[:, None] // _SQUARE * columns
    squares = (squares + np.arange(width, dtype=np.int32) // _SQUARE).ravel() * _HUES
    for top in range(0, height, rows):
        here = slice(top, min(top + rows, height))
        places, hues = _hues(pixels[here])
        size = -(-(here.stop - top) // _SQUARE) * columns * _HUES
        yield _Strip(here, places, squares[places] + hues, size)


def _hues(pixels: Pixels) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """The indices of the saturated pixels, and their hues. A hue is the order of the bands."""
    red, green, blue = (np.ascontiguousarray(pixels[..., band]).ravel() for band in range(3))
    spread = np.maximum(np.maximum(red, green), blue)
    spread -= np.minimum(np.minimum(red, green), blue)
    places = np.flatnonzero(spread >= _SATURATED)
    hues = (red >= green).view(np.uint8)
    hues += (green >= blue).view(np.uint8) << 1
    hues += (blue >= red).view(np.uint8) << 2
    return places, hues[places]


def _on_plain_ground(pixels: Pixels, hue: int) -> bool:
    """Whether the pixels around the saturated ones of a hue are plain."""
    places, hues = _hues(pixels)
    return _is_plain(np.delete(pixels.reshape(-1, 3), places[hues == hue], 0))


def _is_fringe(pixels: Pixels, hue: int) -> bool:
    """Whether most pixels of a hue have pixels of the opposite hue beside them in their row."""
    places, hues = _hues(pixels)
    own, opposite = (np.zeros(pixels.shape[:2], np.bool_) for _ in range(2))
    own.ravel()[places[hues == hue]] = True
    opposite.ravel()[places[np.bitwise_count(hues ^ np.uint8(hue)) >= 2]] = True
    padded = np.pad(opposite, ((0, 0), (_FRINGE, _FRINGE)))
    near = np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * _FRINGE + 1, 1).any(-1))
    return bool(2 * np.count_nonzero(own & near) >= np.count_nonzero(own))


def _is_plain(colours: Pixels) -> bool:
    """Whether most of `colours`, n x 3, are about the same."""
    if not len(colours):
        return True
    apart = np.abs(colours - np.median(colours, 0)).max(-1)
    return bool(np.count_nonzero(apart <= _PLAIN_LEVELS) >= _PLAIN * len(colours))
