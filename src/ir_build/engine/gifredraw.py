"""A GIF drawn anew: each frame only where it changes, with colour tables shared and cut down."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from . import gifchanges, gifcoding
from .giffile import Control
from .gifshown import Screen, Unclear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .gifchanges import Box, Change
    from .gifcoding import Places
    from .giffile import Frame, GifFile
    from .gifshown import Canvas

#: pixels of all changes that are held in memory at a time
_HELD = 100_000_000
#: pixels from which on the ways to draw a change are tried on strips of it: so many rows of as many
_TRIED_WHOLE = 20_000
_STRIP, _EVERY = 8, 8
#: ways that on the strips come so near to the best one are tried on all
_CLOSE = 1.01
#: colour tables among which those are searched that go together
_COMPARED = 300


@dataclass(frozen=True)
class _Drawing:
    """A frame with its pixels decided on."""

    box: Box
    disposal: int
    #: places in `numbers`, 0 where nothing is drawn
    places: Places
    #: of colours, in rising order, the first of them 0
    numbers: NDArray[np.intp]
    #: those that occur
    used: tuple[int, ...]

    @cached_property
    def codes(self) -> bytes:
        """Coded with no more colours than it needs."""
        return _coded(self.places, self.numbers, self.used)

    @property
    def size(self) -> int:
        """Bytes of the codes and of a table for them."""
        return len(self.codes) + _table_bytes(len(self.used))


def redraw(file: GifFile, *, thorough: bool) -> GifFile:
    """The file with the same canvas after each frame. Raises `CorruptFile` and `Unclear`.

    `thorough` tries the ways to draw a frame on all of it.
    """
    screen = Screen(file)
    drawings = []
    held = 0
    for change in gifchanges.changes(file, screen):
        drawings.append(_shortest(change, thorough=thorough))
        held += drawings[-1].places.size
        if held > _HELD:
            raise Unclear("too much changes")
    palette = screen.colours
    shared = _shared([drawing.used for drawing in drawings], palette)
    frames = tuple(
        _frame(frame, drawing, shared, palette)
        for frame, drawing in zip(file.frames, drawings, strict=True)
    )
    return replace(file, table=_table(shared, palette), frames=frames, background=0)


def _shortest(change: Change, *, thorough: bool) -> _Drawing:
    """The best way to draw a change."""
    numbers = _numbers(change.colours)
    # Bytes are looked up and counted in a third of the time.
    table = np.zeros(int(numbers[-1]) + 1, np.uint8 if len(numbers) <= 256 else np.uint16)
    table[numbers] = np.arange(len(numbers))
    places = np.take(table, change.colours, mode="clip")
    rows = slice(None) if thorough or places.size < _TRIED_WHOLE else _sample(len(places))
    ways = gifcoding.choices(places, change.free)
    sizes = dict.fromkeys(ways, 0)
    if len(ways) > 1:
        tried: dict[int, Places] = {}
        for way, some in zip(
            ways, gifcoding.drawn(places[rows], change.free[rows], ways), strict=True
        ):
            same = next((one for one in tried if np.array_equal(tried[one], some)), None)
            if same is not None:
                sizes[way] = sizes[same]
                continue
            tried[way] = some
            used = _used(some, numbers, change)
            fits = len(used) <= 256
            size = (
                len(_coded(some, numbers, used)) + _table_bytes(len(used)) if fits else sys.maxsize
            )
            sizes[way] = size
    ways = tuple(sorted(ways, key=sizes.__getitem__))
    best: _Drawing | None = None
    for way, all_ in zip(ways, gifcoding.drawn(places, change.free, ways), strict=True):
        if best is not None and sizes[way] > _CLOSE * min(sizes.values()):
            break
        if best is not None and np.array_equal(all_, best.places):
            continue
        used = _used(all_, numbers, change)
        if len(used) <= 256:
            drawing = _Drawing(change.box, change.disposal, all_, numbers, used)
            best = drawing if best is None or drawing.size < best.size else best
    if best is None:
        raise Unclear("a frame of more than 256 colours")
    return best


def _sample(height: int) -> NDArray[np.intp]:
    """The rows of a few strips, on which the ways to draw a change compare as on all."""
    return np.flatnonzero(np.arange(height) // _STRIP % _EVERY == 0)


def _used(places: Places, numbers: NDArray[np.intp], change: Change) -> tuple[int, ...]:
    """The numbers that a table for these places must have."""
    used = numbers[gifcoding.occurring(places)].tolist()
    return (0, *used) if change.uncovers and used[0] else tuple(used)


def _numbers(colours: Canvas) -> NDArray[np.intp]:
    """The numbers that occur, and 0."""
    numbers = gifcoding.occurring(colours)
    return numbers if numbers[0] == 0 else np.append(0, numbers)


def _shared(palettes: Sequence[tuple[int, ...]], palette: NDArray[np.uint8]) -> tuple[int, ...]:
    """The colours of a table that serves as many frames as can be, those of most frames first."""
    waiting = Counter(palettes)
    union: set[int] = set()
    frames: Counter[int] = Counter()
    candidates = sorted(waiting, key=len)[:_COMPARED]
    while candidates:
        # What is saved for each place that is taken, as if there were one for all to share.
        worth = [
            waiting[used] * _table_bytes(len(used)) / (1 + len(union.union(used)) - len(union))
            for used in candidates
        ]
        used = candidates.pop(max(range(len(worth)), key=worth.__getitem__))
        if len(union.union(used)) <= 256:
            union.update(used)
            frames.update(dict.fromkeys(used, waiting[used]))
    return tuple(sorted(union, key=lambda number: (-frames[number], *palette[number].tolist())))


def _frame(
    frame: Frame, drawing: _Drawing, shared: tuple[int, ...], palette: NDArray[np.uint8]
) -> Frame:
    """The frame with the shared table where its codes are not much longer for it."""
    order, table = drawing.used, _table(drawing.used, palette)
    codes = b""
    if set(shared).issuperset(drawing.used):
        codes = _coded(drawing.places, drawing.numbers, shared)
        # As long as with a table of its own when that has codes of the same width.
        widths = {_width(drawing.used, one) for one in (drawing.used, shared)}
        if len(widths) == 1 or len(codes) <= len(drawing.codes) + len(table):
            order, table = shared, b""
    if table:
        codes = drawing.codes
    box = drawing.box
    return replace(
        frame,
        control=Control(
            drawing.disposal if drawing.disposal != gifchanges.KEEP else 0,
            frame.control.delay,
            order.index(0) if 0 in drawing.used else None,
            waits=frame.control.waits,
        ),
        left=box.left,
        top=box.top,
        width=box.right - box.left,
        height=box.bottom - box.top,
        interlaced=False,
        table=table,
        code_size=_width(drawing.used, order),
        codes=codes,
    )


def _width(used: tuple[int, ...], order: tuple[int, ...]) -> int:
    """The minimum code size of pixels of the colours `used` with a table in this order."""
    return gifcoding.code_size(max(map(order.index, used)))


def _coded(places: Places, numbers: NDArray[np.intp], order: tuple[int, ...]) -> bytes:
    """The LZW data of the colours with these `numbers` and a table in this order."""
    table = np.zeros(len(numbers), np.uint8)
    at = np.minimum(np.searchsorted(numbers, order), len(numbers) - 1)
    there = numbers[at] == order
    table[at[there]] = np.flatnonzero(there)
    indices = gifcoding.looked_up(table, places)
    return gifcoding.lzw(indices, gifcoding.code_size(int(indices.max())))


def _table(order: tuple[int, ...], palette: NDArray[np.uint8]) -> bytes:
    """A colour table, filled up to a power of two."""
    return palette[list(order)].tobytes().ljust(_table_bytes(len(order)), b"\0")


def _table_bytes(colours: int) -> int:
    return 3 * max(2, 1 << (colours - 1).bit_length())
