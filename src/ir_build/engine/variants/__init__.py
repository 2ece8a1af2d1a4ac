"""Variants of one picture: in other formats, and in fewer pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...errors import FileSkipped, Reason
from ...formats import MediaType
from ...options import Compression
from ...variant import Variant
from ..shared import raster
from . import original
from .lossy import LossyCoder
from .own import OwnCoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from ...options import Options
    from ...variant import Wanted
    from .original import Original

# Widths above this share of the picture's own save too little to be worth a file.
_NARROWER = 0.9
_CODED = (MediaType.AVIF, MediaType.WEBP)


class _Coder(Protocol):
    def coded(self, image: Image.Image, limit: float) -> bytes | None:
        """A file of at most `limit` bytes that keeps the promise; None where there is none."""


def make(data: bytes, media: MediaType, options: Options, wanted: Wanted) -> tuple[Variant, ...]:
    """The files to stand beside `data`, a picture of type `media`, largest first in each format.

    They come in the order in which a page offers them. There are none of what is no still picture of
    8 bits, or is too small to be scored. Raises an `InputError`, and `FileSkipped` for a package that
    is missing.
    """
    if options.compression_type is not Compression.LOSSY:
        return ()
    try:
        picture = original.read(data, media, options.max_pixels)
    except FileSkipped as left:
        if left.reason is Reason.MISSING_PACKAGE:
            raise
        return ()
    if not raster.can_be_scored(*picture.image.size):
        return ()
    return tuple(_Maker(picture, media, options, wanted).variants())


class _Maker:
    """Makes the files of one picture."""

    def __init__(
        self, picture: Original, media: MediaType, options: Options, wanted: Wanted
    ) -> None:
        self._picture = picture
        self._media = media
        self._options = options
        self._wanted = wanted
        self._left = wanted.most
        self._reduced: dict[int, Image.Image] = {}

    def variants(self) -> Iterator[Variant]:
        """Files of the first format that makes the picture smaller, and the whole picture in others."""
        leads = True
        for media in self._wanted.formats:
            if media in _CODED and media is not self._media and self._left:
                coder = LossyCoder(media, self._options)
                sizes = [self._picture.image.width, *(self._widths() if leads else ())]
                made = list(self._chain(media, coder, sizes))
                leads = leads and not made
                yield from made
        if leads:
            own = OwnCoder(self._media, self._options, lossless=self._picture.lossless)
            yield from self._chain(self._media, own, self._widths())

    def _widths(self) -> list[int]:
        """The widths to try, widest first."""
        most = _NARROWER * self._picture.image.width
        return sorted({width for width in self._wanted.widths if width <= most}, reverse=True)

    def _chain(self, media: MediaType, coder: _Coder, widths: list[int]) -> Iterator[Variant]:
        """A file for each width that is small enough; none where the whole picture has none."""
        before = self._wanted.shipped
        for width in widths:
            image = self._at(width)
            if not self._left or not raster.can_be_scored(*image.size):
                return
            data = coder.coded(image, (1 - self._wanted.smaller) * before)
            if data is not None:
                self._left -= 1
                before = len(data)
                yield Variant(media=media, width=width, height=image.height, data=data)
            elif width == self._picture.image.width:
                return

    def _at(self, width: int) -> Image.Image:
        """The picture in `width` pixels."""
        whole = self._picture.image
        if width == whole.width:
            return whole
        if width not in self._reduced:
            height = max(1, round(whole.height * width / whole.width))
            self._reduced[width] = raster.resized(whole, (width, height))
        return self._reduced[width]
