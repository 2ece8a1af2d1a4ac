"""A GIF drawn anew: each frame only where it changes, with colour tables that are shared and shortened."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from . import changes, coding
from .file import Control
from .frames_shown import Screen, Unclear

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from .changes import Area, FrameChange
    from .coding import Places
    from .file import GifFile, GifFrame

#: Pixels of all changes, which are held in memory together. Not fitted: a limit for the memory, up to 3 bytes
#: a pixel.
_HELD = 100_000_000
#: The ways to draw a change are tried on every strip of rows if it has fewer pixels than the first number, and
#: on each fourth strip if it has fewer than the second. Each eighth strip is enough for larger changes: a part
#: tells which way is shorter. Not fitted: a choice of CPU time, and every way shows the same canvas.
_TRIED_WHOLE, _TRIED_CLOSELY = 20_000, 200_000
#: Rows of a strip. (On 12 files of documentation sites 4 came to 0.1 % more bytes, and 32 to 0.6 %:
#: `python benchmarks FOLDER --sweep gif.redraw:_STRIP 4 32`.)
_STRIP = 8
#: So many colour tables are looked at to find those that go together. The time grows with the square of this.
#: Not fitted: a limit for the time only.
_COMPARED = 300


@dataclass(frozen=True)
class _Drawing:
    """A frame, with the pixels that are drawn of it."""

    box: Area
    #: the colours of the pixels: height x width places in `numbers`
    places: Places
    #: the numbers of these colours
    numbers: NDArray[np.intp]
    #: the pixels that are drawn, height x width; None if all are
    mask: NDArray[np.bool_] | None
    #: the numbers that a table for the frame must have, in rising order; 0 stands for what is not drawn
    used: tuple[int, ...]

    @cached_property
    def codes(self) -> bytes:
        """The LZW data with a table of only the colours that the frame needs."""
        return self.coded(self.used)

    def coded(self, order: tuple[int, ...]) -> bytes:
        """The LZW data with a table of colours in this order."""
        there = np.zeros(1 + max(*order, int(self.numbers.max())), np.uint8)
        there[list(order)] = np.arange(len(order))
        transparent = order.index(0) if 0 in self.used else 0
        table = there[self.numbers]
        size = _width(self.used, order)
        return coding.coded(self.places, self.mask, table, transparent, size)


def redraw(file: GifFile, *, thorough: bool) -> GifFile:
    """A file with the same canvas after each frame. All frames of `file` must stay on the canvas.

    `thorough` tries the ways to draw a frame on all of it. Raises `CorruptFile`, and `Unclear` if viewers may
    differ on what they show or if too much changes.
    """
    screen = Screen(file)
    drawings = []
    held = 0
    for change in changes.changes(file, screen):
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
    # Some frames are coded better already. They can stay as they are, because they show the same.
    old = (replace(frame, table=frame.table or file.table) for frame in file.frames)
    frames = tuple(
        min(one, other, key=lambda frame: len(frame.codes) + len(frame.table))
        for one, other in zip(frames, old, strict=True)
    )
    return replace(file, table=_table(shared, palette), frames=frames, background=0)


def _shortest(change: FrameChange, *, thorough: bool) -> _Drawing:
    """The drawing of a change that takes the fewest bytes, as far as a part of the change tells."""
    ways: Sequence[int] = (coding.NONE,)
    if not change.needed.all():
        ways = _ranked(change, 1 if thorough else _every(change.places.size), thorough=thorough)
    for drawing in _drawings(change, ways):
        if len(drawing.used) <= 256:
            return drawing
    raise Unclear("a frame of more than 256 colours")


def _ranked(change: FrameChange, every: int, *, thorough: bool) -> list[int]:
    """The ways to draw a change, the shortest first, by the bytes of one strip in `every`."""
    if every > 1:
        rows = np.flatnonzero(np.arange(len(change.places)) // _STRIP % every == 0)
        change = replace(change, places=change.places[rows], needed=change.needed[rows])
    sizes = dict.fromkeys(coding.WAYS, sys.maxsize)
    least = sys.maxsize
    for way, drawing in zip(coding.WAYS, _drawings(change, coding.WAYS), strict=True):
        if len(drawing.used) <= 256:
            sizes[way] = len(drawing.codes) + _table_bytes(len(drawing.used))
            # If it takes more bytes to draw more pixels, it mostly takes even more to draw still more.
            if sizes[way] > least and not thorough:
                break
            least = min(least, sizes[way])
    return sorted(sizes, key=sizes.__getitem__)


def _drawings(change: FrameChange, ways: Sequence[int]) -> Iterator[_Drawing]:
    places, numbers = change.places, change.numbers
    for mask in coding.drawn(places, change.needed, ways):
        used = set(numbers[coding.occurring(places, mask)].tolist())
        if change.uncovers or not (mask is None or mask.all()):
            used.add(0)
        yield _Drawing(change.box, places, numbers, mask, tuple(sorted(used)))


def _every(pixels: int) -> int:
    """The ways are compared on one strip of a change in so many."""
    return 1 if pixels < _TRIED_WHOLE else 4 if pixels < _TRIED_CLOSELY else 8


def _shared(palettes: Sequence[tuple[int, ...]], palette: NDArray[np.uint8]) -> tuple[int, ...]:
    """The colours of a table that serves as many frames as possible. Colours of most frames come first."""
    waiting = Counter(palettes)
    union: set[int] = set()
    frames: Counter[int] = Counter()
    missing = {used: set(used) for used in sorted(waiting, key=len)[:_COMPARED]}
    bytes_saved = {used: waiting[used] * _table_bytes(len(used)) for used in missing}
    while missing:
        # The bytes that are saved, for each place that is taken in the shared table.
        used = max(missing, key=lambda used: bytes_saved[used] / (1 + len(missing[used])))
        new = missing.pop(used)
        union |= new
        frames.update(dict.fromkeys(used, waiting[used]))
        missing = {
            used: left
            for used, others in missing.items()
            if len(union) + len(left := others - new) <= 256
        }
    return tuple(sorted(union, key=lambda number: (-frames[number], *palette[number].tolist())))


def _frame(
    frame: GifFrame, drawing: _Drawing, shared: tuple[int, ...], palette: NDArray[np.uint8]
) -> GifFrame:
    """The frame with the shared table, unless that makes its codes longer than a table of its own would."""
    order, table = drawing.used, _table(drawing.used, palette)
    codes = b""
    if set(shared).issuperset(drawing.used):
        codes = drawing.coded(shared)
        # With codes of the same width the data are as long as with a table of its own.
        widths = {_width(drawing.used, one) for one in (drawing.used, shared)}
        if len(widths) == 1 or len(codes) <= len(drawing.codes) + len(table):
            order, table = shared, b""
    if table:
        codes = drawing.codes
    box = drawing.box
    return replace(
        frame,
        control=Control(
            0,
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
    return coding.code_size(max(map(order.index, used)))


def _table(order: tuple[int, ...], palette: NDArray[np.uint8]) -> bytes:
    """A colour table, filled up to a power of two."""
    return palette[list(order)].tobytes().ljust(_table_bytes(len(order)), b"\0")


def _table_bytes(colours: int) -> int:
    return 3 * max(2, 1 << (colours - 1).bit_length())
