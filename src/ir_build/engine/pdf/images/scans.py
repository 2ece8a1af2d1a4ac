"""Pictures that fill a page: coded all alike, however many pages there are.

A search for each would take as long as the first few may take together. So each begins with the
quality that the one before ended at, and is scored as a whole all the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ....quality import Reference
from ....quality.coloured import ColouredPlaces
from ....quality.ssimulacra2 import of_both
from ...jpeg import lossy
from ...shared import raster
from ...shared.search import smallest
from ..structure.streams import Packed
from . import decoding, scaling

if TYPE_CHECKING:
    from PIL import Image

    from ....quality import Pixels
    from ..structure.streams import Plain
    from .lossless import Shape

# What the first page begins with.
_FIRST = 78
# Below the target less this bands appear in what is smooth.
_BELOW_TARGET, _LOWEST, _HIGH = 45, 20, 95
# Colour at half the resolution, and at all of it where places would lose theirs.
_COLOUR = (("4:2:0", (0.4, 1.0)), ("4:4:4", (1.0, 3.0)), ("4:4:4", (0.4, 1.0)))


class ScanCoder:
    """Codes the scanned pages of one document."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._quality: dict[str, int] = {}

    def coded(
        self, plain: Plain, form: Shape, size: tuple[int, int] | None, target: float
    ) -> Packed | None:
        """The picture as a JPEG that scores `target`, scaled to `size` in pixels where there is one.

        None where it is damaged, too large, or none is good enough.
        """
        if form.width * form.height > self._max_pixels:
            return None
        image = decoding.image(plain, form, size)
        if image is None or (size and image.size != size) or not raster.can_be_scored(*image.size):
            return None
        data = self._smallest(image, target)
        if data is None:
            return None
        packed = Packed(lossy.transcode(data), ("/DCTDecode",))
        return replace(packed, entries=scaling.entries(size)) if size else packed

    def _smallest(self, image: Image.Image, target: float) -> bytes | None:
        pixels = raster.pixels(image)
        reference = Reference(pixels)
        low = max(_LOWEST, round(target) - _BELOW_TARGET)
        places = ColouredPlaces(pixels, target) if image.mode == "RGB" else None
        for subsampling, coarser in _COLOUR if places else _COLOUR[1:2]:
            key = f"{image.mode} {subsampling} {coarser}"
            found = smallest(
                lossy.Coder(image, subsampling, coarser),
                lambda data: of_both(*reference.scores(_decoded(data))),
                target,
                low=low, high=_HIGH, guess=self._quality.get(key, _FIRST),
            )  # fmt: skip
            if found is None:
                continue
            self._quality[key] = found.quality
            if places is None or not places.damage(_decoded(found.data)):
                return found.data
        return None


def _decoded(data: bytes) -> Pixels:
    return raster.pixels(raster.decode(data, "JPEG"))
