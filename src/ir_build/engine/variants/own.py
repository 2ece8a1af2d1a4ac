"""Files of a picture in its own format and in fewer pixels, made by the codec of that format."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from ...formats import MediaType
from ...marker import mark
from ..jpeg import lossy as jpeg_lossy
from ..jpeg.lossy import Aim
from ..png import codec as png_codec
from ..webp import coding as webp_coding
from .lossy import LossyCoder

if TYPE_CHECKING:
    from PIL import Image

    from ...options import Options

# The quality of JPEG that is tried first. A picture in fewer pixels is sharper, and needs more than most pictures.
# Not fitted: the search goes on from there to the same score, so that the number decides how many files are coded.
_FIRST = 85


class OwnCoder:
    """Codes one picture in several sizes, in the format that it has."""

    def __init__(self, media: MediaType, options: Options, *, lossless: bool) -> None:
        """Code files of type `media`. `lossless` says whether the picture's file stores its pixels without loss."""
        self._media = media
        self._options = replace(options, resize=None, preserve_metas=frozenset())
        self._lossless = lossless
        self._lossy = (
            LossyCoder(media, options) if media in (MediaType.AVIF, MediaType.WEBP) else None
        )

    def coded(self, image: Image.Image, limit: float) -> bytes | None:
        """A file of `image` (L, RGB or RGBA) that has at most `limit` bytes and keeps the promise, else None."""
        data = self._coded(image, limit)
        return None if data is None or len(data) > limit else data

    def _coded(self, image: Image.Image, limit: float) -> bytes | None:
        if self._media is MediaType.JPEG:
            return self._jpeg(image, limit)
        if self._media is MediaType.PNG:
            return self._png(image)
        if self._media is MediaType.WEBP and self._lossless:
            stream = webp_coding.lossless(image, self._options.effort, hidden=False)
            return mark(stream.file(), MediaType.WEBP)
        return self._lossy.coded(image, limit) if self._lossy else None

    def _jpeg(self, image: Image.Image, limit: float) -> bytes | None:
        aim = Aim(self._options.quality, limit, self._options.effort)
        coded = jpeg_lossy.encode(image, aim, _FIRST)
        if coded is None:
            return None
        shortest = min(coded, jpeg_lossy.transcode(coded), key=len)
        return mark(shortest, MediaType.JPEG)

    def _png(self, image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        candidate = png_codec.compress(buffer.getvalue(), self._options)
        return mark(candidate.data, MediaType.PNG)
