"""Whether a lossy picture looks like its original: as a whole, in each part, and in its places.

The limits are those that the built-in engine aims at, whoever made the picture. A margin is left for what
another decoder may show.
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


# A score may be so many points below the target. Not fitted: decoders differ by a level, which changes scores by
# some tenths of a point.
_MARGIN = 1.0
# Pixels of the shorter side. The score of a smaller picture says nothing: its smallest scale, a thirty-second, has
# two pixels a side at 64. Nobody has fitted the metric to opinions about icons (docs/design.md).
_SMALLEST_SCORED = 64
# Formats that store pixels as they are. Their places are held to stricter limits.
_EXACT = (MediaType.PNG, MediaType.GIF)
# Pixels of an animation that are looked at, in frames from all over it. A million takes some 0.05 CPU seconds. Not
# fitted: a limit of work. It is counted in pixels, because these are the same on every machine, unlike a time.
_MOST_PIXELS = 100_000_000


def frames_looked_at(frames: int, pixels: int) -> range:
    """The numbers of the frames that are looked at. An animation has so many `frames` of `pixels` each."""
    return range(0, frames, max(1, -(-frames * pixels // _MOST_PIXELS)))


def difference(before: Image.Image, after: Image.Image, media: MediaType, quality: float) -> str:
    """Why `after` looks worse than `before`, in words; empty when it does not.

    Both are pictures as shown, RGB or RGBA, of one size. `media` is the format of the file, and `quality` the score
    that was asked for.
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
