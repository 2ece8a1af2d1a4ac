"""The colours of a picture, how far apart they look, and the nearest of a palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...quality.local_activity import activity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ...quality import Pixels

    Weights = npt.NDArray[np.float64]
    Seen = npt.NDArray[np.float32]

# The weight of a pixel is 1 / (this + the activity around it, 0 to 255), because an error is seen less where
# more happens. With 10 single files came out up to 28 % larger or 9 % smaller, but the sum of 90 PNG files
# changed by less than 0.2 %: `python benchmarks FOLDER --sweep shared.colours:_SMOOTH 10.0`.
_SMOOTH = 30.0
# Pixels whose colours are looked at together, and distances that are computed together. Each bounds the
# memory to some 20 MB. Not fitted: the result does not depend on them, except for ties.
_STRIP = 1 << 20
_DISTANCES = 1 << 22
# How much a level of red, green and blue is seen: about the square roots of their weights in luma. (ITU-R
# BT.601 has 0.299, 0.587 and 0.114. Their roots are 0.86, 1.2 and 0.53, with green as here.)
_EYE = np.array([0.8, 1.2, 0.6], np.float32)


@dataclass(frozen=True, slots=True)
class Strip:
    """The colours of some rows of a picture."""

    colours: Pixels  #: each colour once, n x 4
    weights: Weights  #: how much each colour counts, n
    steady: Weights  #: how many pixels of each colour are in a flat area or a line, n
    flat: Weights  #: how many pixels of each colour equal all four pixels beside them, n
    indices: npt.NDArray[np.uint32]  #: for each pixel the place of its colour, row by row


def strips(pixels: Pixels) -> Iterator[Strip]:
    """The colours of `pixels`, height x width x 3, or x 4 with straight alpha, by groups of rows."""
    height, width, bands = pixels.shape
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        rgba = np.full((min(rows, height - top), width, 4), 255, np.uint8)
        # To copy band by band is far quicker than to copy three bytes out of four.
        for band in range(bands):
            rgba[..., band] = pixels[top : top + rows, :, band]
        # Colours that nobody sees take no place in the palette.
        rgba[rgba[..., 3] == 0] = 0
        shown = rgba if bands == 4 else pixels[top : top + rows]
        whole = packed(rgba)
        # Drawings and screenshots are made of runs of one colour. They have far fewer runs than pixels.
        starts = np.flatnonzero(np.concatenate([[True], whole[1:] != whole[:-1]]))
        found, numbers = np.unique(whole[starts], return_inverse=True)
        indices = np.repeat(numbers.astype(np.uint32), np.diff(np.append(starts, whole.size)))
        weights = sums(indices, 1 / (_SMOOTH + activity(shown)).ravel(), len(found))
        across, down = _like_both(whole.reshape(rgba.shape[:2]))
        steady, flat = (
            sums(indices, where.ravel().astype(np.float64), len(found))
            for where in (across | down, across & down)
        )
        yield Strip(found.view(np.uint8).reshape(-1, 4), weights, steady, flat, indices)


def grouped(
    colours: npt.NDArray[np.generic], weights: Weights, dropped: int = 0
) -> tuple[Weights, Weights]:
    """The mean colours m x 4 and the summed weights m of groups of `colours` n x 4 with `weights` n.

    Colours are in one group when they are equal without their `dropped` lowest bits.
    """
    kept = np.asarray(colours, np.uint8) >> dropped
    groups, numbers = np.unique(packed(kept), return_inverse=True)
    count = len(groups)
    return means(colours, weights, numbers, count), sums(numbers, weights, count)


def sums(groups: npt.NDArray[np.integer], values: Weights, count: int) -> Weights:
    """The sum of `values` in each of `count` groups. `groups` has the number of the group of each value."""
    return np.asarray(np.bincount(groups.ravel(), values, count), np.float64)


def means(
    colours: npt.NDArray[np.generic], weights: Weights, groups: npt.NDArray[np.int64], count: int
) -> Weights:
    """The mean colour of each of `count` groups, count x 4.

    `colours` are n x 4, `weights` and `groups` n. A transparent colour counts for the mean alpha only.
    """
    values = np.asarray(colours, np.float64)
    seen = weights * values[:, 3]
    alpha = sums(groups, seen, count)
    mean = np.zeros((count, 4))
    for band in range(3):
        total = sums(groups, seen * values[:, band], count)
        np.divide(total, alpha, out=mean[:, band], where=alpha > 0)
    mean[:, 3] = alpha / sums(groups, weights, count)
    return mean


def seen(colours: npt.NDArray[np.generic]) -> Seen:
    """Colours n x 4 as points n x 6 in a space whose distances are about those that the eye sees.

    Three dimensions are the colour on black, and three are the colour on white.
    """
    values = np.asarray(colours, np.float32)
    alpha = values[:, 3:]
    on_black = values[:, :3] * (alpha / 255)
    return np.hstack([on_black * _EYE, (on_black - alpha) * _EYE])


def nearest(colours: Seen, palette: Seen) -> npt.NDArray[np.int64]:
    """The index of the nearest palette colour for each colour, n. Both are points of `seen`."""
    return nearest_with_closeness(colours, palette)[0]


def nearest_with_closeness(
    colours: Seen, palette: Seen
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The same, and how close the nearest one is. Of two numbers for one colour the larger is closer."""
    found = np.empty(len(colours), np.int64)
    closeness = np.empty(len(colours), np.float32)
    half = np.square(palette).sum(1) / 2
    step = max(1, _DISTANCES // len(palette))
    for at in range(0, len(colours), step):
        close = colours[at : at + step] @ palette.T - half
        best = np.argmax(close, 1)
        found[at : at + step] = best
        closeness[at : at + step] = close[np.arange(len(best)), best]
    return found, closeness


def packed(colours: npt.NDArray[np.generic]) -> npt.NDArray[np.uint32]:
    """Colours ... x 4 as one number each, in one dimension."""
    return np.ascontiguousarray(colours, np.uint8).view(np.uint32).ravel()


def _like_both(
    colours: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether pixels equal both beside them, and whether they equal both above and below, height x width."""
    beside, above = np.zeros((2, *colours.shape), np.bool_)
    across = colours[:, 1:] == colours[:, :-1]
    beside[:, 1:-1] = across[:, 1:] & across[:, :-1]
    down = colours[1:] == colours[:-1]
    above[1:-1] = down[1:] & down[:-1]
    return beside, above
