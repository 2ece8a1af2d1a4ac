"""What has to be drawn of each frame of a GIF, when the frames before it are still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import coding
from .frames_shown import CLEAR, RESTORE, Screen, Unclear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .coding import Places
    from .file import GifFile, GifFrame
    from .frames_shown import Canvas

KEEP = 1


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the canvas, in pixels; right and bottom are outside of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Where its pixels are in an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, right: int, down: int) -> Area:
        """The box so many pixels further on."""
        return Area(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def around(self, other: Area) -> Area:
        """The smallest box that holds both."""
        return Area(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True, slots=True)
class FrameChange:
    """One frame: a part of the canvas, and which of its pixels are not there yet."""

    box: Area
    #: the colours inside the box as shown: their places in `numbers`
    places: Places
    #: of these colours; 0 is where nothing is
    numbers: NDArray[np.intp]
    #: pixels that may not be left as they are
    needed: NDArray[np.bool_]
    #: what becomes of the box afterwards: `KEEP`, `CLEAR` or `RESTORE`
    disposal: int
    #: whether it leaves places where nothing is; what viewers show there depends on whether the
    #: frame names a transparent index, used or not
    uncovers: bool


@dataclass(slots=True)
class _PendingFrame:
    """A frame that waits for the next one to say how it should be disposed of."""

    base: Canvas
    shown: Canvas
    box: Area
    first: bool = False


def changes(file: GifFile, screen: Screen) -> Iterator[FrameChange]:
    """The changes from frame to frame. Raises `CorruptFile` and `Unclear`."""
    return _kept(file, screen) if all_stay(file) else _disposed(file, screen)


def all_stay(file: GifFile) -> bool:
    """Whether each frame is drawn over what the ones before it drew."""
    return all(frame.control.disposal <= KEEP for frame in file.frames)


def _kept(file: GifFile, screen: Screen) -> Iterator[FrameChange]:
    """The changes where all frames stay: each lies in the frame that makes it."""
    canvas = np.zeros((file.height, file.width), np.uint16)
    for number, frame in enumerate(file.frames):
        pixels, colours = screen.decoded(frame)
        drawn = coding.numbered(colours, pixels)
        below = canvas[_area(frame).place]
        needed = below != drawn
        opaque = frame.control.transparent is None or bool(drawn.all())
        if opaque:
            below[...] = drawn
        else:
            needed &= drawn != 0
            np.copyto(below, drawn, where=needed)
        inside = Area(0, 0, frame.width, frame.height)
        if number:  # Some viewers take the size of the picture from the first frame.
            # A frame without pixels is not allowed: one is drawn again.
            inside = _bounds(needed) or Area(0, 0, 1, 1)
        place = inside.place
        places: Places
        if opaque:
            # Those in its own table; copied, as is what is needed: the rest must not be kept alive.
            places, numbers = pixels[place].copy(), colours.astype(np.intp)
        else:
            places, numbers = _places(below[place])
        uncovers = not number and drawn.size < canvas.size
        box = inside.moved(frame.left, frame.top)
        yield FrameChange(box, places, numbers, needed[place].copy(), KEEP, uncovers)


def _disposed(file: GifFile, screen: Screen) -> Iterator[FrameChange]:
    pending: _PendingFrame | None = None
    before = -1
    for number, shown in enumerate(screen.frames()):
        frame = file.frames[number]
        if pending is None:
            # Some viewers take the size of the picture from the first frame.
            pending = _PendingFrame(np.zeros_like(shown), shown, _area(frame), first=True)
        else:
            disposal, base, box = _disposal(pending, shown, before)
            yield _change(pending, box, disposal)
            different = _bounds(base != shown)
            # A frame without pixels is not allowed: one is drawn again.
            pending = _PendingFrame(base, shown, different or Area(0, 0, 1, 1))
        before = frame.control.disposal
    if pending is not None:
        yield _change(pending, pending.box, KEEP if pending.first else before)


def _disposal(pending: _PendingFrame, shown: Canvas, before: int) -> tuple[int, Canvas, Area]:
    """What to do with a frame before the next is `shown`, what is left then, and its box.

    `before` is what the original does with it.
    """
    kept = pending.shown
    erased = _bounds((kept != 0) & (shown == 0)) if before in (CLEAR, RESTORE) else None
    options: list[tuple[int, int, Canvas, Area]] = []
    if erased is None:
        options.append((int(np.count_nonzero(kept != shown)), KEEP, kept, pending.box))
    if before == RESTORE and not ((pending.base != 0) & (shown == 0)).any():
        work = int(np.count_nonzero(pending.base != shown))
        options.append((work, RESTORE, pending.base, pending.box))
    if before == CLEAR or not options:
        box = pending.box.around(erased) if erased else pending.box
        cleared = kept.copy()
        cleared[box.place] = 0
        options.append((int(np.count_nonzero(cleared != shown)), CLEAR, cleared, box))
    _, disposal, base, box = min(options, key=lambda option: option[:2])
    return disposal, base, box


def _change(pending: _PendingFrame, box: Area, disposal: int) -> FrameChange:
    colours = pending.shown[box.place]
    base = pending.base[box.place]
    if ((colours == 0) & (base != 0)).any():
        raise Unclear("a frame that takes something away")
    uncovers = disposal == CLEAR or (pending.first and colours.size < pending.shown.size)
    places, numbers = _places(colours)
    return FrameChange(box, places, numbers, base != colours, disposal, uncovers)


def _places(colours: Canvas) -> tuple[Places, NDArray[np.intp]]:
    """Places in a list of the numbers of colours, and that list."""
    numbers = coding.occurring(colours)
    # Bytes are looked up and counted in a third of the time.
    table = np.zeros(int(numbers[-1]) + 1, np.uint8 if len(numbers) <= 256 else np.uint16)
    table[numbers] = np.arange(len(numbers))
    return np.take(table, colours, mode="clip"), numbers


def _area(frame: GifFrame) -> Area:
    return Area(frame.left, frame.top, frame.left + frame.width, frame.top + frame.height)


def _bounds(mask: NDArray[np.bool_]) -> Area | None:
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Area(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
