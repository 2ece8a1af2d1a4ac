"""Pictures that fill a page: coded all alike, however many pages there are.

A search for each would take as long as the first few may take together. So each begins with the
quality that the one before ended at. Of a sheet of paper after the first of its kind, a sample is scored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ....quality import Reference
from ....quality.coloured import ColouredPlaces
from ....quality.ssimulacra2 import of_both
from ...jpeg import lossy
from ...shared import raster
from ...shared.sample import sample
from ...shared.search import Search
from ..structure.streams import Packed
from . import decoding, scaling

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....quality import Pixels
    from ..structure.streams import Plain
    from .lossless import Shape

# Below the target less this bands appear in what is smooth.
_BELOW_TARGET, _LOWEST, _HIGH = 45, 20, 95
# Colour at half the resolution, and at all of it where places would lose theirs.
_COLOUR = (("4:2:0", (0.4, 1.0)), ("4:4:4", (1.0, 3.0)), ("4:4:4", (0.4, 1.0)))
# Pixels of a sample: 11 scanned pages of text scored within 0.6 of what it told.
_SAMPLE = 250_000
# Bytes a pixel of what is mostly flat: transcoding takes up to a third off it, and 1 % off noise, where it
# takes as long as all else.
_FLAT = 0.05


@dataclass(frozen=True, slots=True)
class _Before:
    """What the picture before tells of the next one."""

    quality: int = 78
    #: how much more than the whole a sample scores, in which edges between squares hide some of the loss
    more: float | None = None


class ScanCoder:
    """Codes the scanned pages of one document."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._before: dict[str, _Before] = {}

    def coded(
        self, plain: Plain, form: Shape, size: tuple[int, int] | None, target: float, *, sheet: bool
    ) -> Packed | None:
        """The picture as a JPEG that scores `target`, scaled to `size` in pixels where there is one.

        None where it is damaged, too large, or none is good enough.
        """
        if form.width * form.height > self._max_pixels:
            return None
        image = decoding.image(plain, form, size)
        if image is None or (size and image.size != size) or not raster.can_be_scored(*image.size):
            return None
        places = ColouredPlaces(raster.pixels(image), target) if image.mode == "RGB" else None
        for subsampling, coarser in _COLOUR if places else _COLOUR[1:2]:
            coder = lossy.Coder(image, subsampling, coarser, progressive=True)
            data = self._smallest(coder, target, sheet=sheet)
            if data and not (places and places.damage(_decoded(data))):
                if len(data) < image.width * image.height * _FLAT:
                    data = lossy.transcode(data)
                packed = Packed(data, ("/DCTDecode",))
                return replace(packed, entries=scaling.entries(size)) if size else packed
        return None

    def _smallest(self, coder: lossy.Coder, target: float, *, sheet: bool) -> bytes | None:
        key = f"{coder.image.mode} {coder.subsampling} {coder.coarser} {sheet}"
        before = self._before.get(key, _Before())
        squares = Image.fromarray(sample(np.asarray(coder.image), _SAMPLE))
        part = coder.of(squares) if sheet else coder
        searched = coder if before.more is None else part
        score = _scorer(searched.image)
        found = Search(
            searched, lambda data: score(data) - (before.more or 0), target,
            low=max(_LOWEST, round(target) - _BELOW_TARGET), high=_HIGH, guess=before.quality,
        ).within()  # fmt: skip
        if found is None:
            return None
        more = before.more
        if sheet and more is None:
            more = _scorer(part.image)(part(found.quality)) - found.score
        self._before[key] = _Before(found.quality, more)
        return found.data if searched is coder else coder(found.quality)


def _scorer(image: Image.Image) -> Callable[[bytes], float]:
    reference = Reference(raster.pixels(image))
    return lambda data: of_both(*reference.scores(_decoded(data)))


def _decoded(data: bytes) -> Pixels:
    return raster.pixels(raster.decode(data, "JPEG"))
