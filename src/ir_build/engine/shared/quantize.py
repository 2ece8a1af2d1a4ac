"""Reduce a picture to a palette of any number of colours that looks as much like it as it can.

The quantiser that libvips brings along chooses 256 colours; colours merge by Ward's criterion
where fewer are asked for; k-means then moves each palette to where its colours are needed. Colours
count by how many pixels have them and how smooth it is around these, since that is where the eye,
and the score, see an error. The palette's colours then become exactly those of backgrounds, panels and
logos that are nearest to them: a picture has to match the page around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from PIL import Image

from ...quality.local_activity import activity
from . import dither

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ...quality import Pixels

    Weights = npt.NDArray[np.float64]

_MOST = 256
# Levels of activity up to which a pixel counts nearly as much as in a flat area.
_SMOOTH = 30.0
_ROUNDS = 3
# K-means looks at no more colours than this: nearly equal ones are taken together.
_BINS = 16_000
# Pixels whose colours are looked at together, and distances that are computed together.
_STRIP = 1 << 20
_DISTANCES = 1 << 22
# Pixels of a colour in flat areas and lines, as a share of all and at the least, from which it is kept
# exactly. At a quarter of that a gradient's steps are, too, and those are better off in their middle.
_KEPT_SHARE, _KEPT_PIXELS = 0.002, 16
# How far, times the root of how many pixels there are, a colour is from a palette that lacks it.
_MISSED = 20.0
# How the eye weighs differences of red, green and blue.
_EYE = np.array([0.8, 1.2, 0.6], np.float32)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A picture of indices into a palette."""

    indices: npt.NDArray[np.uint8]  #: height x width
    palette: Pixels  #: colours x 4, with straight alpha

    def pixels(self, bands: int) -> Pixels:
        """The picture as height x width x `bands`."""
        return self.palette[self.indices, :bands]


class Quantizer:
    """Palettes for one picture."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3, or x 4 with straight alpha."""
        self._shape = pixels.shape[:2]
        self._strips = list(_strips(pixels))
        colours, weights = _grouped(
            np.concatenate([strip.colours for strip in self._strips]),
            np.concatenate([strip.weights for strip in self._strips]),
        )
        self._kept = _kept(self._strips, pixels.shape[0] * pixels.shape[1])
        #: how many colours the picture has
        self.distinct = len(colours)
        #: whether the palette of most colours has all of them
        self.exact = self.distinct <= _MOST
        dropped = 0
        while len(colours) > _BINS:
            dropped += 1
            colours, weights = _grouped(colours, weights, dropped)
        self._colours, self._weights = colours, weights
        self._start = colours
        if not self.exact:
            self._start = self._refined(_chosen(pixels).astype(np.float64))
        nearest = _nearest(_place(colours), _place(self._start))
        counts = _sums(nearest, weights, len(self._start))
        #: how many colours there are at most
        self.colours = int(np.count_nonzero(counts))
        self._counts = counts
        self._merges = _merges(_place(self._start), counts)

    def palette(self, colours: int) -> Pixels:
        """At most `colours` colours x 4."""
        palette = self._start
        if colours < self.colours:
            palette = self._refined(self._merged(colours))
        return self._with_kept(palette).round().astype(np.uint8)

    def at(self, colours: int) -> Indexed:
        """The picture in at most `colours` colours."""
        return self.drawn(self.palette(colours))

    def drawn(self, palette: Pixels, dithered: npt.NDArray[np.bool_] | None = None) -> Indexed:
        """The picture in the colours of a palette; pixels that are `dithered` in two of them."""
        place = _place(palette)
        indices = np.concatenate(
            [
                _nearest(_place(strip.colours), place).astype(np.uint8)[strip.indices]
                for strip in self._strips
            ]
        ).reshape(self._shape)
        if dithered is not None:
            self._dither(indices, palette, dithered)
        return Indexed(indices, palette)

    def _dither(
        self, indices: npt.NDArray[np.uint8], palette: Pixels, dithered: npt.NDArray[np.bool_]
    ) -> None:
        """Draw some pixels in one or the other of two colours whose mixture is theirs."""
        width = indices.shape[1]
        top = 0
        for strip in self._strips:
            rows = len(strip.indices) // width
            y, x = np.nonzero(dithered[top : top + rows])
            if len(y):
                colours, which = np.unique(
                    strip.indices.reshape(rows, width)[y, x], return_inverse=True
                )
                pairs = dither.mixtures(_place(strip.colours[colours]), _place(palette))
                indices[y + top, x] = dither.drawn(pairs, which, x, y + top)
            top += rows

    def missed(
        self, palette: Pixels, pixels: npt.NDArray[np.bool_], most: int, turn: int = 0
    ) -> Pixels:
        """Up to `most` colours x 4 that these `pixels` have and a palette is farthest from."""
        found = []
        top = 0
        for strip in self._strips:
            inside = pixels.ravel()[top : top + len(strip.indices)]
            top += len(strip.indices)
            if inside.any():
                seen = np.bincount(strip.indices[inside], minlength=len(strip.colours))
                found.append((strip.colours[seen > 0], seen[seen > 0].astype(np.float64)))
        if not found:
            return palette[:0]
        colours, counts = _grouped(
            np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
        )
        colours = colours.round()
        places = _place(colours)
        known = _place(palette)
        apart = np.linalg.norm(places - known[_nearest(places, known)], axis=1)
        chosen: list[int] = []
        while len(chosen) < most:
            worst = int(np.argmax(apart * np.sqrt(counts)))
            if apart[worst] * np.sqrt(counts[worst]) < _MISSED / 2**turn:
                break
            chosen.append(worst)
            np.minimum(apart, np.linalg.norm(places - places[worst], axis=1), out=apart)
        return colours[chosen].astype(np.uint8)

    def _merged(self, colours: int) -> Weights:
        parent = np.arange(len(self._start))
        for gone, into in self._merges[: self.colours - colours]:
            parent[parent == gone] = into
        roots, parent = np.unique(parent[self._counts > 0], return_inverse=True)
        return _means(
            self._start[self._counts > 0], self._counts[self._counts > 0], parent, len(roots)
        )

    def _refined(self, palette: Weights) -> Weights:
        """`palette` after a few rounds of k-means; a colour that is nobody's nearest goes."""
        places = _place(self._colours)
        for _ in range(_ROUNDS):
            nearest = _nearest(places, _place(palette))
            used, nearest = np.unique(nearest, return_inverse=True)
            palette = _means(self._colours, self._weights, nearest, len(used))
        return palette

    def _with_kept(self, palette: Weights) -> Weights:
        """`palette` with the most frequent of the kept colours that are nearest to each of its own."""
        nearest = _nearest(_place(self._kept), _place(palette))
        taken, first = np.unique(nearest, return_index=True)
        exact = palette.copy()
        exact[taken] = self._kept[first]
        return exact


@dataclass(frozen=True, slots=True)
class _Strip:
    """The colours of some rows of a picture."""

    colours: Pixels  #: each colour once, x 4
    weights: Weights  #: of each
    steady: Weights  #: how many pixels of each are in a flat area or a line
    indices: npt.NDArray[np.uint32]  #: of each pixel's colour


def _strips(pixels: Pixels) -> Iterator[_Strip]:
    height, width, bands = pixels.shape
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        rgba = np.full((min(rows, height - top), width, 4), 255, np.uint8)
        rgba[..., :bands] = pixels[top : top + rows]
        # What cannot be seen takes no place in the palette.
        rgba[rgba[..., 3] == 0] = 0
        whole = _packed(rgba)
        packed, indices = np.unique(whole, return_inverse=True)
        weights = _sums(indices, 1 / (_SMOOTH + activity(rgba[..., :bands])).ravel(), len(packed))
        steady = _sums(indices, _steady(whole.reshape(rgba.shape[:2])).ravel(), len(packed))
        colours = packed.view(np.uint8).reshape(-1, 4)
        yield _Strip(colours, weights, steady, indices.ravel().astype(np.uint32))


def _steady(packed: npt.NDArray[np.uint32]) -> Weights:
    """1 where a pixel is like both beside it or like both above and below, else 0."""
    steady = np.zeros(packed.shape, np.bool_)
    across = packed[:, 1:] == packed[:, :-1]
    steady[:, 1:-1] = across[:, 1:] & across[:, :-1]
    down = packed[1:] == packed[:-1]
    steady[1:-1] |= down[1:] & down[:-1]
    return steady.astype(np.float64)


def _kept(strips: list[_Strip], pixels: int) -> Weights:
    """The opaque colours that flat areas and lines have, the most frequent first, x 4."""
    found = [(strip, (strip.steady > 0) & (strip.colours[:, 3] == 255)) for strip in strips]
    colours, counts = _grouped(
        np.concatenate([strip.colours[chosen] for strip, chosen in found]),
        np.concatenate([strip.steady[chosen] for strip, chosen in found]),
    )
    frequent = counts >= max(_KEPT_PIXELS, _KEPT_SHARE * pixels)
    colours, counts = colours[frequent].round(), counts[frequent]
    return colours[np.argsort(-counts, kind="stable")]


def _packed(colours: npt.NDArray[np.generic]) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(colours, np.uint8).view(np.uint32).ravel()


def _grouped(
    colours: npt.NDArray[np.generic], weights: Weights, dropped: int = 0
) -> tuple[Weights, Weights]:
    """Colours that are equal but for their `dropped` lowest bits as one, and their weights."""
    kept = np.asarray(colours, np.uint8) >> dropped
    groups, places = np.unique(_packed(kept), return_inverse=True)
    count = len(groups)
    return _means(colours, weights, places, count), _sums(places, weights, count)


def _sums(groups: npt.NDArray[np.int64], values: Weights, count: int) -> Weights:
    """The sum of `values` in each group."""
    return np.asarray(np.bincount(groups.ravel(), values, count), np.float64)


def _chosen(pixels: Pixels) -> Pixels:
    """A palette of at most 256 colours x 4, by the quantiser that libvips brings along."""
    height, width, bands = pixels.shape
    image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, bands, "uchar")
    packed = image.copy(interpretation="srgb").pngsave_buffer(
        palette=True, Q=100, dither=0, bitdepth=8, effort=7, compression=1, filter="none"
    )
    with Image.open(BytesIO(packed)) as opened:
        opened.load()
        opened.apply_transparency()
        return np.array(opened.getpalette("RGBA"), np.uint8).reshape(-1, 4)


def _place(colours: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Where colours are in a space whose distances are what the eye sees on black and white."""
    values = np.asarray(colours, np.float32)
    alpha = values[:, 3:]
    on_black = values[:, :3] * (alpha / 255)
    return np.hstack([on_black * _EYE, (on_black - alpha) * _EYE])


def _nearest(
    colours: npt.NDArray[np.float32], palette: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """For each of the colours the index of the nearest in the palette, both as places."""
    nearest = np.empty(len(colours), np.int64)
    half = np.square(palette).sum(1) / 2
    step = _DISTANCES // len(palette)
    for at in range(0, len(colours), step):
        nearest[at : at + step] = np.argmax(colours[at : at + step] @ palette.T - half, 1)
    return nearest


def _means(
    colours: npt.NDArray[np.generic], weights: Weights, groups: npt.NDArray[np.int64], count: int
) -> Weights:
    """The mean colour of each group; transparent ones lend it no colour."""
    values = np.asarray(colours, np.float64)
    seen = weights * values[:, 3]
    alpha = _sums(groups, seen, count)
    means = np.zeros((count, 4))
    for band in range(3):
        sums = _sums(groups, seen * values[:, band], count)
        np.divide(sums, alpha, out=means[:, band], where=alpha > 0)
    means[:, 3] = alpha / _sums(groups, weights, count)
    return means


def _merges(place: npt.NDArray[np.float32], counts: Weights) -> list[tuple[int, int]]:
    """Pairs of colours, the second taking in the first, by Ward's criterion."""
    place = place.astype(np.float64)
    weight = counts.copy()
    alive = weight > 0
    merges = []
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.square(place[:, None] - place[None]).sum(2)
        cost = np.sqrt(weight[:, None] * weight[None] / (weight[:, None] + weight[None])) * apart
        cost[~alive] = np.inf
        cost[:, ~alive] = np.inf
        np.fill_diagonal(cost, np.inf)
        for _ in range(int(alive.sum()) - 1):
            into, gone = divmod(int(np.argmin(cost)), len(place))
            merges.append((gone, into))
            total = weight[into] + weight[gone]
            place[into] = (place[into] * weight[into] + place[gone] * weight[gone]) / total
            weight[into] = total
            cost[gone] = np.inf
            cost[:, gone] = np.inf
            row = np.sqrt(weight * total / (weight + total)) * np.square(place - place[into]).sum(1)
            row[np.isinf(cost[into])] = np.inf
            cost[into] = row
            cost[:, into] = row
    return merges
