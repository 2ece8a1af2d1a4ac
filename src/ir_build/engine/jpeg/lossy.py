"""Re-encoding a picture as JPEG at the lowest quality that looks the same.

jpegli (4:2:0) makes the smallest files at an equal score of nearly all pictures. Where it cannot
reach the target, as colour at half the resolution is not enough for thin coloured lines, mozjpeg
with colour at full resolution can. The best effort tries both, and mozjpeg's trellis at 4:2:0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyjpegli
import pyvips
from PIL import Image

from ...options import Effort
from ...quality import Reference
from ..shared import colour_profile, raster
from ..shared.search import NEAR, Found, smallest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...quality import Pixels
    from .file import JpegFile

    Encode = Callable[[int], bytes]

_HIGH = 97
# Below the target less this bands appear in skies, which the score hardly notices, and next to
# nothing is saved.
_BELOW_TARGET, _LOWEST = 30, 20
# jpegli's settings from which on full colour may need fewer bytes.
_MAYBE_FULL_COLOUR = 93
#: by effort, how far over the target a score may end
_NEAR = {Effort.FAST: 1.5, Effort.DEFAULT: NEAR, Effort.BEST: 0.0}
# In a larger picture the search begins with a sample of about as many pixels as this.
_LARGE, _SAMPLE = 1_500_000, 250_000
_NEAR_IN_SAMPLE = 1.5
_SQUARE = 96  # pixels, a multiple of the 16 that are coded together
# A first guess of the quality: a + b * the source's quality + c * log(its bytes per pixel), by
# target. Least squares over the searches on 45 JPEGs of documentation sites, in which it was off
# by 7, 5, 2.5 and 1.3 on average.
_GUESSES = {
    70.0: (63.0, 0.0, 4.1),
    80.0: (82.5, 0.05, 7.4),
    85.0: (62.5, 0.31, 4.0),
    90.0: (64.7, 0.32, 1.25),
}
# Mean of the luminance table at quality 50 (T.81, annex K.1), from which qualities are scaled.
_MEAN_AT_50 = 57.6
# What bytes do while a score changes by 1, in the logarithm: at least when it has to rise, at most
# when it may fall (95 % of 52 pictures); and what lossless transcoding spares a file of jpegli.
_LEAST_GROWTH, _MOST_SHRINKING = 0.02, 0.11
_TRANSCODING = 0.9


@dataclass(frozen=True, slots=True)
class Aim:
    """What a re-encoded picture must reach."""

    target: float  #: score against the original
    limit: float  #: bytes, from which on it is not worth its loss
    effort: Effort
    #: the profile that the picture is shown with, empty when that is sRGB
    profile: bytes = b""


def guess(file: JpegFile, target: float) -> int:
    """A quality to begin with, from how coarse the source is and how many bytes it takes."""
    tables = file.tables()
    scale = 100 * float(np.mean(tables[0])) / _MEAN_AT_50 if tables else 50.0
    present = 100 - scale / 2 if scale <= 100 else 5000 / scale
    density = math.log(len(file.coded) / (file.width * file.height))
    at = [a + b * present + c * density for a, b, c in _GUESSES.values()]
    return round(float(np.clip(np.interp(target, list(_GUESSES), at), _LOWEST, _HIGH)))


def encode(image: Image.Image, aim: Aim, first: int) -> list[bytes]:
    """Files that reach the aim for `image`, RGB or L, each the smallest of its encoder.

    `first` is the quality to begin with. They are coded for speed: compare them transcoded.
    """
    pixels = raster.pixels(image)
    score = _scorer(image, pixels, aim.profile)
    low = max(_LOWEST, round(aim.target) - _BELOW_TARGET)
    if image.width * image.height > _LARGE:
        sample = _sample(image)
        rough = smallest(
            _usual(sample, raster.pixels(sample)),
            _scorer(sample, raster.pixels(sample), aim.profile),
            aim.target,
            low=low, high=_HIGH, guess=first, near=_NEAR_IN_SAMPLE,
        )  # fmt: skip
        first = rough.quality if rough else _HIGH

    def search(coder: Encode, start: int) -> Found | None:
        return smallest(
            coder, score, aim.target,
            low=low, high=_HIGH, guess=start, near=_NEAR[aim.effort],
            hopeless=lambda data, reached: _hopeless(len(data), aim.target - reached, aim.limit),
        )  # fmt: skip

    found = [search(_usual(image, pixels), first)]
    start = found[0].quality if found[0] else first
    best = aim.effort is Effort.BEST
    if image.mode == "RGB" and (best or found[0] is None or start >= _MAYBE_FULL_COLOUR):
        found.append(search(_mozjpeg(image, chroma="off"), start))
    if best:
        found.append(search(_mozjpeg(image, chroma="on"), start))
    return [one.data for one in found if one is not None]


def at_quality(image: Image.Image, quality: int = _HIGH) -> bytes:
    """`image`, RGB or L, at a quality."""
    return _usual(image, raster.pixels(image))(quality)


def _hopeless(size: int, missing: float, limit: float) -> bool:
    """Whether a file of `size`, whose score misses the target by so much, tells to give up."""
    change = _LEAST_GROWTH if missing > 0 else _MOST_SHRINKING
    return size * _TRANSCODING * math.exp(missing * change) > limit


def _sample(image: Image.Image) -> Image.Image:
    """Squares from all over the picture, side by side."""
    pixels = np.asarray(image)
    step = _SQUARE * max(1, round((image.width * image.height / _SAMPLE) ** 0.5))
    for axis in (0, 1):
        starts = range(0, max(1, pixels.shape[axis] - _SQUARE + 1), step)
        squares = [
            pixels[at : at + _SQUARE] if axis == 0 else pixels[:, at : at + _SQUARE]
            for at in starts
        ]
        pixels = np.concatenate(squares, axis)
    return Image.fromarray(pixels)


def _scorer(image: Image.Image, pixels: Pixels, profile: bytes) -> Callable[[bytes], float]:
    """Scores of files against `image`, whose pixels are `pixels`, as both are shown."""

    def shown(picture: Image.Image) -> Pixels:
        return raster.pixels(
            (colour_profile.to_srgb(picture, profile) if profile else None) or picture
        )

    reference = Reference(shown(image) if profile else pixels)
    return lambda data: reference.score(shown(raster.decode(data, "JPEG")))


def _usual(image: Image.Image, pixels: Pixels) -> Encode:
    """The encoder that most pictures come out smallest from."""
    if image.mode == "L":
        # jpegli is there for RGB only, and a trellis makes grey pictures no smaller at a score.
        return _mozjpeg(image, trellis=False)
    packed = np.ascontiguousarray(pixels)
    return lambda quality: bytes(pyjpegli.encode(packed, image.width, image.height, quality))


def _mozjpeg(image: Image.Image, *, chroma: str = "on", trellis: bool = True) -> Encode:
    """`chroma`: whether colour is stored at half the resolution, "on" or "off"."""
    bands = len(image.getbands())
    raw = pyvips.Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
    picture = raw.copy(interpretation="srgb" if bands == 3 else "b-w")
    # The table fitted to MS-SSIM did best of nine on pictures of documentation sites.
    return lambda quality: bytes(
        picture.jpegsave_buffer(
            Q=quality, subsample_mode=chroma, optimize_coding=True, interlace=True,
            trellis_quant=trellis, overshoot_deringing=True, quant_table=2, keep="none",
        )
    )  # fmt: skip
