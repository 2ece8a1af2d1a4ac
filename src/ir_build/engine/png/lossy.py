"""Pictures that look like another and need fewer bytes as a PNG: in a palette, or in coarser differences."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...quality import Reference
from ...quality.damage import Damage
from ...quality.places import Known, Places
from ...quality.ssimulacra2 import of_both
from ..shared import colour_profile
from ..shared.colours import strips
from ..shared.drawing import Drawing, Indexed
from ..shared.quantize import Quantizer
from ..shared.sample import sample
from .near_lossless import STEPS, NearLossless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ...quality import Pixels

# `python benchmarks FOLDER --sweep png.lossy:NAME VALUES` tries others of the numbers below. What is said of
# "12 files" and "12 small files" was measured on PNG files of documentation sites, on which the numbers were
# not chosen. The small ones have up to 220,000 pixels. A single file may make most of a difference.

# The sizes of palettes to try. Colours are added to a palette that lacks any. (On 12 small files 192, 128, 64,
# 32 and 16 came to 0.5 % fewer bytes in 10 % less CPU, and twice as many sizes to 4.6 % fewer in 3 % less.)
_PALETTES = (192, 128, 96, 64, 48, 32, 24, 16, 8)
# With fewer colours than `_SOFT_EDGES` the edges of letters may turn into steps. The score hardly notices
# these. So such a palette has to reach a higher score. (On 12 files 0 for either came to 0.4 % more bytes, 64
# for `_SOFT_EDGES` to 0.5 % fewer, and a score of 90 to 0.1 % more.)
_SOFT_EDGES = 40
_NOT_TOLD_APART = 85.0
# A palette is shorter than coarser differences if it has no more colours than `_FEW`. So it is if the number of
# colours of the original is below the share `_FEW_OF_PIXELS` of its pixels. Then these differences are not tried.
# Not fitted: this saves only CPU time.
_FEW = 64
_FEW_OF_PIXELS = 0.04
_MOST = 256  # colours, the most that PNG holds
# Places that changed are mended in so many rounds at most, with so many new colours in each. (On 12 files 8 and
# 32 rounds came to the same bytes within 0.03 %. 12 new colours came to 4.6 % fewer bytes of these, and to 2.3 %
# fewer of 20 others. 48 came to 8 % and 2 % more. With 12 colours, and 0.02 for `_FEW_LEFT`, 62 other files came
# to 2.1 % fewer bytes. But smooth parts of 18 of them got steps of more than a level, and 12 as it is.)
_ROUNDS, _ADDED = 16, 24
# As many new colours again are added for each so many tiles that are left. Not fitted: a limit for the rounds that
# large pictures take.
_MANY_TILES = 1000
# So many pixels are looked at for damage, all rounds together; more only if two rounds take more. Not fitted: a
# limit for the CPU time. It counts pixels, so that every machine makes the same bytes.
_ROUNDS_OF_PIXELS = 60_000_000
# A palette is not mended if more tiles changed than this share, and more than so many: such a picture is a photo.
# (On 12 files 0.05 came to 0.5 % more bytes, and 0.2 to 0.6 % fewer. 100 tiles came to the same bytes, and 400 to
# 0.3 % fewer.)
_TOO_MUCH, _FEW_TILES = 0.1, 200
# If more than the share `_PHOTO` of the tiles changed in more than `_MANY` colours, more colours do not help.
# (On 12 small files 0.1 and 0.4 for `_PHOTO` came to the same bytes.)
_PHOTO, _MANY = 0.2, 128
# If no more than this share of the tiles is left, the other tiles stay as they are drawn. (On 12 small files 0
# came to 0.2 % more bytes, and 0.02 to 13 % fewer.)
_FEW_LEFT = 0.002
# Mending goes on while it leaves less than this share of the tiles that were left before. (On 12 small files 0.5
# and 0.9 came to the same bytes.)
_GETS_BETTER = 0.75
# If more than this share of a picture has to be exact, a finer step takes fewer bytes. (On 12 small files 0.05
# came to the same bytes, and 0.2 to 0.9 % more.)
_MOST_EXACT = 0.1
# Coarser differences are not tried for pictures of more pixels than this. Not fitted: a limit for the CPU time.
_LARGE = 10_000_000
# Settings are searched for in a sample of so many pixels. Not fitted: the whole picture is judged at the end.
_SAMPLED = 150_000


class _Original:
    """A picture, or a sample of it, which other pictures have to look like."""

    def __init__(
        self, pixels: Pixels, quality: float, profile: bytes | None, *, often: bool
    ) -> None:
        """Take `pixels`, height x width x 3 or 4. `often` says that more than two others will be scored."""
        self.pixels = pixels
        self._profile = profile
        self._quality = quality
        seen = self._seen(pixels)
        self._reference = Reference(seen, keep=often)
        self._places = Places(seen, quality)

    def scores(self, pixels: Pixels, least: float = 0.0) -> bool:
        """Whether the score of `pixels` reaches the quality, and `least`."""
        reached = of_both(*self._reference.scores(self._seen(pixels)))
        return reached >= self._quality and reached >= least

    def damage(self, pixels: Pixels, known: Known | None = None) -> Known:
        """The places that changed too much in `pixels`. `known` is what was found in the version before."""
        shown = self._seen(pixels)
        if known is None:
            return Known(shown, self._places.damage(shown))
        return self._places.again(shown, known)

    @property
    def exhausted(self) -> bool:
        """Whether all pixels that may be looked at for damage have been looked at."""
        size = self.pixels.shape[0] * self.pixels.shape[1]
        return bool(self._places.looked_at > max(_ROUNDS_OF_PIXELS, 2 * size))

    def _seen(self, pixels: Pixels) -> Pixels:
        if self._profile is None:
            return pixels
        return colour_profile.shown(Image.fromarray(pixels), self._profile)


def versions(
    pixels: Pixels, quality: float, profile: bytes | None, *, few_colours: bool = False
) -> tuple[Indexed | None, Pixels | None]:
    """`pixels` in the fewest colours, and in the coarsest differences, that reach the quality.

    `pixels` are height x width x 3, or x 4 with straight alpha. `profile` is the ICC data that says what
    colours they stand for, or None for sRGB. `quality` is a score, up to 100. A result is None if it cannot
    reach the quality, or if it is surely the longer one of the two. With `few_colours` only the first one is
    looked for.
    """
    size = pixels.shape[0] * pixels.shape[1]
    sampled = size > 2 * _SAMPLED
    whole = small = _Original(pixels, quality, profile, often=not sampled)
    if sampled:
        small = _Original(sample(pixels, _SAMPLED), quality, profile, often=True)
    quantizer = Quantizer(pixels)
    few = quantizer.distinct < _FEW_OF_PIXELS * size
    palette = _palette(quantizer, whole, small)
    if (
        few_colours
        or size > _LARGE
        or quantizer.exact
        or (palette and (few or len(palette.palette) <= _FEW))
    ):
        return palette, None
    return palette, _near_lossless(whole, small)


def _palette(quantizer: Quantizer, whole: _Original, small: _Original) -> Indexed | None:
    colours = quantizer.strips if small is whole else list(strips(small.pixels))
    *shape, bands = small.pixels.shape
    sizes = [size for size in _PALETTES if size < quantizer.colours]
    if not quantizer.exact:
        sizes.insert(0, quantizer.colours)

    @cache
    def drawn(size: int) -> Pixels:
        drawing = Drawing(colours, (shape[0], shape[1]), quantizer.palette(size))
        return drawing.indexed.pixels(bands)

    def good(size: int) -> bool:
        return small.scores(drawn(size), _NOT_TOLD_APART if size < _SOFT_EDGES else 0.0)

    start = _coarsest(sizes, good)
    # First come the fewest colours that score enough. More colours come if places cannot be mended with these.
    for place in dict.fromkeys((start, start // 2, start // 4)) if start is not None else ():
        tiles = small.damage(drawn(sizes[place])).damage.tiles
        if sizes[place] > _MANY and tiles.mean() > _PHOTO:
            return None
        if np.count_nonzero(tiles) <= max(
            0 if small is not whole else _FEW_TILES, _TOO_MUCH * tiles.size
        ):
            made = _mended_palette(quantizer, whole, sizes[place])
            if isinstance(made, Indexed):
                return made
            if made > _MANY_TILES:
                # Not nearly enough places were mended with as many colours as there can be.
                break
    return None


def _mended_palette(quantizer: Quantizer, whole: _Original, size: int) -> Indexed | int:
    """The picture in a palette. Places that changed get more colours, and mixtures of colours.

    If that fails, the result is the number of tiles that are still changed with as many colours as there can
    be. It is 0 if there can be more colours.
    """
    height, width, bands = whole.pixels.shape
    drawing = Drawing(quantizer.strips, (height, width), quantizer.palette(size))
    left = 0
    known = None
    full = False
    for turn in range(_ROUNDS):
        made = drawing.indexed
        known = whole.damage(made.pixels(bands), known)
        tiles = known.damage.tiles
        before, left = left, int(np.count_nonzero(tiles))
        if not left:
            return made if whole.scores(made.pixels(bands)) else 0
        if whole.exhausted or left > max(_FEW_TILES, _TOO_MUCH * tiles.size):
            break
        if left > _GETS_BETTER * before > 0 and (full or left > _FEW_TILES):
            break
        changed = Damage.spread(tiles, made.indices.shape)
        added = _ADDED * (1 + left // _MANY_TILES)
        more = drawing.missed(changed, min(added, _MOST - drawing.colours), turn)
        if len(more):
            drawing.add(more, changed if left <= _FEW_LEFT * tiles.size else None)
        if drawing.colours == _MOST or not len(more):
            # Mixtures may mend what more colours cannot.
            drawing.mix(changed)
            full = True
    return left if full else 0


def _near_lossless(whole: _Original, small: _Original) -> Pixels | None:
    rough = NearLossless(small.pixels)
    sampled = cache(rough.at)
    start = _coarsest(STEPS, lambda step: small.scores(sampled(step)))
    coder = rough if small is whole else NearLossless(whole.pixels)
    for step in reversed(STEPS[: 0 if start is None else start + 1]):
        if small is not whole:
            tiles = small.damage(sampled(step)).damage.tiles
            if np.count_nonzero(tiles) > _MOST_EXACT * tiles.size:
                continue
        made = _mended_differences(whole, coder, step)
        if made is not None or whole.exhausted:
            return made
    return None


def _mended_differences(whole: _Original, coder: NearLossless, step: int) -> Pixels | None:
    """The picture in differences of `step`. Places that changed are exact. None if these are too many."""
    made = coder.at(step)
    known = whole.damage(made)
    if known.damage:
        exact = Damage.spread(known.damage.tiles, made.shape)
        if exact.mean() > _MOST_EXACT:
            return None
        made = coder.at(step, exact)
        known = whole.damage(made, known)
    while known.damage:
        # Little is left now. These tiles get the pixels of the original.
        tiles = Damage.spread(known.damage.tiles, made.shape)
        if exact[tiles].all():
            # They are exact already. So the tiles beside them are to blame.
            tiles = Damage.spread(_and_around(known.damage.tiles), made.shape)
        if exact[tiles].all() or (exact | tiles).mean() > _MOST_EXACT or whole.exhausted:
            return None
        exact |= tiles
        made = coder.restored(made, tiles)
        known = whole.damage(made, known)
    return made if whole.scores(made) else None


def _and_around(tiles: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """These tiles and those around them."""
    around = np.pad(tiles, 1)
    around[1:-1] |= around[:-2] | around[2:]
    around[:, 1:-1] |= around[:, :-2] | around[:, 2:]
    return around[1:-1, 1:-1]


def _coarsest(settings: Sequence[int], good: Callable[[int], bool]) -> int | None:
    """The place of the coarsest of `settings` that is good; None if none is. The finest one is the first."""
    best, low, high = None, 0, len(settings)
    while low < high:
        middle = (low + high) // 2
        if good(settings[middle]):
            best, low = middle, middle + 1
        else:
            high = middle
    return best
