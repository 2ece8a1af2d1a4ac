"""The pixels of one GIF frame: which of them to draw, and their LZW data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from . import giffile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    #: places in a list of colours, in bytes where it is short enough
    Places = NDArray[np.uint8] | NDArray[np.uint16]

#: a run of pixels that are there already is drawn again if its colour changes less often: two
#: numbers that together find nearly all there is to gain
_CHANGES_IN_A_RUN = (2, 8)
_NONE = np.uint8(0)


def choices(colours: Places, free: NDArray[np.bool_]) -> Iterator[Places]:
    """The ways to draw `colours` that may be the shortest, 0 where nothing is drawn.

    `free` pixels look right without being drawn.
    """
    yield np.where(free, _NONE, colours)
    if free.any() and colours.any():
        yield colours
        changes, lengths = _runs(colours, free)
        for most in _CHANGES_IN_A_RUN:
            busy = np.repeat(changes >= most, lengths).reshape(free.shape)
            yield np.where(busy & free, _NONE, colours)


def _runs(colours: Places, free: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often the colour changes, and how many pixels there are, in each run of (not) free ones.

    Runs go along the rows, from one into the next.
    """
    flat, line = free.ravel(), colours.ravel()
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    lengths = np.diff(starts, append=flat.size)
    turns = np.zeros(line.size, np.int32)
    np.cumsum(line[1:] != line[:-1], out=turns[1:])
    return turns[starts + lengths - 1] - turns[starts], lengths


def looked_up(table: NDArray[np.uint8], places: Places) -> NDArray[np.uint8]:
    """The entry of `table` for each of `places`; of bytes four times as fast as by numpy's way."""
    if places.dtype != np.uint8:
        return np.take(table, places, mode="clip")
    found = places.tobytes().translate(table.tobytes().ljust(256, b"\0"))
    return np.frombuffer(found, np.uint8).reshape(places.shape)


def counted(places: Places) -> NDArray[np.int64]:
    """How often each place occurs."""
    if places.dtype != np.uint8:
        return np.bincount(places.ravel())
    return np.array(Image.fromarray(places).histogram())


def code_size(highest: int) -> int:
    """The minimum code size for indices up to this one."""
    return max(2, highest.bit_length())


def lzw(indices: NDArray[np.uint8], size: int) -> bytes:
    """The LZW data of these indices with a minimum code size, without sub-block lengths."""
    image = Image.fromarray(np.ascontiguousarray(indices))
    # Pillow's encoder leaves out the empty block at the end.
    codes, _ = giffile.joined(image.tobytes("gif", "L", size, 0) + b"\0", 0)
    return codes
