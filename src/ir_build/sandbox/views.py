"""Pictures for a report: an original and its result, whole or where they differ most.

They are coded again from pixels, so that no metadata of a file gets into a report. They are lossless: each
difference that is seen in a report is one of the result.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import reduce
from itertools import islice, starmap
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..codec_packages import load
from ..errors import CorruptFile
from ..formats import MediaType
from ..view import View, Views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# None of these numbers is fitted: they decide only what a report shows, and how many bytes it takes.
# A picture of up to so many pixels is shown whole if it fits, and if its sides are no longer than a WebP's may be.
_WHOLE, _SIDE = 640 * 480, 16_383
# Parts are shown in the first of these sizes that fits, in pixels.
_PARTS = ((480, 320), (360, 240), (240, 160), (160, 112), (96, 80), (64, 48))
_MOST_PARTS = 3
# Dots per inch of a page, tried in turn. With fewer than the last, text could not be read.
_PAGE_DPI = (96, 80, 64)
# Pixels of the longer side of an SVG as it is drawn.
_DRAWN = 550
# The most frames of an animation that are shown, and the most pixels of all of them in memory.
_FRAMES, _HELD = 24, 40_000_000
# When frames do not fit, half as many are tried, and so on down to this number, then one.
_FEWEST = 4
# Pixels along a side of the blocks in which differences are summed.
_BLOCK = 8
# Rows of pixels that are compared at a time: a limit of memory.
_STRIP = 512


@dataclass(frozen=True, slots=True)
class _Pair:
    """The frames of an original and of its result, all of one size."""

    original: list[Image.Image]
    result: list[Image.Image]
    durations: list[int]  #: milliseconds

    @property
    def size(self) -> tuple[int, int]:
        return self.result[0].size

    def part(self, box: tuple[int, int, int, int], frames: int) -> View:
        """The part `box` (left, top, width and height in pixels) of the first `frames` frames."""
        left, top, width, height = box
        sides = [
            [frame.crop((left, top, left + width, top + height)) for frame in side[:frames]]
            for side in (self.original, self.result)
        ]
        original, result = (_coded(side, self.durations) for side in sides)
        still = (_coded(sides[0][:1], []), _coded(sides[1][:1], [])) if frames > 1 else None
        return View(box, original, result, still)


def views(original: bytes, result: bytes, media: MediaType, *, room: int, max_pixels: int) -> Views:
    """The pictures of `result` and of its `original`, files of type `media`, in at most `room` bytes.

    There are none if even a small part takes more. Raises `CorruptFile`, `FileSkipped`, and `TooLarge` for more
    than `max_pixels`.
    """
    if media is MediaType.PDF:
        return _page(original, result, room)
    pair = (
        _drawings(original, result)
        if media is MediaType.SVG
        else _frames(original, result, media, max_pixels)
    )
    frames = len(pair.result)
    while frames >= _FEWEST or frames == len(pair.result):
        if found := _fitting(pair, frames, room):
            return Views(pair.size, tuple(found))
        frames //= 2
    return Views(pair.size, tuple(_fitting(pair, 1, room)))


def _fitting(pair: _Pair, frames: int, room: int) -> list[View]:
    """The whole picture if it fits into `room` bytes, else parts of it; empty if none fits."""
    width, height = pair.size
    small = width * height <= _WHOLE and max(pair.size) <= _SIDE
    if small and (whole := _whole(pair, frames, room)):
        return [whole]
    return _parts(pair, frames, room)


def _whole(pair: _Pair, frames: int, room: int) -> View | None:
    view = pair.part((0, 0, *pair.size), frames)
    return view if _size(view) <= room else None


def _parts(pair: _Pair, frames: int, room: int) -> list[View]:
    """The parts that differ most, in the largest of the sizes `_PARTS` that fits into `room` bytes."""
    sides = zip(pair.original, pair.result, strict=True)
    blocks = reduce(np.add, starmap(_differences, sides))
    rate = 0.0
    for size in _PARTS:
        width, height = (min(both) for both in zip(size, pair.size, strict=True))
        # If the last size was far too large, a size that is little smaller is not coded.
        if rate * width * height > 2 * room:
            continue
        found: list[View] = []
        left = room
        for box in islice(_worst(blocks, (width, height), pair.size), _MOST_PARTS):
            view = pair.part(box, frames)
            rate = _size(view) / (width * height)
            if _size(view) > left:
                break
            left -= _size(view)
            found.append(view)
        if found:
            return found
    return []


def _size(view: View) -> int:
    return sum(map(len, view.files))


def _differences(original: Image.Image, result: Image.Image) -> NDArray[np.float64]:
    """The sum of squared differences in each block of a frame: rows x columns of blocks."""
    width, height = result.size
    rows = []
    for top in range(0, height, _STRIP):
        box = (0, top, width, min(top + _STRIP, height))
        # Colours are multiplied by alpha, since transparent pixels show no colour.
        one, other = (
            np.asarray(side.crop(box).convert("RGBA").convert("RGBa"), np.int32)
            for side in (original, result)
        )
        squares = ((one - other) ** 2).sum(axis=2)
        down = np.arange(0, squares.shape[0], _BLOCK)
        across = np.arange(0, width, _BLOCK)
        rows.append(np.add.reduceat(np.add.reduceat(squares, down, axis=0), across, axis=1))
    return np.concatenate(rows).astype(np.float64)


def _worst(
    blocks: NDArray[np.float64], size: tuple[int, int], whole: tuple[int, int]
) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of `size` in a picture of the size `whole`: left, top, width, height in pixels.

    Those that differ most come first, and none comes twice.
    """
    blocks, total = blocks.copy(), float(blocks.sum())
    across, down = (max(1, side // _BLOCK) for side in size)
    while True:
        sums = np.pad(blocks, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        down, across = min(down, blocks.shape[0]), min(across, blocks.shape[1])
        windows = sums[down:, across:] - sums[:-down, across:] - sums[down:, :-across]
        windows = windows + sums[:-down, :-across]
        row, column = (int(one) for one in np.unravel_index(np.argmax(windows), windows.shape))
        if windows[row, column] <= 0 and blocks.any():
            return
        blocks[row : row + down, column : column + across] = -1 - total
        left = min(column * _BLOCK, whole[0] - size[0])
        top = min(row * _BLOCK, whole[1] - size[1])
        yield left, top, *size


def _coded(frames: list[Image.Image], durations: list[int]) -> bytes:
    """A lossless WebP or a PNG, whichever is smaller. Several frames always become a WebP."""
    more = {"save_all": True, "append_images": frames[1:], "duration": durations[: len(frames)]}
    webp, png = io.BytesIO(), io.BytesIO()
    frames[0].save(
        webp, "WEBP", lossless=True, quality=60, method=4, exact=True,
        **(more | {"loop": 0} if len(frames) > 1 else {}),
    )  # fmt: skip
    if len(frames) > 1:
        return webp.getvalue()
    frames[0].save(png, "PNG", optimize=True)
    return min(webp.getvalue(), png.getvalue(), key=len)


def _page(original: bytes, result: bytes, room: int) -> Views:
    document = load("ir_build.verify.pdf_pages").Document
    with document(original) as before, document(result) as after:
        if not before.pages or not after.pages:
            raise CorruptFile("has no pages")
        pairs = []
        for dpi in _PAGE_DPI:
            pairs.append(_Pair([before.draw(0, dpi)], [after.draw(0, dpi)], []))
            if whole := _whole(pairs[-1], 1, room):
                return Views(pairs[-1].size, (whole,))
    return Views(pairs[0].size, tuple(_parts(pairs[0], 1, room)))


def _drawings(original: bytes, result: bytes) -> _Pair:
    pyvips = load("pyvips")
    try:
        first = pyvips.Image.svgload_buffer(result)
        scale = _DRAWN / max(first.width, first.height)
        drawn = [pyvips.Image.svgload_buffer(data, scale=scale) for data in (original, result)]
        before, after = (
            Image.frombytes("RGBA", (one.width, one.height), bytes(one.write_to_memory()))
            for one in drawn
        )
    except (pyvips.Error, ValueError) as error:
        raise CorruptFile(f"cannot be drawn: {error}") from error
    return _Pair([_fitted(before, after.size)], [after], [])


def _frames(original: bytes, result: bytes, media: MediaType, max_pixels: int) -> _Pair:
    read = _gif if media is MediaType.GIF else _raster
    before, _ = read(original, media, max_pixels)
    after, durations = read(result, media, max_pixels)
    shown = min(len(before), len(after))
    size = after[0].size
    return _Pair([_fitted(one, size) for one in before[:shown]], after[:shown], durations)


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """An original in the `size` of its result. The setting `resize` may have made the result smaller."""
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _gif(data: bytes, _: MediaType, max_pixels: int) -> tuple[list[Image.Image], list[int]]:
    screen = load("ir_build.verify.gif_screen").GifScreen(data, max_pixels)
    count = _held(len(screen.delays), screen.size)
    frames = [Image.fromarray(canvas.copy()) for canvas in islice(screen.canvases(), count)]
    return frames, [max(20, 10 * delay) for delay in screen.delays[:count]]


def _raster(data: bytes, media: MediaType, max_pixels: int) -> tuple[list[Image.Image], list[int]]:
    picture = load("ir_build.verify.decoded").Picture(data, media, max_pixels)
    shown_in_srgb = load("ir_build.verify.colour").shown_in_srgb
    frames, durations = [], []
    for number in range(_held(picture.frames, picture.size)):
        stored = picture.frame(number)
        durations.append(max(20, round(picture.duration())))
        frames.append(shown_in_srgb(picture.upright(stored), picture.colours).copy())
    return frames, durations


def _held(frames: int, size: tuple[int, int]) -> int:
    return min(frames, _FRAMES, max(1, _HELD // (size[0] * size[1])))
