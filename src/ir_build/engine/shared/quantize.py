"""Palettes of any number of colours in which a picture looks as much like itself as it can.

The quantiser of libvips chooses 256 colours. If fewer are asked for, colours are merged by Ward's criterion
(J. H. Ward, "Hierarchical Grouping to Optimize an Objective Function", 1963). Then k-means moves each
colour to where it is needed. A colour counts for more when it has more pixels, and when the picture is
smooth around these: the eye and the score see an error there. At last, palette colours that are nearest to
those of backgrounds, panels and logos become exactly these. So the picture matches the page around it.

The numbers were chosen by eye and by bytes on PNG files of documentation sites. They are not critical.
Others make single files up to a quarter larger or smaller, because a colour more or less decides which
palette reaches the score. But the sum of 70 files changes by less than 2 %.
`python benchmarks FOLDER --sweep shared.quantize:NAME VALUE` tries others.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from PIL import Image

from .colours import grouped, means, nearest, packed, seen, strips, sums

if TYPE_CHECKING:
    from ...quality import Pixels
    from .colours import Seen, Strip, Weights

_MOST = 256  # colours, the most that PNG and GIF hold
_ROUNDS = 3  # of k-means. One or six change the sum of the files no more than chance does.
# libvips chooses a palette for a picture. It gets a picture of about so many pixels, with so many in a row.
_DRAWN, _DRAWN_WIDTH = 200_000, 256
# The number of these pixels that a colour gets grows with its weight to this power. So rare colours count
# for more there. k-means counts the whole weight afterwards.
_DAMPED = 0.75
# k-means looks at no more colours than this. Nearly equal colours are taken together. (4,000 made the same
# bytes, in 8 % less CPU.)
_BINS = 8_000
# A colour is kept exactly if this share of all pixels has it in flat areas and lines, and at least so many
# pixels. At a quarter of the share the steps of gradients would be kept, too. These look better when a
# palette colour is in the middle between two of them.
_KEPT_SHARE, _KEPT_PIXELS = 0.002, 16
# A colour of so many pixels inside flat areas is kept in a picture of any size, as a part of a logo. (`Letters
# of a logo` of docs/places.md: `python benchmarks --places docs/places`.)
_FLAT_PIXELS = 48


class Quantizer:
    """Palettes for one picture."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3, or x 4 with straight alpha."""
        #: the colours of the picture, by groups of rows
        self.strips = list(strips(pixels))
        colours, weights = grouped(
            np.concatenate([strip.colours for strip in self.strips]),
            np.concatenate([strip.weights for strip in self.strips]),
        )
        self._kept = _kept(self.strips, pixels.shape[0] * pixels.shape[1])
        #: how many colours the picture has
        self.distinct = len(colours)
        #: whether the largest palette has all of them
        self.exact = self.distinct <= _MOST
        dropped = 0
        while len(colours) > _BINS:
            dropped += 1
            colours, weights = grouped(colours, weights, dropped)
        self._colours, self._weights = colours, weights
        self._start = colours
        if not self.exact:
            self._start = self._refined(_chosen(colours, weights).astype(np.float64))
        of_colours = nearest(seen(colours), seen(self._start))
        counts = sums(of_colours, weights, len(self._start))
        #: how many colours the largest palette has
        self.colours = int(np.count_nonzero(counts))
        self._counts = counts
        self._merges = _merges(seen(self._start), counts)
        self._palettes: dict[int, Pixels] = {}

    def palette(self, colours: int) -> Pixels:
        """The palette of at most `colours` colours: n x 4, with straight alpha."""
        if colours not in self._palettes:
            self._palettes[colours] = self._made(colours)
        return self._palettes[colours]

    def _made(self, colours: int) -> Pixels:
        palette = self._start
        if colours < self.colours:
            palette = self._refined(self._merged(colours))
        return self._with_kept(palette).round().astype(np.uint8)

    def _merged(self, colours: int) -> Weights:
        parent = np.arange(len(self._start))
        for gone, into in self._merges[: self.colours - colours]:
            parent[parent == gone] = into
        roots, parent = np.unique(parent[self._counts > 0], return_inverse=True)
        return means(
            self._start[self._counts > 0], self._counts[self._counts > 0], parent, len(roots)
        )

    def _refined(self, palette: Weights) -> Weights:
        """`palette` after some rounds of k-means. A colour that is nearest to no other is dropped."""
        places = seen(self._colours)
        for _ in range(_ROUNDS):
            used, numbers = np.unique(nearest(places, seen(palette)), return_inverse=True)
            palette = means(self._colours, self._weights, numbers, len(used))
        return palette

    def _with_kept(self, palette: Weights) -> Weights:
        """`palette` with some of its colours made exact: equal to the most frequent kept colour near them."""
        taken, first = np.unique(nearest(seen(self._kept), seen(palette)), return_index=True)
        exact = palette.copy()
        exact[taken] = self._kept[first]
        return exact


def _kept(parts: list[Strip], pixels: int) -> Weights:
    """The opaque colours of flat areas and lines, n x 4, the most frequent first."""
    found = [(strip, (strip.steady > 0) & (strip.colours[:, 3] == 255)) for strip in parts]
    groups, numbers = np.unique(
        packed(np.concatenate([strip.colours[chosen] for strip, chosen in found])),
        return_inverse=True,
    )
    counts, flat = (
        sums(numbers, np.concatenate(weights), len(groups))
        for weights in zip(
            *((strip.steady[chosen], strip.flat[chosen]) for strip, chosen in found), strict=True
        )
    )
    frequent = counts >= max(_KEPT_PIXELS, _KEPT_SHARE * pixels)
    frequent |= flat >= _FLAT_PIXELS
    colours, counts = groups.view(np.uint8).reshape(-1, 4)[frequent], counts[frequent]
    return colours[np.argsort(-counts, kind="stable")].astype(np.float64)


def _chosen(colours: Weights, weights: Weights) -> Pixels:
    """A palette of at most 256 colours x 4, by the quantiser of libvips."""
    # The quantiser counts pixels. So it gets a small picture that has a heavy colour more often.
    weights = weights**_DAMPED
    times = np.ceil(weights * (_DRAWN / weights.sum())).astype(np.int64)
    drawn = np.repeat(colours.round().astype(np.uint8), times, axis=0)
    rows = -(-len(drawn) // _DRAWN_WIDTH)
    drawn = np.resize(drawn, (rows, _DRAWN_WIDTH, 4))
    image = pyvips.Image.new_from_memory(drawn.tobytes(), _DRAWN_WIDTH, rows, 4, "uchar")
    packed = image.copy(interpretation="srgb").pngsave_buffer(
        palette=True, Q=100, dither=0, bitdepth=8, effort=7, compression=1, filter="none"
    )
    with Image.open(BytesIO(packed)) as opened:
        opened.load()
        opened.apply_transparency()
        return np.array(opened.getpalette("RGBA"), np.uint8).reshape(-1, 4)


def _merges(place: Seen, counts: Weights) -> list[tuple[int, int]]:
    """Pairs of colours to merge, in this order, by Ward's criterion. The second one takes in the first."""
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
