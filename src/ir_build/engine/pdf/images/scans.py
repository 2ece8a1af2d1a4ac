"""Scanned pages and other photos. Each search for a quality begins at the quality of the image before.

So a document may have any number of them. The first sheet of paper of a kind is scored as a whole, and only a
sample of each later one.
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

# The ways to code colour, in the order in which they are tried: the subsampling, and the factors of the table for
# colour. Half the resolution takes fewest bytes. The full one is for images whose places would lose their colours.
# The factors are some of those in `engine/jpeg/lossy.py`, which says what they were fitted on.
_COLOUR = (("4:2:0", (0.4, 1.0)), ("4:4:4", (1.0, 3.0)), ("4:4:4", (0.4, 1.0)))
# Pixels of a sample. It was checked on 11 scanned pages of text, which scored within 0.6 of what their samples said.
# `python benchmarks FOLDER --sweep pdf.images.scans:_SAMPLE 100000` says what another size costs.
_SAMPLE = 250_000
# Bytes a pixel. Images that take fewer are mostly flat, and transcoding makes these up to a third smaller. It makes
# noise 1 % smaller, and takes as long as all other work on it. So noise is not transcoded.
# `python benchmarks FOLDER --sweep pdf.images.scans:_FLAT 0.0 1.0` tries it for none and for all.
_FLAT = 0.05


@dataclass(frozen=True, slots=True)
class _Before:
    """What the image before says about the next one."""

    quality: int = 78  #: 0 to 100, by jpegli's measure; the first guess, which any number may be
    #: how much higher a sample scores than the whole, because edges between its squares hide some of the loss
    more: float | None = None


class ScanCoder:
    """Codes the scanned pages and other photos of one document."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._before: dict[str, _Before] = {}

    def coded(
        self, plain: Plain, form: Shape, size: tuple[int, int] | None, target: float, *, sheet: bool
    ) -> Packed | None:
        """The image in `plain` as a JPEG that scores `target`.

        It is scaled to `size`, width and height in pixels, if that is given. `sheet` says that it fills a sheet of
        paper. The result is None if it is damaged or too large, or if no quality reaches the target.
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
            low=lossy.lowest(target), high=lossy.HIGHEST, guess=before.quality,
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
