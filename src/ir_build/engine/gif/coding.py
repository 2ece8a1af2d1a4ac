"""The pixels of one GIF frame: which of them to draw, and their LZW data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...containers.gif_blocks import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    #: places in a list of colours, in bytes where it is short enough
    Places = NDArray[np.uint8] | NDArray[np.uint16]

#: Ways to draw pixels that look right without being drawn. Each draws more of them: none, those of
#: runs in which the colour changes less often than so, all. The two numbers between none and all save
#: 1 % of 58 files; more of them hardly add to that.
NONE, ALL = 0, sys.maxsize
WAYS = (NONE, 2, 8, ALL)
#: Pixels from which on a table of pairs saves time.
_PAIRED = 50_000


def drawn(
    places: Places, needed: NDArray[np.bool_], ways: Iterable[int]
) -> Iterator[NDArray[np.bool_] | None]:
    """The pixels to draw in each of these ways, None for all.

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
    """For each run of pixels that are needed or not: which, how many, how often the colour changes.

    Runs go along the rows, from one into the next.
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
    """The LZW data, with a minimum code size, of the entry of `table` for each of `places`.

    Where there is a mask and it is not set, of `transparent`.
    """
    if mask is None:
        indices = looked_up(table, places)
    else:
        # A product can make zeros. It takes a fraction of the time of a choice.
        indices = looked_up(table ^ np.uint8(transparent), places) * mask
        indices ^= np.uint8(transparent)
    return lzw(indices, size)


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
    # Two at a time, because numpy takes long for each.
    pairs = np.empty((256, 256, 2), np.uint16)
    lower, higher = (0, 1) if sys.byteorder == "little" else (1, 0)
    pairs[..., lower], pairs[..., higher] = table, table[:, None]
    flat = places.ravel()
    if flat.size % 2:
        flat = np.append(flat, np.uint8(0))
    found = np.take(pairs.view(np.uint32).ravel(), flat.view(np.uint16), mode="clip")
    return found.view(np.uint16)[: places.size].reshape(places.shape)


def occurring(places: Places, mask: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """The values that occur, where the mask is set if there is one, in rising order."""
    if places.dtype == np.uint8:
        where = None if mask is None else Image.fromarray(mask.view(np.uint8))
        return np.flatnonzero(Image.fromarray(places).histogram(where))
    flat = places.ravel() if mask is None else places[mask]
    if not flat.size:
        return np.zeros(0, np.intp)
    # One of each run, because counting takes longest where equal ones follow each other.
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
        return full[:, 1:].tobytes() + joined(blocks[full.size :] + b"\0", 0)[0]
    return joined(blocks + b"\0", 0)[0]
