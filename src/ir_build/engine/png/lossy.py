"""Pictures that look like another and take a PNG fewer bytes: a palette, or coarser differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...quality import Reference
from ...quality.damage import Damage
from ...quality.places import Places
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
_MOST = 256
# How often places that changed are mended, and by how many colours at a time.
_ROUNDS, _ADDED = 9, 24
# Pixels that are looked at for damage in all: the same for every machine, unlike a time.
_ROUNDS_OF_PIXELS = 60_000_000
# In pictures of more pixels than this coarser differences take longer than they are worth.
_LARGE = 24_000_000
# Where more of many tiles than this changed they are a photo's, which a palette is not mended for.
_TOO_MUCH, _FEW_TILES = 0.1, 200
# Mending goes on while it leaves less than this share of the tiles that were left before.
_GETS_BETTER = 0.8
# Where more than this share of a picture has to be exact, or what has to be is not found in so many
# rounds, a finer step takes fewer bytes.
_MOST_EXACT, _EXACT_ROUNDS = 0.1, 4


class _AcceptanceCheck:
    """Whether pictures look like the original."""

    def __init__(self, pixels: Pixels, quality: float, profile: bytes | None) -> None:
        self._profile = profile
        self._quality = quality
        self._original = self._seen(pixels)
        self._reference = Reference(self._original)
        self._places = Places(self._original, quality)
        self._left = max(_ROUNDS_OF_PIXELS, 2 * self._original[..., 0].size)

    def scores(self, pixels: Pixels, least: float = 0.0) -> bool:
        """Whether `pixels` reach the quality, and at `least` so much."""
        return self._reference.score(self._seen(pixels)) >= max(self._quality, least)

    def damage(
        self, pixels: Pixels, known: tuple[Pixels, Damage] | None = None
    ) -> tuple[Pixels, Damage]:
        """`pixels` as they are seen, and the places that changed too much.

        `known` is what this came to for other pixels.
        """
        shown = self._seen(pixels)
        self._left -= shown[..., 0].size
        return shown, self._places.damage(shown, known=known)

    @property
    def exhausted(self) -> bool:
        """Whether as many pixels were looked at as a picture is worth."""
        return self._left < self._original[..., 0].size

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
    quantizer = Quantizer(pixels)
    palette = _palette(quantizer, check, pixels.shape[2])
    size = pixels.shape[0] * pixels.shape[1]
    few = quantizer.distinct < _FEW_OF_PIXELS * size
    if size > _LARGE or quantizer.exact or (palette and (few or len(palette.palette) <= _FEW)):
        return palette, None
    return palette, _near_lossless(NearLossless(pixels), check)


def _palette(quantizer: Quantizer, check: _AcceptanceCheck, bands: int) -> Indexed | None:
    sizes = [size for size in _PALETTES if size < quantizer.colours]
    if not quantizer.exact:
        sizes.insert(0, quantizer.colours)

    def good(size: int) -> bool:
        least = _NOT_TOLD_APART if size < _SOFT_EDGES else 0.0
        return check.scores(quantizer.at(size).pixels(bands), least)

    start = _coarsest(sizes, good)
    # The fewest colours that score enough, and if places cannot be mended with these, more.
    for place in dict.fromkeys((start, start // 2)) if start is not None else ():
        made = _mended_palette(quantizer, check, bands, sizes[place])
        if made is not None:
            return made
    return None


def _mended_palette(
    quantizer: Quantizer, check: _AcceptanceCheck, bands: int, size: int
) -> Indexed | None:
    """The picture in a palette with colours added, and dithered, where places changed."""
    palette = quantizer.palette(size)
    dithered = None
    left = 0
    known = None
    for turn in range(_ROUNDS):
        made = quantizer.drawn(palette, dithered)
        known = check.damage(made.pixels(bands), known)
        found = known[1]
        if not found:
            return made if check.scores(made.pixels(bands)) else None
        tiles = found.moved | found.stepped
        before, left = left, int(np.count_nonzero(tiles))
        if check.exhausted or left > max(_FEW_TILES, _TOO_MUCH * tiles.size):
            return None
        if dithered is not None and left > _GETS_BETTER * before:
            return None
        changed = Damage.spread(tiles, made.indices.shape)
        more = quantizer.missed(palette, changed, min(_ADDED, _MOST - len(palette)), turn)
        palette = np.concatenate([palette, more])
        if len(palette) == _MOST or not len(more):
            # What no more colours can mend, mixtures may.
            dithered = changed if dithered is None else dithered | changed
    return None


def _near_lossless(coder: NearLossless, check: _AcceptanceCheck) -> Pixels | None:
    start = _coarsest(STEPS, lambda step: check.scores(coder.at(step)))
    for step in reversed(STEPS[: 0 if start is None else start + 1]):
        exact = None
        for _ in range(_EXACT_ROUNDS):
            made = coder.at(step, exact)
            _, found = check.damage(made)
            if not found:
                return made
            pixels = Damage.spread(found.moved | found.stepped, made.shape)
            exact = pixels if exact is None else exact | pixels
            if check.exhausted:
                return None
            if exact.mean() > _MOST_EXACT:
                break
    return None


def _coarsest(settings: Sequence[int], good: Callable[[int], bool]) -> int | None:
    """The place of the coarsest of `settings`, finest first, that is good."""
    best, low, high = None, 0, len(settings)
    while low < high:
        middle = (low + high) // 2
        if good(settings[middle]):
            best, low = middle, middle + 1
        else:
            high = middle
    return best
