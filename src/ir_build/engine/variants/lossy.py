"""AVIF and WebP files that keep the promise, each in few encodes.

A search on a sample of the picture says at which quality to begin. What one size needed is where the next
one begins.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...formats import MediaType
from ...marker import mark
from ...options import Effort
from ..avif.codec import Stretching, is_translucent
from ..shared.sample import sample
from ..shared.scorer import Scorer
from ..webp import coding as webp_coding

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...options import Options

    #: a picture at a quality of 0 to 100, as a file
    Encode = Callable[[int], bytes]

# Pixels of a sample. A picture of fewer than `_FEW` is searched itself.
_SAMPLE, _FEW = 100_000, 250_000
# The least that a whole picture takes of the bytes that its sample foretells.
_LEAST_OF_FORETOLD = 0.6
# How many files are coded of a picture, and of a sample, and how many more while none keeps the promise.
_TRIES = {Effort.FAST: 2, Effort.DEFAULT: 3, Effort.BEST: 6}
_SAMPLE_TRIES = 5
_MORE_TRIES = 3
# how far over the target a score may end, in points
_NEAR = 1.5
# How much more score a file is to have whose places moved. Where it has this much more than the target, two
# pictures are not told apart any more, and still more does not help.
_MORE, _MOST = 4, 15
# The least that a file grows while its score rises by 1, and the most that it shrinks while its score falls
# by 1, in the logarithm.
_GROWTH, _SHRINKING = 0.02, 0.11
# Speeds of libaom. At an equal score 8 takes 17 % more bytes and a third of the CPU time of 6, and 5 takes
# 4 % fewer in three times as much.
_AVIF_SPEEDS = {Effort.FAST: 8, Effort.DEFAULT: 6, Effort.BEST: 5}
# Pixels above which AVIF is coded faster, and above which it takes too much memory and time.
_LARGE, _MOST_PIXELS = 6_000_000, 16_000_000


@dataclass(frozen=True, slots=True)
class _Scale:
    """The part of an encoder's scale of quality that is searched."""

    low: int
    high: int
    usual: int  #: what most pictures need
    rise: float  #: how much scores usually rise with a step


_SCALES = {
    MediaType.AVIF: _Scale(15, 97, 62, 0.55),
    MediaType.WEBP: _Scale(20, 98, 80, 1.0),
}


class LossyCoder:
    """Codes one picture in several sizes as AVIF or WebP."""

    def __init__(self, media: MediaType, options: Options) -> None:
        """Code files of type `media` that reach `options.quality`."""
        self._media = media
        self._options = options
        self._scale = _SCALES[media]
        self._first: int | None = None

    def coded(self, image: Image.Image, limit: float) -> bytes | None:
        """`image`, L, RGB or RGBA, in at most `limit` bytes and with the promise kept; None for neither."""
        if self._media is MediaType.AVIF and image.width * image.height > _MOST_PIXELS:
            return None
        if self._first is None:
            foretold = self._foretold(image)
            if foretold is None or foretold * _LEAST_OF_FORETOLD > limit:
                return None
        tries = _TRIES[self._options.effort]
        return self._search(image, limit, tries if self._first is not None else _SAMPLE_TRIES)

    def _foretold(self, image: Image.Image) -> float | None:
        """The bytes that a sample says, None where it cannot keep the promise; 0 for a small picture."""
        area = image.width * image.height
        if area < _FEW:
            return 0.0
        small = Image.fromarray(sample(np.asarray(image), _SAMPLE))
        data = self._search(small, math.inf, _SAMPLE_TRIES)
        if data is None:
            return None
        return len(data) * area / (small.width * small.height)

    def _search(self, image: Image.Image, limit: float, tries: int) -> bytes | None:
        search = _Search(self._judge(image), self._scale, self._options.quality, limit)
        first = self._scale.usual if self._first is None else self._first
        data = search.run(self._encoder(image), first, tries)
        self._first = search.last
        return data

    def _judge(self, image: Image.Image) -> _Judge:
        target = self._options.quality
        scorers = [Scorer(image, self._media.upper(), target)]
        if self._media is MediaType.AVIF and is_translucent(image):
            scorers.append(Stretching(image, "AVIF", target))
        return _Judge(scorers)

    def _encoder(self, image: Image.Image) -> Encode:
        effort = self._options.effort
        if self._media is MediaType.AVIF:
            large = image.width * image.height > _LARGE
            speed = _AVIF_SPEEDS[Effort.FAST if large else effort]
            return partial(_avif, image, speed)
        alpha = None
        if image.mode == "RGBA":
            alpha = webp_coding.transparency(image, Effort.FAST)
        return partial(_webp, image, effort, alpha)


def _avif(image: Image.Image, speed: int, quality: int) -> bytes:
    buffer = io.BytesIO()
    # Colour at full resolution takes no more bytes at an equal score, and three times as many places hold.
    image.save(
        buffer,
        "AVIF",
        quality=quality,
        speed=speed,
        subsampling="4:0:0" if image.mode == "L" else "4:4:4",
        max_threads=1,
    )
    return mark(buffer.getvalue(), MediaType.AVIF)


def _webp(image: Image.Image, effort: Effort, alpha: bytes | None, quality: int) -> bytes:
    stream = webp_coding.lossy(image, quality, effort, alpha)
    return mark(stream.file(), MediaType.WEBP)


class _Judge:
    """Looks at files of one picture."""

    def __init__(self, scorers: list[Scorer]) -> None:
        self._scorers = scorers

    def score(self, data: bytes) -> float:
        return min(scorer.score(data) for scorer in self._scorers)

    def holds(self, data: bytes) -> bool:
        return self._scorers[0].holds(data)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A file that was looked at."""

    quality: int
    data: bytes
    score: float
    lack: float  #: points of score that it is to have more; 0 where it keeps the promise


class _Search:
    """A search for the lowest quality that keeps the promise."""

    def __init__(self, judge: _Judge, scale: _Scale, target: float, limit: float) -> None:
        self._judge = judge
        self._scale = scale
        self._target = target
        self._limit = limit
        self._good: _Tried | None = None
        self._bad: _Tried | None = None
        self.last = scale.usual  #: the quality that was found, or tried last

    def run(self, encode: Encode, first: int, tries: int) -> bytes | None:
        """The smallest file found. None where none keeps the promise, or where its bytes are too many."""
        self.last = first
        for left in range(tries + _MORE_TRIES - 1, -1, -1):
            tried = self._tried(encode(self.last), self.last)
            if self._is_hopeless(tried):
                return None
            if not tried.lack:
                self._good = tried
            else:
                self._bad = tried
            if self._good is None:
                if tried.score > self._target + _MOST or tried.quality == self._scale.high:
                    return None
            elif left <= _MORE_TRIES or self._is_near(self._good):
                break
            self.last = self._next()
        if self._good is None or len(self._good.data) > self._limit:
            return None
        self.last = self._good.quality
        return self._good.data

    def _tried(self, data: bytes, quality: int) -> _Tried:
        score = self._judge.score(data)
        lack = self._target - score
        if lack <= 0:
            lack = 0 if self._judge.holds(data) else _MORE
        return _Tried(quality, data, score, lack)

    def _is_hopeless(self, tried: _Tried) -> bool:
        change = tried.lack * _GROWTH or (self._target - tried.score) * _SHRINKING
        return len(tried.data) * math.exp(change) > self._limit

    def _is_near(self, good: _Tried) -> bool:
        if good.score <= self._target + _NEAR or good.quality == self._scale.low:
            return True
        return self._bad is not None and good.quality - self._bad.quality <= 2

    def _next(self) -> int:
        """The next quality to try."""
        good, bad = self._good, self._bad
        if good is None:
            assert bad is not None
            step = math.ceil(bad.lack / self._scale.rise)
            return min(self._scale.high, bad.quality + step)
        if bad is None:
            step = int((good.score - self._target - _NEAR / 2) / self._scale.rise)
            return max(self._scale.low, good.quality - max(1, step))
        return (good.quality + bad.quality + 1) // 2
