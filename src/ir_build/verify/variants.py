"""Verify a variant: it shows what its original does, in its own pixels and in its own format."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from ..codec_packages import load
from ..errors import CorruptFile, TooLarge
from ..formats import HEAD_BYTES, MediaType, sniff
from . import look
from .colour import shown_in_srgb
from .compare import alike
from .decoded import Picture
from .raster import slack
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from ..options import Options
    from ..variant import Variant

# Pixels by which a height may be off what the width asks for: it is rounded.
_ROUNDED = 0.5


def verify(
    original: bytes, variant: Variant, media: MediaType, options: Options, shipped: bytes
) -> Verdict:
    """Whether `variant` shows what `original`, a file of type `media`, does at that size.

    `shipped` is what is shipped for `original`, and was verified before. Raises `CorruptFile` or `TooLarge` when the original itself cannot be checked.
    """
    if variant.media is MediaType.JPEG_XL:
        return _comes_back(variant, shipped)
    before = Picture(original, media, options.max_pixels)
    shown = shown_in_srgb(before.upright(before.frame(0)), before.colours)
    found = sniff(variant.data[:HEAD_BYTES])
    if found is not variant.media:
        return differs(f"{variant.media} became {found or 'something unknown'}")
    try:
        after = Picture(variant.data, variant.media, options.max_pixels)
        difference = _properties(before, after, variant) or _look(shown, after, variant, options)
    except (CorruptFile, TooLarge) as broken:
        return differs(f"the new file {broken.message}")
    return differs(difference) if difference else OK


def _comes_back(variant: Variant, shipped: bytes) -> Verdict:
    """Whether a decoder of JPEG XL gets the file `shipped` back."""
    pylibjxl = load("pylibjxl")
    try:
        back = bytes(pylibjxl.jxl_to_jpeg(variant.data))
    except (RuntimeError, ValueError):
        return differs("no JPEG comes back from it")
    if back != shipped:
        return differs("another JPEG comes back from it")
    with Image.open(io.BytesIO(shipped), formats=["JPEG"]) as image:
        size = image.size
    if size != (variant.width, variant.height):
        return differs(f"it has {size[0]} x {size[1]} pixels")
    return OK


def _properties(before: Picture, after: Picture, variant: Variant) -> str:
    """What the headers say against it, in words; empty for nothing."""
    width, height = before.size
    if after.size != (variant.width, variant.height):
        return f"it has {after.size[0]} x {after.size[1]} pixels"
    if variant.width > width or abs(height * variant.width / width - variant.height) > _ROUNDED:
        return f"{width} x {height} pixels became {variant.width} x {variant.height}"
    if after.frames != 1 or (before.frames != 1 and not variant.still):
        return f"{before.frames} frames became {after.frames}"
    if after.orientation != 1 or after.shown_size != after.size:
        return "it is turned or stretched by its metadata"
    if after.colours.icc or after.colours.tag or after.gain_map or after.depth > 8:
        return "its colours are not in sRGB of 8 bits"
    return ""


def _look(shown: Image.Image, after: Picture, variant: Variant, options: Options) -> str:
    """Why it does not look like the picture `shown`, in words; empty when it does."""
    if shown.size != after.size:
        shown = _reduced(shown, after.size)
    new = shown_in_srgb(after.frame(0), after.colours)
    return alike(shown, new, None, slack=slack(options)) or look.difference(
        shown, new, _judged_as(variant), options.quality
    )


def _judged_as(variant: Variant) -> MediaType:
    """The format whose places are held to the same limits."""
    # A lossless WebP stores pixels as they are, as a PNG does.
    if variant.media is MediaType.WEBP and b"VP8L" in _chunks(variant.data):
        return MediaType.PNG
    return variant.media


def _chunks(webp: bytes) -> list[bytes]:
    """The codes of the chunks of a WebP."""
    found = []
    at = 12
    while at + 8 <= len(webp):
        found.append(webp[at : at + 4])
        at += 8 + (int.from_bytes(webp[at + 4 : at + 8], "little") + 1) // 2 * 2
    return found


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in fewer pixels. Clear pixels lend no colour to others."""
    if image.mode == "RGB":
        return image.resize(size, Image.Resampling.LANCZOS)
    return image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
