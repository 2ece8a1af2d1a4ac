"""What has to be drawn of each frame of a GIF when the frames before it stay on the canvas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import coding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .coding import Places
    from .file import GifFile, GifFrame
    from .frames_shown import Canvas, Screen

_KEEP = 1  # The disposals up to this one leave a frame on the canvas (GIF89a, 23).


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the canvas, in pixels. `right` and `bottom` are just outside of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def place(self) -> tuple[slice, slice]:
        """The rows and the columns of its pixels in an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, right: int, down: int) -> Area:
        """The rectangle, moved by so many pixels."""
        return Area(self.left + right, self.top + down, self.right + right, self.bottom + down)


@dataclass(frozen=True, slots=True)
class FrameChange:
    """One frame: a part of the canvas, and which of its pixels are not there yet."""

    box: Area
    #: the colours inside the box as they are shown: height x width places in `numbers`
    places: Places
    #: the numbers of these colours; 0 is for pixels where nothing is
    numbers: NDArray[np.intp]
    #: whether a pixel has to be drawn, height x width
    needed: NDArray[np.bool_]
    #: Whether the frame leaves places where nothing is drawn. What viewers show there depends on whether the
    #: frame names a transparent index, used or not.
    uncovers: bool


def all_stay(file: GifFile) -> bool:
    """Whether every frame stays on the canvas, so that the next one is drawn over it."""
    return all(frame.control.disposal <= _KEEP for frame in file.frames)


def changes(file: GifFile, screen: Screen) -> Iterator[FrameChange]:
    """The changes from frame to frame of a file whose frames all stay.

    Each change lies in the frame that makes it. Raises `CorruptFile` and `Unclear`.
    """
    canvas = np.zeros((file.height, file.width), np.uint16)
    for number, frame in enumerate(file.frames):
        pixels, colours = screen.decoded(frame)
        drawn = np.take(colours, pixels, mode=coding.UNCHECKED)
        below = canvas[_area(frame).place]
        needed = below != drawn
        opaque = frame.control.transparent is None or bool(drawn.all())
        if opaque:
            below[...] = drawn
        else:
            needed &= drawn != 0
            np.copyto(below, drawn, where=needed)
        inside = Area(0, 0, frame.width, frame.height)
        # The first frame is drawn whole, because some viewers take the size of the picture from it.
        if number:
            # A frame must have pixels (GIF89a, 20). So one pixel is drawn again if none has changed.
            inside = _bounds(needed) or Area(0, 0, 1, 1)
        place = inside.place
        places: Places
        if opaque:
            # The places are indices of the frame's own table. They are copied, so that the rest is freed.
            places, numbers = pixels[place].copy(), colours.astype(np.intp)
        else:
            places, numbers = _places(below[place])
        uncovers = not number and drawn.size < canvas.size
        box = inside.moved(frame.left, frame.top)
        yield FrameChange(box, places, numbers, needed[place].copy(), uncovers)


def _places(colours: Canvas) -> tuple[Places, NDArray[np.intp]]:
    """The numbers of colours as places in a list, and that list."""
    numbers = coding.occurring(colours)
    # Bytes take a third of the time to be counted.
    table = np.zeros(int(numbers[-1]) + 1, np.uint8 if len(numbers) <= 256 else np.uint16)
    table[numbers] = np.arange(len(numbers))
    return np.take(table, colours, mode=coding.UNCHECKED), numbers


def _area(frame: GifFrame) -> Area:
    return Area(frame.left, frame.top, frame.left + frame.width, frame.top + frame.height)


def _bounds(mask: NDArray[np.bool_]) -> Area | None:
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Area(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
