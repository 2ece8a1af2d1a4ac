"""Variants of one picture: in other formats, and in fewer pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ...errors import FileSkipped, Reason
from ...formats import MediaType
from ...options import Compression
from ...variant import Variant
from ..shared import raster
from . import animated, jpeg_xl, original
from .exact import ExactCoder
from .lossy import LossyCoder
from .own import OwnCoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL import Image

    from ...options import Options
    from ...variant import Wanted
    from .original import Original

# A width above this share of the picture's own is not made: it would save too little to be worth a file. Not fitted:
# a file must be smaller by `Wanted.smaller`, too, so a larger share would only take more CPU time.
_NARROWER = 0.9
# So many widths are compared, from the one that was asked for upwards. The one that changes the shape of the picture
# least is taken. When only one was tried, boxes below the pictures moved by up to 0.6 pixels on a page of 30 pictures
# (`python benchmarks BEFORE AFTER --pages` counts boxes that moved). Files of these widths differ by a few bytes.
_NEAR_WIDTHS = 20
_CODED = (MediaType.AVIF, MediaType.WEBP)
# A picture in fewer pixels can keep these formats. It cannot stay a GIF, which has too few colours for it.
_OWN = (MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.AVIF)


class _Coder(Protocol):
    def coded(self, image: Image.Image, limit: float) -> bytes | None:
        """A file of at most `limit` bytes that keeps the promise (see `judge`); None when there is none."""


def make(
    data: bytes, media: MediaType, options: Options, wanted: Wanted, shipped: bytes
) -> tuple[Variant, ...]:
    """Make the files that stand beside a picture of type `media`, in the order in which a page offers them.

    They are made of `data`, the original. `shipped` is the file that is shipped for it. In each format the
    largest file comes first. The result is empty if no file is small enough. It holds at most a JPEG XL if the
    picture is too small to be scored, has more than 8 bits a sample, or is an animation but no GIF. Raises an
    `InputError`, and `FileSkipped` when a package is missing.
    """
    others: list[Variant] = []
    if options.compression_type is not Compression.NONE:
        try:
            others = list(_others(data, media, options, wanted, shipped))
        except FileSkipped as left:
            if left.reason is Reason.MISSING_PACKAGE:
                raise
    best = _jpeg_xl(shipped, media, options, wanted)
    if best is not None and all(len(best.data) < len(one.data) for one in others):
        # A browser that shows JPEG XL shows the other formats, too. So it is of use only if it is the smallest file.
        others = [best, *others][: wanted.most]
    return tuple(others)


def _others(
    data: bytes, media: MediaType, options: Options, wanted: Wanted, shipped: bytes
) -> Iterable[Variant]:
    """All variants but JPEG XL. Raises `FileSkipped` when none can be made of the file."""
    if media is MediaType.GIF and original.is_animated(data):
        return animated.variants(data, options, wanted)
    if options.compression_type is not Compression.LOSSY:
        return ()
    picture = original.read(data, media, options.max_pixels)
    if not raster.can_be_scored(*picture.image.size):
        return ()
    smaller = original.read(shipped, media, options.max_pixels).image
    if smaller.size != picture.image.size:
        # The setting `resize` has made the picture smaller, and a page shows the smaller one.
        picture = replace(picture, image=raster.resized(picture.image, smaller.size))
    return _Maker(picture, smaller, media, options, wanted).variants()


def _jpeg_xl(shipped: bytes, media: MediaType, options: Options, wanted: Wanted) -> Variant | None:
    """The shipped JPEG as JPEG XL; None when that is not wanted or saves too little."""
    if media is not MediaType.JPEG or MediaType.JPEG_XL not in wanted.formats:
        return None
    if options.compression_type is Compression.NONE or not wanted.most:
        return None
    found = jpeg_xl.transcoded(shipped, options)
    if found is None or len(found[0]) > (1 - wanted.smaller) * wanted.shipped:
        return None
    data, width, height = found
    return Variant(media=MediaType.JPEG_XL, width=width, height=height, data=data)


class _Maker:
    """Makes the files of one picture."""

    def __init__(
        self,
        picture: Original,
        shipped: Image.Image,
        media: MediaType,
        options: Options,
        wanted: Wanted,
    ) -> None:
        self._picture = picture
        self._media = media
        self._options = options
        self._wanted = wanted
        self._left = wanted.most
        self._limit = (1 - wanted.smaller) * wanted.shipped
        self._reduced: dict[int, Image.Image] = {}
        self._exact = ExactCoder(options, shipped) if picture.lossless else None

    def variants(self) -> Iterator[Variant]:
        """First all sizes in the format that makes the picture smallest, then the whole picture in other formats.

        A page offers the formats in the order that was asked for, and browsers take the first one they know.
        Formats before the smallest one are left out: a browser that knows them knows the smallest one, too.
        """
        whole, *narrower = [self._picture.image.width, *self._widths()]
        made: list[tuple[Variant, _Coder]] = []
        for media in self._wanted.formats:
            if media in _CODED and media is not self._media:
                coder, limit = self._coder(media)
                made += [(one, coder) for one in self._chain(media, coder, [whole], limit)]
        if made:
            lead, coder = min(made, key=lambda one: len(one[0].data))
            made = made[made.index((lead, coder)) + 1 :]
            self._left = self._wanted.most - 1 - len(made)
            yield lead
            limit = (1 - self._wanted.smaller) * len(lead.data)
            yield from self._chain(lead.media, coder, narrower, limit)
            yield from (one for one, _ in made)
        elif self._media in _OWN:
            own = OwnCoder(self._media, self._options, lossless=self._picture.lossless)
            yield from self._chain(self._media, own, narrower, self._limit)

    def _coder(self, media: MediaType) -> tuple[_Coder, float]:
        """The coder of files of type `media`, and the most bytes that the whole picture may have."""
        exact = self._exact
        limit = self._limit
        if exact is not None and len(exact.whole) <= limit:
            if media is MediaType.WEBP:
                return exact, limit
            if MediaType.WEBP in self._wanted.formats:
                limit = len(exact.whole)
        return LossyCoder(media, self._options), limit

    def _widths(self) -> list[int]:
        """The widths to try in pixels, the widest first: those that were asked for, or up to 19 pixels more."""
        image = self._picture.image
        most = int(_NARROWER * image.width)

        def off(width: int) -> float:
            # The height of a file is a whole number. A page shows the picture in the shape of the file.
            height = width * image.height / image.width
            return abs(round(height) - height) / width

        wanted = {width for width in self._wanted.widths if width <= most}
        near = (range(width, min(width + _NEAR_WIDTHS, most + 1)) for width in wanted)
        return sorted({min(widths, key=off) for widths in near}, reverse=True)

    def _chain(
        self, media: MediaType, coder: _Coder, widths: list[int], limit: float
    ) -> Iterator[Variant]:
        """A file for each of `widths`, in pixels, if it is small enough; none if the whole picture has none.

        `limit` is the most bytes that the first file may have. Each other file must be smaller than the one
        before it by `Wanted.smaller`.
        """
        for width in widths:
            image = self._at(width)
            if not self._left or not raster.can_be_scored(*image.size):
                return
            data = coder.coded(image, limit)
            if data is not None:
                self._left -= 1
                limit = (1 - self._wanted.smaller) * len(data)
                yield Variant(media=media, width=width, height=image.height, data=data)
            elif width == self._picture.image.width:
                return

    def _at(self, width: int) -> Image.Image:
        """The picture, `width` pixels wide."""
        whole = self._picture.image
        if width == whole.width:
            return whole
        if width not in self._reduced:
            height = max(1, round(whole.height * width / whole.width))
            self._reduced[width] = raster.resized(whole, (width, height))
        return self._reduced[width]
