"""Verify a GIF candidate: it shows the same canvas after every frame, for as long and as often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..errors import CorruptFile, TooLarge
from ..formats import MediaType
from ..options import Compression
from .gif_screen import GifScreen
from .verdict import Verdict, differs

if TYPE_CHECKING:
    from ..candidate import Candidate
    from ..options import Options


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:
    """Whether `candidate` shows the same as `original`, a GIF. `options` say what it was made for.

    Raises `CorruptFile` or `TooLarge` for the original.
    """
    before = GifScreen(original, options.max_pixels)
    try:
        after = GifScreen(candidate.data, options.max_pixels)
    except (CorruptFile, TooLarge) as broken:
        return differs(f"the new file {broken.message}")
    if before.size != after.size:
        from . import raster  # noqa: PLC0415  (takes longer to load than most GIFs to check)

        # A server resized it. It is compared like other pictures.
        return raster.verify(original, candidate, media, options)
    if len(before.delays) != len(after.delays):
        return differs(f"{len(before.delays)} frames became {len(after.delays)}")
    for number, (one, other) in enumerate(zip(before.delays, after.delays, strict=True), 1):
        if one != other:
            return differs(f"frame {number}: {10 * one} ms became {10 * other} ms")
    if before.loops != after.loops:
        return differs(f"a loop count of {before.loops} became {after.loops}")
    lossless = not candidate.lossy or options.compression_type is Compression.LOSSLESS
    return _frames(before, after, None if lossless else options)


def _frames(before: GifScreen, after: GifScreen, lossy: Options | None) -> Verdict:
    """Compare each canvas: exactly, or by its looks if there are options of a `lossy` result."""
    looked_at, score = None, None
    # `zip` would not say which of the two files is broken.
    others = after.canvases()
    for number, one in enumerate(before.canvases(), 1):
        try:
            other = next(others)
        except (CorruptFile, TooLarge) as broken:
            return differs(f"the new file {broken.message}")
        # Whole pixels are compared, which is faster than bytes.
        if np.array_equal(one.view(np.uint32), other.view(np.uint32)):
            continue
        difference = "pixels differ"
        if lossy is not None:
            from . import compare, look, raster  # noqa: PLC0415  (as above)

            looked_at = looked_at or look.frames_looked_at(
                len(before.delays), before.size[0] * before.size[1]
            )
            pictures = Image.fromarray(one), Image.fromarray(other)
            difference = compare.alike(*pictures, None, slack=raster.slack(lossy))
            if not difference and number - 1 in looked_at:
                found = look.look(*pictures, MediaType.GIF, lossy.quality)
                difference, score = found.difference, look.lowest(score, found.score)
        if difference:
            return differs(f"frame {number}: {difference}")
    return Verdict(ok=True, score=score)
