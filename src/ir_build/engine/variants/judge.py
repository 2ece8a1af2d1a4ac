"""Whether files of one picture keep the promise, and where they do not.

A file keeps the promise when it reaches the score that `Options.quality` asks for, and each place of it keeps
its colour (`quality.coloured`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ...formats import MediaType
from ...quality.coloured import ColouredPlaces
from ...quality.pages import shown
from ..avif.codec import Stretching, is_translucent
from ..shared import raster
from ..shared.scorer import Scorer

if TYPE_CHECKING:
    from PIL import Image

    from ...quality import Pixels
    from ...quality.coloured import Moved

    #: left, top, right and lower edge in pixels
    Box = tuple[int, int, int, int]

# Half the side of the part around a place, in pixels. Not fitted: it is the side of AV1's smaller superblock (AV1
# bitstream specification, 5.5.1), so that a part is coded about as it is in the whole picture.
_BLOCK = 64


class Judge:
    """Scores files of one picture, and finds places in them that have another colour."""

    def __init__(self, image: Image.Image, media: MediaType, target: float) -> None:
        """Compare files of type `media` with `image` (L, RGB or RGBA). `target` is the score that is asked for."""
        self._image = image
        self._media = media
        self._target = target
        self._places: dict[bool, ColouredPlaces] = {}

    def score(self, data: bytes) -> float:
        """The score of the file `data`, up to 100. It is lower if a part is far worse than the whole."""
        return min(scorer.score(data) for scorer in self._scorers)

    def moved(self, data: bytes, most: int) -> list[Box]:
        """Parts of the picture around places that have another colour in the file `data`, at most `most` of them."""
        coded = raster.decode(data, self._media.upper()).convert(self._image.mode)
        found: list[Box] = []
        pages = shown(raster.pixels(self._image), raster.pixels(coded))
        for white, page, new in pages:
            if white not in self._places:
                self._places[white] = ColouredPlaces(page, self._target)
            self._add_moved(found, most, self._places[white], page, new)
        return found

    def _add_moved(
        self, found: list[Box], most: int, places: ColouredPlaces, page: Pixels, new: Pixels
    ) -> None:
        while len(found) < most and (moved := places.moved(new)):
            left, top, right, bottom = box = _around(moved, self._image.size)
            found.append(box)
            if len(found) < most:
                # The original's pixels are put back there. So the next place is found.
                new = new.copy() if not new.flags.writeable else new
                new[top:bottom, left:right] = page[top:bottom, left:right]

    @cached_property
    def _scorers(self) -> list[Scorer]:
        kinds = [Scorer]
        if self._media is MediaType.AVIF and is_translucent(self._image):
            kinds.append(Stretching)
        return [kind(self._image, self._media.upper(), self._target) for kind in kinds]


def _around(moved: Moved, size: tuple[int, int]) -> Box:
    """The part of a picture of `size` around the place `moved`. Alone it is coded about as it is in the whole."""
    left, top = (max(0, at - _BLOCK // 2) // _BLOCK * _BLOCK for at in (moved.x, moved.y))
    return left, top, min(size[0], left + 2 * _BLOCK), min(size[1], top + 2 * _BLOCK)
