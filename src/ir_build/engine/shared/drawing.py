"""A picture drawn in the colours of a palette that may grow, and in mixtures of two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...quality.pages import colours_of
from .colours import grouped, nearest, nearest_with_closeness, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from ...quality import Pixels
    from .colours import Strip

    Mask = npt.NDArray[np.bool_]
    #: the first and the second colour of each pair, and the share of the second, 0 to 0.5
    Mixtures = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]

# Rows of pixels that are made at a time. Not fitted: few rows take little memory, and the result is the same.
_ROWS = 256
# A palette lacks a colour when the colour's distance, times the root of the number of its pixels, is more
# than this. So it lacks one pixel that is 20 levels off, or a hundred that are two levels off.
# (10 and 40 came to 0.3 % more and 0.4 % fewer bytes of 20 PNG files:
# `python benchmarks FOLDER --sweep shared.drawing:_MISSED 10.0 40.0`.)
_MISSED = 20.0
# A mixture is made of two among so many nearest colours. `_LONG` is how much the distance between the two
# counts, because far colours make dots.
# (On 20 PNG files 6 and 24 came to the same bytes: `--sweep shared.drawing:_MIXED_OF 6 24`.)
_MIXED_OF, _LONG = 12, 0.15
# The square of the distance between two colours that are mixed, at most. The dots of farther colours are
# seen at the size of the screen. (Others: `--sweep shared.drawing:_FARTHEST_MIXED 256.0`. The benchmark's step
# "mixtures of two colours" says what all mixtures save: `--worth`.)
_FARTHEST_MIXED = 32.0**2
# 65,536 divided by g and by its square. g = 1.32472 is the plastic number. (R2: Roberts, "The Unreasonable
# Effectiveness of Quasirandom Sequences", 2018.)
_R2 = (49_471, 37_345)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A picture of indices into a palette."""

    indices: npt.NDArray[np.uint8]  #: height x width
    palette: Pixels  #: up to 256 colours x 4, with straight alpha

    def pixels(self, bands: int) -> Pixels:
        """The picture as height x width x `bands`, 3 or 4."""
        pixels = np.empty((*self.indices.shape, bands), np.uint8)
        for top in range(0, len(pixels), _ROWS):
            rows = slice(top, top + _ROWS)
            shown = np.take(self.palette.view(np.uint32), self.indices[rows]).view(np.uint8)
            shown = shown.reshape(*self.indices[rows].shape, 4)
            pixels[rows] = shown if bands == 4 else colours_of(shown)
        return pixels


class Drawing:
    """A picture whose pixels have the nearest colour of a palette each, or are part of a mixture."""

    def __init__(self, strips: Sequence[Strip], shape: tuple[int, int], palette: Pixels) -> None:
        """Draw a picture in `palette`, up to 256 colours x 4.

        `strips` are its colours, `shape` its height and width.
        """
        self._strips = strips
        self._indices = np.empty(shape, np.uint8)
        self._palette = np.ascontiguousarray(palette)
        found = [nearest_with_closeness(seen(strip.colours), seen(palette)) for strip in strips]
        self._nearest = [numbers.astype(np.uint8) for numbers, _ in found]
        self._closeness = [close for _, close in found]
        self._mixed = np.zeros(shape, np.bool_)
        self._draw(None)

    @property
    def indexed(self) -> Indexed:
        """The picture as it is drawn now."""
        return Indexed(self._indices, self._palette)

    @property
    def colours(self) -> int:
        """How many colours the palette has."""
        return len(self._palette)

    def add(self, colours: Pixels, within: Mask | None = None) -> None:
        """Put `colours`, n x 4, into the palette, and draw all pixels again.

        If `within`, height x width, is given, only these pixels are drawn.
        """
        start = len(self._palette)
        self._palette = np.concatenate([self._palette, colours])
        for number, strip in enumerate(self._strips):
            index, close = nearest_with_closeness(seen(strip.colours), seen(colours))
            nearer = close > self._closeness[number]
            self._nearest[number][nearer] = index[nearer] + start
            self._closeness[number][nearer] = close[nearer]
        self._draw(within)

    def mix(self, pixels: Mask) -> None:
        """Draw `pixels`, height x width, as mixtures of two colours from now on."""
        self._mixed |= pixels
        self._mix(pixels)

    def _mix(self, pixels: Mask) -> None:
        width = self._indices.shape[1]
        for strip, top, rows in self._by_rows():
            y, x = np.nonzero(pixels[top : top + rows])
            if len(y):
                colours, which = np.unique(
                    strip.indices.reshape(rows, width)[y, x], return_inverse=True
                )
                pairs = _mixtures(seen(strip.colours[colours]), seen(self._palette))
                self._indices[y + top, x] = _mixed(pairs, which, x, y + top)

    def missed(self, pixels: Mask, most: int, turn: int = 0) -> Pixels:
        """Up to `most` colours x 4 of `pixels`, height x width, that the palette is farthest from.

        Each `turn` takes colours that are half as far as those of the turn before.
        """
        found = []
        for strip, top, rows in self._by_rows():
            inside = pixels[top : top + rows].ravel()
            if inside.any():
                count = np.bincount(strip.indices[inside], minlength=len(strip.colours))
                found.append((strip.colours[count > 0], count[count > 0].astype(np.float64)))
        if not found:
            return self._palette[:0]
        colours, counts = grouped(
            np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
        )
        colours = colours.round()
        places, known = seen(colours), seen(self._palette)
        apart = np.linalg.norm(places - known[nearest(places, known)], axis=1)
        chosen: list[int] = []
        while len(chosen) < most:
            worst = int(np.argmax(apart * np.sqrt(counts)))
            if apart[worst] * np.sqrt(counts[worst]) < _MISSED / 2**turn:
                break
            chosen.append(worst)
            np.minimum(apart, np.linalg.norm(places - places[worst], axis=1), out=apart)
        return colours[chosen].astype(np.uint8)

    def _draw(self, within: Mask | None) -> None:
        for number, (strip, top, rows) in enumerate(self._by_rows()):
            part = self._indices[top : top + rows]
            drawn = self._nearest[number][strip.indices].reshape(part.shape)
            if within is None:
                part[:] = drawn
            else:
                np.copyto(part, drawn, where=within[top : top + rows])
        self._mix(self._mixed if within is None else self._mixed & within)

    def _by_rows(self) -> Iterator[tuple[Strip, int, int]]:
        """Each strip, its first row, and the number of its rows."""
        top = 0
        for strip in self._strips:
            rows = len(strip.indices) // self._indices.shape[1]
            yield strip, top, rows
            top += rows


def _mixed(
    pairs: Mixtures,
    which: npt.NDArray[np.int64],
    x: npt.NDArray[np.int64],
    y: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The index of the colour of each pixel, n. `x`, `y` and `which` are n; `which` has the number of its pair."""
    first, second, share = pairs
    # A low-discrepancy sequence: any few pixels in a row or a column have about the mean that is wanted.
    threshold = (x * _R2[0] + y * _R2[1] & 0xFFFF) / 65_536
    return np.where(share[which] > threshold, second[which], first[which])


def _mixtures(colours: npt.NDArray[np.float32], palette: npt.NDArray[np.float32]) -> Mixtures:
    """The mixture of two palette colours that comes nearest to each colour.

    `colours` n x 6 and `palette` m x 6 are points of `colours.seen`; m is at most 256.
    """
    near = min(_MIXED_OF, len(palette))
    firsts, seconds, shares = [], [], []
    for at in range(0, len(colours), 4096):
        some = colours[at : at + 4096]
        apart = np.zeros((len(some), len(palette)), np.float32)
        for here, there in zip(some.T, palette.T, strict=True):
            apart += np.square(here[:, None] - there)
        # The bits of floats that are not negative sort as the floats do. The numbers of the colours
        # are put below these bits. So no two keys are equal, and every machine sorts them alike.
        keys = apart.view(np.uint32).astype(np.uint64) << 8 | np.arange(
            len(palette), dtype=np.uint64
        )
        keys.sort(1)
        nearest = (keys[:, :near] & 0xFF).astype(np.int64)
        rows = np.arange(len(some))
        start = palette[nearest[:, 0]]
        to = palette[nearest] - start[:, None]
        length = np.square(to).sum(2)
        wanted = some - start
        share = np.divide(
            (to * wanted[:, None]).sum(2), length, out=np.zeros_like(length), where=length > 0
        )
        share = np.clip(share, 0, 0.5)
        left = np.square(wanted[:, None] - share[..., None] * to).sum(2) + _LONG**2 * share * length
        left[length > _FARTHEST_MIXED] = np.inf
        best = np.argmin(left.round(3), 1)
        firsts.append(nearest[:, 0])
        seconds.append(nearest[rows, best])
        shares.append(share[rows, best])
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(shares)
