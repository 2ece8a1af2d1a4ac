"""Pictures that look like another and take a PNG fewer bytes: a palette, or coarser differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PIL import Image

from ...quality import Reference, colour_difference
from ...quality.banding import BandingCheck
from ..shared import colour_profile
from ..shared.quantize import Indexed, Quantizer
from .near_lossless import STEPS, NearLossless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...quality import Pixels

# Palettes to try: steps of a fifth or so in size.
# fmt: off
_PALETTES = (
    216, 184, 156, 132, 112, 94, 80, 68, 57, 48, 40, 34, 28, 24, 20, 16, 13, 11, 8,
)
# fmt: on
# With fewer colours the edges of letters may turn into steps, which the score hardly notices: they
# have to look the same even when flicking between the two.
_SOFT_EDGES = 16
_NOT_TOLD_APART = 90.0
# With no more colours than this, or so few in the original for its pixels, a palette is shorter than
# all the colours in coarser differences.
_FEW = 64
_FEW_OF_PIXELS = 0.04

# How far a colour of flat areas, lines and letters may move at a quality of 80, in OKLab with hue and chroma
# counting twice: grey letters that are a little blue are 0.023 to 0.038 from those that are not.
_SHIFT = 0.02

_Made = TypeVar("_Made")


class _AcceptanceCheck:
    """Whether pictures look like the original."""

    def __init__(self, pixels: Pixels, quality: float, profile: bytes | None) -> None:
        self._profile = profile
        self._quality = quality
        original = self._seen(pixels)
        self._reference = Reference(original)
        self._evenness = BandingCheck(original)

    def holds(self, pixels: Pixels, least: float = 0.0) -> bool:
        """Whether `pixels` reach the quality, and at `least` so much."""
        quality = max(self._quality, least)
        shown = self._seen(pixels)
        return self._evenness.holds(shown, quality) and self._reference.score(shown) >= quality

    def holds_in(self, tried: Indexed, bands: int, shift: float) -> bool:
        """Whether a picture in few colours reaches the quality, its own moved by `shift`."""
        few = len(tried.palette) < _SOFT_EDGES
        if shift > colour_difference.allowed(_SHIFT, self._quality):
            return False
        return self.holds(tried.pixels(bands), _NOT_TOLD_APART if few else 0.0)

    def _seen(self, pixels: Pixels) -> Pixels:
        if self._profile is None:
            return pixels
        converted = colour_profile.to_srgb(Image.fromarray(pixels), self._profile)
        assert converted is not None, "the profile was tried before"
        return np.asarray(converted)


def versions(
    pixels: Pixels, quality: float, profile: bytes | None
) -> tuple[Indexed | None, Pixels | None]:
    """`pixels` in the fewest colours, and in the coarsest differences, that reach the quality.

    `pixels` are height x width x 3, or x 4 with straight alpha; `profile` says what colours they
    stand for, None for sRGB. Either is None when it cannot reach the quality or is sure to be the
    longer of the two.
    """
    check = _AcceptanceCheck(pixels, quality, profile)
    bands = pixels.shape[2]
    quantizer = Quantizer(pixels)
    sizes = [size for size in _PALETTES if size < quantizer.colours]
    palette = _coarsest(
        sizes if quantizer.exact else [quantizer.colours, *sizes],
        quantizer.at,
        lambda tried: check.holds_in(tried, bands, quantizer.shift(tried.palette)),
    )
    few = quantizer.distinct < _FEW_OF_PIXELS * pixels.shape[0] * pixels.shape[1]
    if quantizer.exact or (palette and (few or len(palette.palette) <= _FEW)):
        return palette, None
    return palette, _coarsest(STEPS, NearLossless(pixels).at, check.holds)


def _coarsest(
    settings: Sequence[int], make: Callable[[int], _Made], good: Callable[[_Made], bool]
) -> _Made | None:
    """What `make` makes at the coarsest of `settings`, finest first, that is good."""
    best = None
    while settings:
        middle = len(settings) // 2
        tried = make(settings[middle])
        if good(tried):
            best, settings = tried, settings[middle + 1 :]
        else:
            settings = settings[:middle]
    return best
