"""The pixels of one GIF frame: which of them are drawn, and their LZW data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from ...containers.gif_blocks import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    #: height x width places in a list of colours; they are bytes if the list is short enough
    Places = NDArray[np.uint8] | NDArray[np.uint16]

#: the quickest way of numpy to look up places that are known to be in a table
UNCHECKED: Literal["wrap"] = "wrap"

#: Ways to draw pixels that look right without being drawn. The first draws none of them, and the last draws
#: all. A number draws the runs in which the colour changes fewer times than that. The two numbers save 1 % of
#: 58 files, and more numbers hardly add to that:
#: `python benchmarks FOLDER --sweep gif.coding:WAYS "(0, 9223372036854775807)"`.
NONE, ALL = 0, sys.maxsize
WAYS = (NONE, 2, 8, ALL)


def drawn(
    places: Places, needed: NDArray[np.bool_], ways: Iterable[int]
) -> Iterator[NDArray[np.bool_] | None]:
    """The pixels to draw in each of these ways, height x width; None if all are drawn.

    Pixels that are not `needed` look right without being drawn.
    """
    runs: tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]] | None = None
    for way in ways:
        if way == ALL:
            yield None
        elif way == NONE:
            yield needed
        else:
            if runs is None:
                runs = _runs(places, needed)
            must, lengths, changes = runs
            yield np.repeat(must | (changes < way), lengths).reshape(needed.shape)


def _runs(
    places: Places, needed: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """For each run: whether its pixels are needed, how many they are, and how often their colour changes.

    In a run all pixels are needed, or none is. Runs go along the rows, from one row into the next.
    """
    flat, line = needed.ravel(), places.ravel()
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    lengths = np.diff(starts, append=flat.size)
    turns = np.zeros(flat.size, np.int32)
    np.cumsum(line[1:] != line[:-1], dtype=np.int32, out=turns[1:])
    return flat[starts], lengths, turns[starts + lengths - 1] - turns[starts]


def coded(
    places: Places,
    mask: NDArray[np.bool_] | None,
    table: NDArray[np.uint8],
    transparent: int,
    size: int,
) -> bytes:
    """The LZW data of the entries of `table` for `places`, with a minimum code size of `size` bits.

    Pixels where a mask is given and not set get the index `transparent` instead.
    """
    if mask is None:
        return lzw(np.take(table, places, mode=UNCHECKED), size)
    # A product makes zeros in a fraction of the time that a choice takes.
    indices = np.take(table ^ np.uint8(transparent), places, mode=UNCHECKED) * mask
    return lzw(indices ^ np.uint8(transparent), size)


def occurring(places: Places, mask: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """The values that occur, in rising order. If there is a mask, only pixels where it is set count."""
    if places.dtype == np.uint8:
        where = None if mask is None else Image.fromarray(mask.view(np.uint8))
        return np.flatnonzero(Image.fromarray(places).histogram(where))
    flat = places.ravel() if mask is None else places[mask]
    if not flat.size:
        return np.zeros(0, np.intp)
    # One pixel of each run is counted, because counting is slowest when equal values follow each other.
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]), flat.size - 1)
    return np.flatnonzero(np.bincount(flat[ends]))


def code_size(highest: int) -> int:
    """The minimum LZW code size, in bits, for indices up to this one (GIF89a, appendix F)."""
    return max(2, highest.bit_length())


def lzw(indices: NDArray[np.uint8], size: int) -> bytes:
    """The LZW data of indices, height x width, with a minimum code size in bits; without sub-block lengths."""
    image = Image.fromarray(np.ascontiguousarray(indices))
    return joined(image.tobytes("gif", "L", size, 0) + b"\0", 0)[0]
