"""The pixels of one GIF frame: which of them to draw, and their LZW data."""

from __future__ import annotations

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


def drawn(colours: Places, free: NDArray[np.bool_], ways: Iterable[int]) -> Iterator[Places]:
    """`colours` drawn in each of these ways, 0 where nothing is drawn.

    `free` pixels look right without being drawn.
    """
    changes = lengths = None
    for way in ways:
        if way == ALL:
            yield colours
            continue
        left = free
        if way != NONE:
            if changes is None or lengths is None:
                changes, lengths = _runs(colours, free)
            busy = np.repeat(changes >= _CHANGES_IN_A_RUN[way], lengths).reshape(free.shape)
            left = busy & free
        # A product is formed several times as fast as a choice is made.
        yield colours * ~left


def choices(colours: Places, free: NDArray[np.bool_]) -> tuple[int, ...]:
    """The ways to draw `colours` that may be the shortest."""
    return (NONE, ALL, *_CHANGES_IN_A_RUN) if free.any() and colours.any() else (NONE,)


def _runs(colours: Places, free: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often the colour changes, and how many pixels there are, in each run of (not) free ones.

    Runs go along the rows, from one into the next.
    """
    flat, line = free.ravel(), colours.ravel()
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    lengths = np.diff(starts, append=flat.size)
    turns = np.flatnonzero(line[1:] != line[:-1]) + 1
    # The first pixel of a run is compared to none before it.
    before, after = (
        np.searchsorted(turns, places, side="right") for places in (starts, starts + lengths - 1)
    )
    return after - before, lengths


def looked_up(table: NDArray[np.uint8], places: Places) -> NDArray[np.uint8]:
    """The entry of `table` for each of `places`; of bytes four times as fast as by numpy's way."""
    if places.dtype != np.uint8:
        return np.take(table, places, mode="clip")
    found = places.tobytes().translate(table.tobytes().ljust(256, b"\0"))
    return np.frombuffer(found, np.uint8).reshape(places.shape)


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
