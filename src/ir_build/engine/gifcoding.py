"""The pixels of one GIF frame: which of them to draw, and their LZW data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from . import giffile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    #: places in a list of colours, in bytes where it is short enough
    Places = NDArray[np.uint8] | NDArray[np.uint16]

#: ways to draw pixels that look right without being drawn: none, all, or those of runs in which
#: the colour changes less often; two numbers that together find nearly all there is to gain
NONE, ALL = 0, 1
_CHANGES_IN_A_RUN = {2: 2, 3: 8}
#: pixels from which on it pays to make a table of pairs
_PAIRED = 50_000


def drawn(colours: Places, needed: NDArray[np.bool_], ways: Iterable[int]) -> Iterator[Places]:
    """`colours` drawn in each of these ways, 0 where nothing is drawn.

    Pixels that are not `needed` look right without being drawn.
    """
    runs: tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]] | None = None
    for way in ways:
        if way == ALL:
            yield colours
        elif way == NONE:
            # A product is formed several times as fast as a choice is made.
            yield colours * needed
        else:
            if runs is None:
                runs = _runs(colours, needed)
            must, lengths, changes = runs
            chosen = np.repeat(must | (changes < _CHANGES_IN_A_RUN[way]), lengths)
            yield colours * chosen.reshape(needed.shape)


def choices(colours: Places, needed: NDArray[np.bool_]) -> tuple[int, ...]:
    """The ways to draw `colours` that may be the shortest."""
    return (NONE, ALL, *_CHANGES_IN_A_RUN) if colours.any() and not needed.all() else (NONE,)


def _runs(
    colours: Places, needed: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """For each run of pixels that are needed or not: which, how many, how often the colour changes.

    Runs go along the rows, from one into the next.
    """
    flat, line = needed.ravel(), colours.ravel()
    turned = line[1:] != line[:-1]
    turns = np.flatnonzero(turned) + 1
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    before = np.searchsorted(turns, starts, side="right")
    changes = np.diff(before, append=turns.size)
    # The first pixel of a run is compared to none before it.
    changes[:-1] -= turned[starts[1:] - 1]
    return flat[starts], np.diff(starts, append=flat.size), changes


def looked_up(table: NDArray[np.uint8], places: Places) -> NDArray[np.uint8]:
    """The entry of `table` for each of `places`; of bytes four times as fast as by numpy's way."""
    if places.dtype != np.uint8:
        return np.take(table, places, mode="clip")
    found = places.tobytes().translate(table.tobytes().ljust(256, b"\0"))
    return np.frombuffer(found, np.uint8).reshape(places.shape)


def numbered(table: NDArray[np.uint16], places: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The entry of `table`, which has 256, for each of `places`."""
    if places.size < _PAIRED:
        return np.take(table, places, mode="clip")
    # Two at a time: numpy is slow at each.
    pairs = np.empty((256, 256, 2), np.uint16)
    lower, higher = (0, 1) if sys.byteorder == "little" else (1, 0)
    pairs[..., lower], pairs[..., higher] = table, table[:, None]
    flat = places.ravel()
    if flat.size % 2:
        flat = np.append(flat, np.uint8(0))
    found = np.take(pairs.view(np.uint32).ravel(), flat.view(np.uint16), mode="clip")
    return found.view(np.uint16)[: places.size].reshape(places.shape)


def occurring(values: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.intp]:
    """The values that occur, in rising order."""
    flat = values.ravel()
    # One of each run: counting takes longest where equal ones follow each other.
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]), flat.size - 1)
    return np.flatnonzero(np.bincount(flat[ends]))


def code_size(highest: int) -> int:
    """The minimum code size for indices up to this one."""
    return max(2, highest.bit_length())


def lzw(indices: NDArray[np.uint8], size: int) -> bytes:
    """The LZW data of these indices with a minimum code size, without sub-block lengths."""
    image = Image.fromarray(np.ascontiguousarray(indices))
    blocks = image.tobytes("gif", "L", size, 0)
    # All blocks but the last are full: 255 bytes after their length.
    full = np.frombuffer(blocks, np.uint8, len(blocks) // 256 * 256).reshape(-1, 256)
    if (full[:, 0] == 255).all():
        # The empty block at the end is left out.
        return full[:, 1:].tobytes() + giffile.joined(blocks[full.size :] + b"\0", 0)[0]
    return giffile.joined(blocks + b"\0", 0)[0]
