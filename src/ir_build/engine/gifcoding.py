"""The pixels of one GIF frame: which of them to draw, and their LZW data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from . import giffile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .gifshown import Canvas

#: a run of pixels that are there already is drawn again if its colour changes less often: two
#: numbers that together find nearly all there is to gain
_CHANGES_IN_A_RUN = (2, 8)


def choices(colours: Canvas, free: NDArray[np.bool_]) -> Iterator[Canvas]:
    """The ways to draw `colours` that may be the shortest, 0 where nothing is drawn.

    `free` pixels look right without being drawn.
    """
    yield np.where(free, 0, colours)
    if free.any() and colours.any():
        yield colours
        changes, lengths = _runs(colours, free)
        for most in _CHANGES_IN_A_RUN:
            busy = np.repeat(changes >= most, lengths).reshape(free.shape)
            yield np.where(busy & free, 0, colours)


def _runs(colours: Canvas, free: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often the colour changes, and how many pixels there are, in each run of (not) free ones.

    Runs go along the rows, from one into the next.
    """
    flat, line = free.ravel(), colours.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = np.diff(starts, append=flat.size)
    turns = np.cumsum(np.diff(line, prepend=line[:1]) != 0)
    return turns[starts + lengths - 1] - turns[starts], lengths


def code_size(highest: int) -> int:
    """The minimum code size for indices up to this one."""
    return max(2, highest.bit_length())


def lzw(indices: NDArray[np.uint8], size: int) -> bytes:
    """The LZW data of these indices with a minimum code size, without sub-block lengths."""
    image = Image.fromarray(np.ascontiguousarray(indices))
    # Pillow's encoder leaves out the empty block at the end.
    codes, _ = giffile.joined(image.tobytes("gif", "L", size, 0) + b"\0", 0)
    return codes
