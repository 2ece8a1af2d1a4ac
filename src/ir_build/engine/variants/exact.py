"""Lossless WebP of the pixels of a lossy PNG, which look like the picture and take few bytes."""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING

from PIL import Image

from ...formats import MediaType
from ...marker import mark
from ...options import Effort
from ..png import lossy as png_lossy
from ..shared import raster
from ..webp import coding as webp_coding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...options import Options


# The least share of its bytes, as `_draft` codes it, that a picture takes after near-lossless coding. It was 0.7 to
# 0.9 in screenshots of 720 pixels. When even so the file would be too large, only a palette is tried. Principle: it
# is below what was seen, so that hardly any file is missed.
_LEAST_OF_COARSE = 0.5


class ExactCoder:
    """Codes one picture in several sizes, each of the pixels that a lossy PNG would have at that size."""

    def __init__(self, options: Options, shipped: Image.Image) -> None:
        """Code files that reach the score `options.quality`. `shipped` is the whole picture as it is shipped."""
        self._options = options
        self._shipped = shipped

    def coded(self, image: Image.Image, limit: float) -> bytes | None:
        """A file of `image` (L, RGB or RGBA) that has at most `limit` bytes and keeps the promise, else None."""
        if image.size == self._shipped.size:
            files = [self.whole]
        else:
            files = [_coded(one) for one in self._versions(image, limit)]
        return min((one for one in files if len(one) <= limit), key=len, default=None)

    @cached_property
    def whole(self) -> bytes:
        """The picture as it is shipped."""
        return _coded(self._shipped)

    def _versions(self, image: Image.Image, limit: float) -> Iterator[Image.Image]:
        pixels = raster.pixels(image)
        few = len(_draft(image)) * _LEAST_OF_COARSE > limit
        palette, coarse = png_lossy.versions(pixels, self._options.quality, None, few_colours=few)
        if palette is not None:
            yield Image.fromarray(palette.pixels(pixels.shape[2]))
        if coarse is not None:
            yield Image.fromarray(coarse)


def _coded(image: Image.Image) -> bytes:
    # The slowest method takes 30 times the CPU time and saves 1 to 3 %.
    stream = webp_coding.lossless(image, Effort.FAST, hidden=False)
    return mark(stream.file(), MediaType.WEBP)


def _draft(image: Image.Image) -> bytes:
    """The picture as it is, as a WebP that takes a twentieth of the CPU time and up to three times the bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, quality=0, method=0)
    return buffer.getvalue()
