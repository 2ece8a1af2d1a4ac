"""Whether a lossy picture looks like its original: as a whole, in each part of it, and in its places.

It asks for what the built-in engine aims at, with what another decoder may make of it to spare, of
whoever made the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..formats import MediaType
from ..quality import Reference
from ..quality.coloured import ColouredPlaces
from ..quality.pages import shown
from ..quality.places import Places
from ..quality.ssimulacra2 import WORST_SQUARE

if TYPE_CHECKING:
    from PIL import Image


# Decoders differ by a level, which changes scores by some tenths.
_MARGIN = 1.0
# The metric looks at scales of an eighth and less: below this many pixels it says nothing.
_SMALLEST_SCORED = 64
# Formats that store pixels as they are: their places are held to more than those of the others.
_EXACT = (MediaType.PNG, MediaType.GIF)


# Pixels of animations that are looked at, in frames from all over them: the same on every machine.
_MOST_PIXELS = 100_000_000


def frames_looked_at(frames: int, pixels: int) -> range:
    """Which frames, of so many `pixels` each, are looked at."""
    return range(0, frames, max(1, -(-frames * pixels // _MOST_PIXELS)))


def difference(before: Image.Image, after: Image.Image, media: MediaType, quality: float) -> str:
    """What looks worse in `after` than in `before`, both as shown, RGB or RGBA; empty for nothing.

    They are of one size; `quality` is the score that was asked for.
    """
    one, other = np.asarray(before), np.asarray(after)
    if one.shape != other.shape:
        one, other = (np.asarray(image.convert("RGBA")) for image in (before, after))
    if np.array_equal(one, other):
        return ""
    least = quality - _MARGIN
    if min(one.shape[:2]) >= _SMALLEST_SCORED:
        whole, worst = Reference(one, keep=False).scores(other)
        if whole < least:
            return f"it looks worse: its score is {whole:.1f}, not {quality:g}"
        if worst < least - WORST_SQUARE:
            return f"a part looks worse: its score is {worst:.1f}, not {quality - WORST_SQUARE:g}"
    if media in _EXACT:
        return Places(one, least).damage(other, first=True).detail
    for _, page, new_page in shown(one, other):
        if moved := ColouredPlaces(page, least).damage(new_page):
            return moved
    return ""
