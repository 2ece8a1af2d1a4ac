"""What a GIF shows: each frame, decoded and laid over what the frames before it left.

The rule is that of browsers: nothing is below the first frame, whatever background colour the file names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...containers.gif_blocks import sub_blocks
from ...errors import CorruptFile
from . import coding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .file import GifFile, GifFrame

#: the number of the colour of each pixel, height x width; 0 is for pixels where nothing is
Canvas = NDArray[np.uint16]
#: the largest number that a canvas can hold
_MOST_COLOURS = 0xFFFF
#: factors that make one number of red, green and blue
_SHIFTS = np.array([1 << 16, 1 << 8, 1], np.int64)


def indices(frame: GifFrame) -> NDArray[np.uint8]:
    """The pixels of a frame, decoded: height x width places in its colour table. Raises `CorruptFile`."""
    size = (frame.width, frame.height)
    if not all(size):
        raise CorruptFile("has a frame without pixels")
    coded = sub_blocks(frame.codes)
    pixels = np.empty((frame.height, frame.width), np.uint8)
    image = Image.frombuffer("L", size, pixels, "raw", "L", 0, 1)
    memory = image.im
    try:
        # Only the decoder is called. To open a file for each frame would take as long as decoding does.
        image.frombytes(coded, "gif", (frame.code_size, frame.interlaced, -1))
    except (OSError, ValueError) as error:
        raise CorruptFile(f"cannot be decoded: {error}") from error
    # Pillow may decode into memory of its own, and not into the memory that it was given.
    return pixels if image.im is memory else np.asarray(image)


class Unclear(Exception):
    """Viewers may not agree on what the file shows."""


class Screen:
    """The canvas on which the frames of a file are drawn."""

    def __init__(self, file: GifFile) -> None:
        """Start before the first frame."""
        self._file = file
        self._numbers: dict[int, int] = {0: 0}

    @property
    def colours(self) -> NDArray[np.uint8]:
        """Red, green and blue of every number so far, n x 3."""
        known = np.fromiter(self._numbers, np.uint32, len(self._numbers))
        return known.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:]

    def frames(self) -> Iterator[Canvas]:
        """The canvas after each frame of a file whose frames all stay. Raises `CorruptFile` and `Unclear`."""
        base = np.zeros((self._file.height, self._file.width), np.uint16)
        for frame in self._file.frames:
            place = (
                slice(frame.top, frame.top + frame.height),
                slice(frame.left, frame.left + frame.width),
            )
            shown = base.copy()
            pixels, numbers = self.decoded(frame)
            drawn = np.take(numbers, pixels, mode=coding.UNCHECKED)
            np.copyto(shown[place], drawn, where=drawn != 0)
            yield shown
            base = shown

    def decoded(self, frame: GifFrame) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
        """A frame's pixels, height x width indices, and the number of the colour of each index, 256.

        The number is 0 if an index is transparent or not used. Raises `CorruptFile` and `Unclear`.
        """
        table = frame.table or self._file.table
        pixels = indices(frame)
        numbers = np.zeros(256, np.uint16)
        used = np.flatnonzero(Image.fromarray(pixels).histogram()).tolist()
        parts = np.frombuffer(table, np.uint8, len(table) // 3 * 3).reshape(-1, 3)
        keys = (parts @ _SHIFTS | 0xFF000000).tolist()
        known = self._numbers
        for index in used:
            if index == frame.control.transparent:
                continue
            if index >= len(keys):
                raise Unclear("an index without a colour")
            numbers[index] = known.setdefault(keys[index], len(known))
        if len(known) > _MOST_COLOURS + 1:
            raise Unclear("more colours than can be numbered")
        return pixels, numbers
