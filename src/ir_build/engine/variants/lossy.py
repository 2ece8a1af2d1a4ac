"""AVIF and WebP files that keep the promise (see `judge`), each in few encodes of the whole picture.

The search for a quality works on less than the picture: on a sample for the score, and on the parts around
places whose colour changes in a quick draft. For the next size, the search begins at the quality that this
size needed.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...formats import MediaType
from ...marker import mark
from ...options import Effort
from ..shared.sample import sample
from ..shared.search import Search
from ..webp import coding as webp_coding
from .judge import Judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...options import Options
    from ..shared.search import Found
    from .judge import Box

    #: codes a picture at a quality of 0 to 100; returns the file
    Encode = Callable[[int], bytes]

# `--sweep` of the benchmarks makes no variants. To try another number, change it here, run `ir-build optimize SITE
# --out OTHER --pages` before and after with a new `--cache-dir`, and compare the bytes that pages load, which it
# prints (`python benchmarks SITE OTHER --pages` measures them in a browser). Where it is said below what other
# numbers came to, they were tried on two PNG and two JPEG files of documentation sites, of 0.36 to 0.56 megapixels,
# as a whole and in 720 pixels.

# A sample has one pixel of `_SAMPLE_SHARE` of the picture's, but at least and at most so many. A picture of fewer
# pixels than `_FEW` needs no sample. (A megapixel for `_FEW` came to 0.6 % fewer bytes in 2 % more CPU time.) The
# numbers of pixels in a sample are not fitted: a sample says only at which quality the search begins, and whether it
# is hopeless.
_SAMPLE, _SAMPLE_SHARE, _FEW = (150_000, 300_000), 10, 350_000
# The most points by which the score of a sample, of a draft and of a picture may be over the target. (Half and twice
# the number for drafts came to the same bytes. Half of the number for pictures came to 0.5 % fewer bytes in 720
# pixels, and twice to 0.8 % more.)
_SAMPLE_NEAR, _DRAFT_NEAR, _NEAR = 1.5, 3.0, 2.0
# The least share of the bytes of its draft that a picture takes. The search ends when even so it would be too large.
# (0.25 came to the same bytes in 8 % more CPU time, and 0.8 to 10 % more bytes, and 16 % in 720 pixels.)
_LEAST_OF_DRAFT = 0.5
# How many files are coded of a picture, and how many more while none keeps the promise. Not fitted: this is the CPU
# time that each effort allows. When the last one fails, the picture has no file of the format.
_TRIES = {
    MediaType.AVIF: {Effort.FAST: 1, Effort.DEFAULT: 2, Effort.BEST: 5},
    MediaType.WEBP: {Effort.FAST: 1, Effort.DEFAULT: 1, Effort.BEST: 5},
}
_MORE_TRIES = 3
# The search ends when a file scores so many points over the target while places still have another colour. Principle:
# at the default target this is 95, and a picture counts as visually lossless from 90 on (`--quality`). A higher score
# does not help then. (5 came to 11 % more bytes, and 53 % in 720 pixels.)
_MOST = 15
# The most places that are looked at, and the number of steps between the qualities that are tried until these places
# keep their colours. (4 places came to the same bytes, and steps of 6 to 2.7 % more. On six PNG and six JPEG files of
# that size steps of 1 came to 2.8 % fewer bytes, and 2.2 % in 720 pixels, in 9 % more CPU time.)
_MOST_PLACES, _STEP = 8, 3
# When places need more than so many steps of quality over the score, colour is coded finer instead. (12 came to the
# same bytes.)
_MUCH = 5
# The least by which the logarithm of a file's bytes grows while its score rises by 1, and the most by which it falls
# while its score falls by 1. The search ends when even so the file would be too large. (0.04 for the one and
# 0.06 for the other came to the same bytes.)
_GROWTH, _SHRINKING = 0.02, 0.11
# A file that is too large by no more than this factor is coded once more at a lower speed, which may make it small
# enough: see `_AVIF_SPEEDS`. (1.0, which is never, and 1.16 came to the same bytes.)
_SLOWER = 1.08
# The least that a step of AVIF's quality adds to the logarithm of the bytes. It was 0.012 to 0.018 in screenshots and
# 0.03 in photos. (0.02 came to the same bytes.)
_LEAST_GROWTH = 0.01
# Speeds of libaom, each for pictures of up to so many pixels. At an equal score, speed 8 takes 17 % more bytes than 6
# and a third of its CPU time, 7 takes 5 to 8 % more bytes and half of the time, and 5 takes 4 % fewer bytes and three
# times the time. Larger pictures than `_MOST_PIXELS` get no AVIF: they would take too much memory and time. The
# limits between the speeds are not fitted: they are the CPU time that each effort allows.
_MOST_PIXELS = 16_000_000
_AVIF_SPEEDS = {
    Effort.FAST: ((_MOST_PIXELS, 8),),
    Effort.DEFAULT: ((300_000, 6), (10_000_000, 7), (_MOST_PIXELS, 8)),
    Effort.BEST: ((10_000_000, 5), (_MOST_PIXELS, 8)),
}
#: Settings of libaom for finer colour. At an equal score they take 5 % more bytes. But when places change their
#: colour, it takes up to 20 % fewer bytes until they keep it.
FINER_COLOUR = {"enable-chroma-deltaq": "0"}


class _Pass(IntEnum):
    """The purpose of a file, and the least speed of libaom for it."""

    WHOLE = 0  #: the file that is shipped
    PART = 8  #: the part around a place. At an equal quality it looks a bit worse at this speed.
    DRAFT = 9  #: for the quality to begin with. Speed 9 takes an eighth of the CPU time of 6.


@dataclass(frozen=True, slots=True)
class _Scale:
    """The part of an encoder's scale of quality that is searched."""

    low: int
    high: int
    usual: int  #: the quality that most pictures need
    rise: float  #: how much the score usually rises with a step, in points
    draft: int  #: how many steps more a draft needs than the file that is shipped


# Not fitted: these numbers decide where the search begins and how far it may go. Scores decide where it ends.
_SCALES = {
    MediaType.AVIF: _Scale(15, 97, 62, 0.6, 1),
    MediaType.WEBP: _Scale(20, 98, 80, 1.0, 0),
}


class LossyCoder:
    """Codes one picture in several sizes as AVIF or WebP."""

    def __init__(self, media: MediaType, options: Options) -> None:
        """Code files of type `media` (AVIF or WebP) that reach the score `options.quality`."""
        self.media = media
        self.scale = _SCALES[media]
        self.target = options.quality
        self.effort = options.effort
        #: the quality at which the next size is likely to reach the score; None while it is unknown
        self.first: int | None = None

    def coded(self, image: Image.Image, limit: float) -> bytes | None:
        """A file of `image` (L, RGB or RGBA) that has at most `limit` bytes and keeps the promise, else None."""
        area = image.width * image.height
        if self.media is MediaType.AVIF and area > _MOST_PIXELS:
            return None
        if self.first is None and area >= _FEW:
            size = min(max(area // _SAMPLE_SHARE, _SAMPLE[0]), _SAMPLE[1])
            small = Image.fromarray(sample(np.asarray(image), size))
            found = self.drafted(small, Judge(small, self.media, self.target), _SAMPLE_NEAR)
            if found is None:
                return None
            foretold = len(found.data) * area / (small.width * small.height)
            if foretold * _LEAST_OF_DRAFT > limit:
                return None
            self.first = found.quality - self.scale.draft
        tries = _TRIES[self.media][self.effort] + (self.media is MediaType.WEBP and area < _FEW)
        return _Search(self, image, limit).run(tries)

    def drafted(self, image: Image.Image, judge: Judge, near: float) -> Found | None:
        """A draft of `image` that scores at most `near` points over the target; None when there is none."""
        guess = self.scale.usual if self.first is None else self.first + self.scale.draft
        return Search(
            self.encoder(image, _Pass.DRAFT),
            judge.score,
            self.target,
            low=self.scale.low,
            high=self.scale.high,
            guess=guess,
            rise=self.scale.rise,
        ).within(near)

    def encoder(self, image: Image.Image, coding: _Pass, *, finer: bool = False) -> Encode:
        """The function that codes `image` for the purpose `coding`; AVIF with finer colour if `finer`."""
        if self.media is MediaType.AVIF:
            area = image.width * image.height
            speed = next(speed for most, speed in _AVIF_SPEEDS[self.effort] if area <= most)
            return partial(_avif, image, max(speed, coding), FINER_COLOUR if finer else {})
        alpha = None
        if image.mode == "RGBA":
            alpha = webp_coding.transparency(image, Effort.FAST)
        return partial(_webp, image, self.effort, alpha)


def _avif(image: Image.Image, speed: int, advanced: dict[str, str], quality: int) -> bytes:
    buffer = io.BytesIO()
    if image.mode == "RGB":
        # Pillow's libavif rounds RGB down, which turns greys green. It rounds RGBA to the nearest level. If no pixel is
        # transparent, no transparency gets into the file.
        image = image.convert("RGBA")
    # Colour is at full resolution. At an equal score this takes no more bytes than half the resolution, and three
    # times as many places keep their colours (docs/design.md).
    image.save(
        buffer,
        "AVIF",
        quality=quality,
        speed=speed,
        subsampling="4:0:0" if image.mode == "L" else "4:4:4",
        max_threads=1,
        advanced=advanced,
    )
    return mark(buffer.getvalue(), MediaType.AVIF)


def _webp(image: Image.Image, effort: Effort, alpha: bytes | None, quality: int) -> bytes:
    stream = webp_coding.lossy(image, quality, effort, alpha)
    return mark(stream.file(), MediaType.WEBP)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A file that was scored."""

    quality: int
    data: bytes
    score: float


class _Search:
    """A search for the lowest quality at which a picture keeps the promise."""

    def __init__(self, coder: LossyCoder, image: Image.Image, limit: float) -> None:
        """Look for a file of `image` (L, RGB or RGBA) of at most `limit` bytes."""
        self._coder = coder
        self._scale = coder.scale
        self._target = coder.target
        self._image = image
        self._encode = coder.encoder(image, _Pass.WHOLE)
        self._judge = Judge(image, coder.media, coder.target)
        self._limit = limit
        self._good: _Tried | None = None
        #: the lowest quality at which the picture may keep the promise
        self._floor = self._scale.low
        self._beyond = _STEP
        self._finer = False

    def run(self, tries: int) -> bytes | None:
        """The smallest file that was found, in `tries` tries. None if none keeps the promise, or if it is too large."""
        quality = self._scale.usual if self._coder.first is None else self._coder.first
        if self._coder.media is MediaType.AVIF:
            draft = self._coder.drafted(self._image, self._judge, _DRAFT_NEAR)
            if draft is None or len(draft.data) * _LEAST_OF_DRAFT > self._limit:
                return None
            over = (draft.score - self._target) / self._scale.rise
            quality = max(self._scale.low, draft.quality - self._scale.draft - int(over))
            if moved := self._judge.moved(draft.data, _MOST_PLACES):
                quality = self._begin(quality, moved)
        for number in range(tries + _MORE_TRIES):
            if quality > self._scale.high:
                break
            tried = self._tried(quality)
            if self._is_hopeless(tried):
                break
            if self._good and (number + 1 >= tries or self._is_near(self._good)):
                break
            quality = self._next(tried)
        if self._good is not None and self._limit < len(self._good.data) <= _SLOWER * self._limit:
            self._slower(self._good.quality - 1)
        if self._good is None or len(self._good.data) > self._limit:
            return None
        return self._good.data

    def _slower(self, quality: int) -> None:
        """Code a large picture, whose AVIF is a bit too large, at the speed of small ones: it scores a point more."""
        (few, speed), *_ = _AVIF_SPEEDS[self._coder.effort]
        if self._coder.media is MediaType.AVIF and self._image.width * self._image.height > few:
            advanced = FINER_COLOUR if self._finer else {}
            self._encode = partial(_avif, self._image, speed, advanced)
            self._good = None
            self._tried(quality)

    def _tried(self, quality: int) -> _Tried:
        data = self._encode(quality)
        tried = _Tried(quality, data, self._judge.score(data))
        over = round((tried.score - self._target) / self._scale.rise)
        self._coder.first = min(max(quality - over, self._scale.low), self._scale.high)
        if tried.score < self._target:
            self._floor = max(self._floor, quality + 1)
        elif moved := self._judge.moved(data, _MOST_PLACES):
            if tried.score > self._target + _MOST:
                self._floor = self._scale.high + 1
            else:
                self._floor = self._holding(quality + self._beyond, moved)
                # In this picture, parts that are coded alone tell too little of the whole. So the steps get larger.
                self._beyond *= 2
        else:
            self._good = tried
        return tried

    def _begin(self, quality: int, boxes: list[Box]) -> int:
        """Choose how colours are coded, and return the quality to begin with.

        `boxes` are the parts around places whose colour changes in a draft.
        """
        first = self._holding(quality, boxes)
        if first > quality + _MUCH:
            self._finer = True
            finer = self._holding(quality, boxes)
            self._finer = finer < first - _STEP
            first = finer if self._finer else first
        if self._image.width * self._image.height >= _FEW:
            # No lower quality is tried. It rarely holds, since a draft is rarely much worse than the file.
            self._floor = first
        self._encode = self._coder.encoder(self._image, _Pass.WHOLE, finer=self._finer)
        return first

    def _holding(self, quality: int, boxes: list[Box]) -> int:
        """The lowest quality, from `quality` on, at which all parts `boxes` keep their colours when coded alone."""
        for box in boxes:
            part = self._image.crop(box)
            encode = self._coder.encoder(part, _Pass.PART, finer=self._finer)
            judge = Judge(part, self._coder.media, self._target)
            while quality <= self._scale.high and judge.moved(encode(quality), 1):
                quality += _STEP
        return quality

    def _is_hopeless(self, tried: _Tried) -> bool:
        missing = self._target - tried.score
        if missing > 0:
            change = missing * _GROWTH
        elif self._good is None:
            # Places have another colour. So the next quality is higher.
            change = (self._floor - tried.quality) * _LEAST_GROWTH
        else:
            room = max(0, tried.quality - self._floor) * self._scale.rise
            change = -min(-missing, room) * _SHRINKING
        return len(tried.data) * math.exp(change) > self._limit

    def _is_near(self, good: _Tried) -> bool:
        if good.quality <= self._floor + 1:
            return True
        return good.score <= self._target + _NEAR and len(good.data) <= self._limit

    def _next(self, tried: _Tried) -> int:
        """The next quality to try."""
        if self._good is None:
            step = math.ceil((self._target - tried.score) / self._scale.rise)
            return max(self._floor, tried.quality + max(step, 1))
        if tried is not self._good:
            return (self._good.quality + self._floor) // 2
        step = int((tried.score - self._target - _NEAR / 3) / self._scale.rise)
        return max(self._floor, tried.quality - max(1, step))
