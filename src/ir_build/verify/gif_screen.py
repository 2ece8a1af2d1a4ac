"""The frames of a GIF as a browser shows them, for comparison.

Pillow composes them by rules of its own: a disposal holds until the next one, and cleared pixels may take the
colour of the background. So Pillow only decodes each frame by itself here. Blocks are those of the GIF89a
specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..errors import CorruptFile, TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_TO_BACKGROUND, _TO_PREVIOUS = 2, 3  # disposal methods (GIF89a, 23)
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
# Pixels of all canvases together. So many take most of the time that a worker has. Not fitted: a limit of work. A
# file with more pixels stays as it is.
_MOST_PIXELS = 4_000_000_000


@dataclass(frozen=True, slots=True)
class _DrawnFrame:
    box: tuple[int, int, int, int]  #: left, top, width, height
    disposal: int
    transparent: int | None
    table: bytes
    packed: bytes  #: the flags of the image, and its coded pixels


class GifScreen:
    """A GIF taken apart. Its canvases are made one at a time."""

    def __init__(self, data: bytes, max_pixels: int) -> None:
        """Read the blocks of `data`. Raises `CorruptFile` or `TooLarge`."""
        self.loops: list[int] = []  #: numbers of repetitions, each once in a row
        self.delays: list[int] = []  #: hundredths of a second
        self._frames: list[_DrawnFrame] = []
        try:
            self._read(data)
        except (IndexError, struct.error) as error:
            raise CorruptFile("ends too early") from error
        width, height = self.size
        if not self._frames or not width or not height:
            raise CorruptFile("shows nothing")
        if max(width * height, *(w * h for _, _, w, h in self.boxes())) > max_pixels:
            raise TooLarge(f"{width} x {height} pixels are over max_pixels")
        if width * height * len(self._frames) > max(_MOST_PIXELS, max_pixels):
            raise TooLarge(f"{len(self._frames)} frames of {width * height} pixels are too many")

    def boxes(self) -> list[tuple[int, int, int, int]]:
        """Left, top, width and height of each frame, in pixels."""
        return [frame.box for frame in self._frames]

    def canvases(self) -> Iterator[NDArray[np.uint8]]:
        """The canvas after each frame: height x width x 4, RGBA. It is valid until the next one.

        Raises `CorruptFile` if a frame does not decode.
        """
        width, height = self.size
        # One number holds four bytes. numpy looks up and copies numbers much faster.
        canvas = np.zeros((height, width), np.uint32)
        for frame in self._frames:
            left, top = frame.box[:2]
            # What lies beyond the screen is cut off.
            part = canvas[top : top + frame.box[3], left : left + frame.box[2]]
            before = part.copy() if frame.disposal == _TO_PREVIOUS else None
            indices = _decoded(frame)[: part.shape[0], : part.shape[1]]
            colours = _colours(frame.table)
            drawn = None if frame.transparent is None else indices != frame.transparent
            # An index is a byte, and there are 256 colours. "wrap" saves numpy the check of that.
            if drawn is None:
                part[:] = np.take(colours, indices, mode="wrap")
            elif 2 * np.count_nonzero(drawn) < drawn.size:
                # The pixels are looked up one by one. This is faster when they are few.
                part[drawn] = colours[indices[drawn]]
            else:
                np.copyto(part, np.take(colours, indices, mode="wrap"), where=drawn)
            yield canvas.view(np.uint8).reshape(height, width, 4)
            if before is not None:
                part[:] = before
            elif frame.disposal == _TO_BACKGROUND:
                part[:] = 0

    def _read(self, data: bytes) -> None:
        self.size: tuple[int, int] = struct.unpack_from("<HH", data, 6)
        shared, at = _table(data, data[10], 13)
        delay, disposal, transparent = 0, 0, None
        while data[at] != 0x3B:
            if data[at] == 0x2C:
                box = struct.unpack_from("<HHHH", data, at + 1)
                own, start = _table(data, data[at + 9], at + 10)
                end = _end(data, start + 1)
                packed = data[at + 9 : at + 10] + data[start:end]
                self._frames.append(_DrawnFrame(box, disposal, transparent, own or shared, packed))
                self.delays.append(delay)
                delay, disposal, transparent = 0, 0, None
            elif data[at] == 0x21:
                end = _end(data, at + 2)
                if data[at + 1] == 0xF9:
                    flags, delay, index = struct.unpack_from("<BHB", data, at + 3)
                    disposal, transparent = flags >> 2 & 7, index if flags & 1 else None
                elif (
                    data[at + 1 : at + 3] == b"\xff\x0b"
                    and data[at + 3 : at + 14] in _LOOPS
                    and data[at + 14 : at + 16] == b"\3\1"
                ):
                    (loop,) = struct.unpack_from("<H", data, at + 16)
                    if self.loops[-1:] != [loop]:
                        self.loops.append(loop)
            else:
                raise CorruptFile("has an unknown block")
            at = end


def _table(data: bytes, flags: int, at: int) -> tuple[bytes, int]:
    """A colour table, and the offset of its end. It is empty if the flags say that there is none."""
    end = at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    return data[at:end], end


def _end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _colours(table: bytes) -> NDArray[np.uint32]:
    """The colour of each index: red, green, blue and alpha as the four bytes of one number."""
    rgba = np.full((256, 4), 255, np.uint8)
    rgba[:, :3] = np.frombuffer(table.ljust(768, b"\0"), np.uint8).reshape(256, 3)
    return rgba.view(np.uint32).ravel()


def _decoded(frame: _DrawnFrame) -> NDArray[np.uint8]:
    """The indices of a frame: height x width. Raises `CorruptFile`."""
    width, height = size = frame.box[2:]
    flags, bits, coded = frame.packed[0], frame.packed[1], frame.packed[2:]
    if not all(size):
        raise CorruptFile("has a frame without pixels")
    pixels = np.zeros((height, width), np.uint8)
    image = Image.frombuffer("L", size, pixels, "raw", "L", 0, 1)
    memory = image.im
    try:
        # Only the decoder is called. Opening a file for each frame takes as long as decoding a small frame.
        image.frombytes(coded, "gif", (bits, flags >> 6 & 1, -1))
    except (OSError, ValueError) as error:
        raise CorruptFile(f"does not decode: {error}") from error
    # Pillow may have decoded into memory of its own instead of `pixels`.
    return pixels if image.im is memory else np.asarray(image)
