"""One palette for all frames of a GIF, with as few colours as the score allows.

In most animations each frame has a palette of its own, which was made for that frame alone. So every pixel
changes a little from frame to frame. With one palette for all frames, what stands still is not drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...quality import Reference, ciede2000
from ...quality.damage import tolerance
from ...quality.places import Places
from ...quality.ssimulacra2 import of_both
from .frames_shown import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .file import GifFile
    from .frames_shown import Canvas

# `python benchmarks FOLDER --sweep gif.palette:NAME VALUES` tries others of the numbers below. What is said of
# 12 files was measured on animations of documentation sites, on which the numbers were not chosen.

#: Numbers of colours that are tried: the powers of two, at which LZW codes get one bit shorter, and one number
#: between each two of them. One of 256 indices is transparent. (On 12 files 255, 128, 64, 32 and 16 alone came to
#: 0.2 % more bytes in 28 % less CPU, and twice as many numbers to 0.2 % fewer in 12 % more.)
_SIZES = (255, 192, 128, 96, 64, 48, 32, 24, 16)
#: A palette is made for about so many pixels. Each colour of the file is at least one of them. (On 12 files
#: 50,000 and 800,000 came to 0.03 % fewer bytes.)
_SAMPLE = 200_000
#: A palette is searched for the frames that are worst by each of two measures: so many frames by each. (On 12
#: files 1 and 4 came to the same bytes.)
_SEARCHED = 2
#: Then the palette is checked on the worst of the other frames, up to so many pixels of them. A megapixel takes
#: 0.05 CPU seconds to score. If a frame fails, the palette is searched for again, in so many rounds at most. (On
#: 12 files 3,000,000 pixels came to the same bytes in 38 % less CPU, and 48,000,000 in 46 % more. 2 and 8 rounds
#: came to the same bytes, too.)
_CHECKED_PIXELS = 12_000_000
_ROUNDS = 4
#: All frames that are scored must score so much over the target. That makes room for the others. Not fitted: two
#: implementations of the score differ by as much on real pictures (docs/formats.md).
_MARGIN = 0.5
#: A colour of this share of all pixels may not become another: the same share as in PNG (docs/formats.md). At a
#: quality of 80 it may move by as much CIEDE2000 as a place of 12 pixels (`quality.places`). (On 60 files 3 came
#: to 0.3 % more bytes for `_SHIFT`, and 6 to 0.02 % fewer.)
_OWN_SHARE = 0.002
_SHIFT = 4.0
#: Colours x frames that are counted. Not fitted: a limit for the memory, 8 bytes each.
_COUNTED = 30_000_000


@dataclass(frozen=True, slots=True)
class _Palette:
    """A palette, as the colours that take the places of those of the file."""

    #: the colour that takes the place of each colour of the file, n x 3
    colours: NDArray[np.uint8]
    #: the square of the distance between the two, n
    squares: NDArray[np.float64]
    #: the largest CIEDE2000 by which a frequent colour moves
    shift: float


def reduced(file: GifFile, target: float) -> GifFile | None:
    """The file in the fewest colours in which its frames reach the score `target`; None if none reach it.

    Raises `CorruptFile` and `Unclear`.
    """
    screen = Screen(file)
    counts: list[NDArray[np.int64]] = []
    for canvas in screen.frames():
        counts.append(np.bincount(canvas.ravel()))
        if sum(map(len, counts)) > _COUNTED:
            return None
    colours = screen.colours
    if len(colours) <= _SIZES[-1]:
        return None
    total = np.zeros(len(colours), np.int64)
    for count in counts:
        total[: len(count)] += count

    @cache
    def palette(place: int) -> _Palette:
        return _palette(colours, total, _SIZES[place])

    looked_at = _worst(counts, palette(len(_SIZES) // 2).squares, _SEARCHED)
    scorers = [
        _FrameScorer(canvas, colours)
        for number, canvas in enumerate(Screen(file).frames())
        if number in looked_at
    ]
    affordable = _CHECKED_PIXELS // (file.width * file.height) // 2
    place = -1
    for _ in range(_ROUNDS):
        place = _fewest(palette, scorers, target, most=place)
        if place < 0:
            return None
        suspects = _worst(counts, palette(place).squares, max(_SEARCHED, affordable))
        failed = _failing(file, colours, palette(place).colours, target, suspects)
        if failed is None:
            return _recoloured(file, colours, palette(place).colours)
        scorers.append(failed)
    return None


def _worst(counts: list[NDArray[np.int64]], squares: NDArray[np.float64], most: int) -> set[int]:
    """The numbers of the frames whose colours move most: `most` by all colours, and `most` by the worst ones."""
    worst: set[int] = set()
    for weights in (squares, squares**2):
        moved = [float(count @ weights[: len(count)]) for count in counts]
        worst.update(sorted(range(len(moved)), key=moved.__getitem__)[-most:])
    return worst


def _fewest(
    palette: Callable[[int], _Palette], scorers: list[_FrameScorer], target: float, most: int
) -> int:
    """The last place of `_SIZES` that all scorers accept, or -1. It is before `most`, unless `most` is -1."""
    best, low, high = -1, 0, len(_SIZES) if most < 0 else most
    # The search goes by halves, because fewer colours score lower.
    while low < high:
        place = (low + high) // 2
        tried = palette(place)
        if tried.shift <= _SHIFT * tolerance(target) and all(
            scorer.accepts(tried.colours, target) for scorer in scorers
        ):
            best, low = place, place + 1
        else:
            high = place
    return best


def _failing(
    file: GifFile,
    colours: NDArray[np.uint8],
    others: NDArray[np.uint8],
    target: float,
    suspects: set[int],
) -> _FrameScorer | None:
    """A frame of `suspects` that does not reach the target in the colours `others`; None if all reach it."""
    for number, canvas in enumerate(Screen(file).frames()):
        if number in suspects:
            scorer = _FrameScorer(canvas, colours)
            if not scorer.accepts(others, target):
                return scorer
    return None


class _FrameScorer:
    """One frame, which is compared with itself in other colours."""

    def __init__(self, canvas: Canvas, colours: NDArray[np.uint8]) -> None:
        self._canvas = canvas
        self._original = self._pixels(colours)
        self._reference = Reference(self._original)

    def accepts(self, colours: NDArray[np.uint8], target: float) -> bool:
        pixels = self._pixels(colours)
        if of_both(*self._reference.scores(pixels)) < target + _MARGIN:
            return False
        return not Places(self._original, target).damage(pixels, first=True)

    def _pixels(self, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
        pixels = colours[self._canvas]
        if self._canvas.all():
            return pixels
        alpha = np.where(self._canvas == 0, 0, 255).astype(np.uint8)
        return np.dstack((pixels, alpha))


def _palette(colours: NDArray[np.uint8], counts: NDArray[np.int64], size: int) -> _Palette:
    """The palette of `size` colours that is nearest to all pixels. Number 0 of `colours` stands for none."""
    shares = np.ceil(counts[1:] * (_SAMPLE / max(1, counts[1:].sum()))).astype(np.int64)
    sample = np.repeat(colours[1:], np.maximum(shares, 1), axis=0)
    chosen = Image.fromarray(sample[None]).quantize(size, method=Image.Quantize.MEDIANCUT, kmeans=1)
    palette = np.asarray(chosen.getpalette(), np.float64).reshape(-1, 3)[:size]
    nearest = np.empty(len(colours), np.int64)
    squares = np.empty(len(colours), np.float64)
    for start in range(0, len(colours), 4096):
        part = colours[start : start + 4096].astype(np.float64)
        distances = ((part[:, None] - palette[None]) ** 2).sum(axis=2)
        nearest[start : start + 4096] = distances.argmin(axis=1)
        squares[start : start + 4096] = distances.min(axis=1)
    squares[0] = 0
    placed = palette[nearest].astype(np.uint8)
    own = np.flatnonzero(counts[1:] >= _OWN_SHARE * counts.sum()) + 1
    shift = float(ciede2000.distance(colours[own], placed[own]).max(initial=0))
    return _Palette(placed, squares, shift)


def _recoloured(file: GifFile, colours: NDArray[np.uint8], others: NDArray[np.uint8]) -> GifFile:
    """The file with other colours in its tables."""
    exchanged = {
        colour.tobytes(): other.tobytes()
        for colour, other in zip(colours[1:], others[1:], strict=True)
    }

    def table(data: bytes) -> bytes:
        entries = (data[at : at + 3] for at in range(0, len(data), 3))
        # Colours that are never seen stay as they are.
        return b"".join(exchanged.get(entry, entry) for entry in entries)

    frames = tuple(replace(frame, table=table(frame.table)) for frame in file.frames)
    return replace(file, table=table(file.table), frames=frames)
