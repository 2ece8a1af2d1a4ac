"""Verify a variant: in its size and its format it shows what its original shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from ..codec_packages import load
from ..errors import CorruptFile, TooLarge
from ..formats import HEAD_BYTES, MediaType, sniff
from . import look
from .animated_variants import animation
from .colour import shown_in_srgb
from .compare import alike
from .decoded import Picture
from .gif_screen import GifScreen
from .raster import slack
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from ..options import Options
    from ..variant import Variant

# The most pixels between the height of a variant and the height that follows from its width. Principle: a height is
# rounded to a whole number.
_ROUNDED = 0.5
# The power that a gAMA chunk gives for sRGB, 1 / 0.45455 (PNG, third edition, 11.3.2.5).
_GAMMA = 2.2


def verify(
    original: bytes, variant: Variant, media: MediaType, options: Options, shipped: bytes
) -> Verdict:
    """Whether `variant` shows what `original`, a file of type `media`, shows in that size.

    `shipped` is the file that is shipped for `original`. It was verified before. Raises `CorruptFile` or
    `TooLarge` when the original itself cannot be decoded.
    """
    found = sniff(variant.data[:HEAD_BYTES])
    if found is not variant.media:
        return differs(f"{variant.media} became {found or 'something unknown'}")
    if variant.media is MediaType.JPEG_XL:
        return _comes_back(variant, shipped)
    shown: Image.Image | GifScreen
    if media is MediaType.GIF:
        shown = GifScreen(original, options.max_pixels)
        size = shown.size
        if len(shown.delays) == 1 or variant.still:
            shown = Image.fromarray(next(shown.canvases()))
    else:
        before = Picture(original, media, options.max_pixels)
        size = before.size
        if before.frames != 1 and not variant.still:
            return differs(f"{before.frames} frames became one")
        if before.colours.tag or before.gain_map or before.depth > 8 or before.inverted is not None:
            return differs("nothing here can tell the original's colours in sRGB of 8 bits")
        shown = shown_in_srgb(before.upright(before.frame(0)), before.colours)
        if before.colours.spelled:
            shown = _to_srgb(shown)
    try:
        after = Picture(variant.data, variant.media, options.max_pixels)
        difference = _properties(size, after, variant)
        if difference and options.resize:
            # `resize` makes still pictures smaller, but no animations. So the variant may have either size.
            difference = _properties(options.resize.fit(*size), after, variant)
        if not difference and isinstance(shown, Image.Image):
            difference = _still(shown, after, variant, options)
    except (CorruptFile, TooLarge) as broken:
        return differs(f"the new file {broken.message}")
    if not difference and isinstance(shown, GifScreen):
        difference = animation(shown, after, variant.media, options)
    return differs(difference) if difference else OK


def _to_srgb(image: Image.Image) -> Image.Image:
    """A picture whose levels are a power of the light, as gAMA says, with the curve of sRGB (IEC 61966-2-1)."""
    table = []
    for level in range(256):
        light = (level / 255) ** _GAMMA
        coded = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
        table.append(round(255 * coded))
    unchanged = list(range(256)) if image.mode == "RGBA" else []
    return image.point(3 * table + unchanged)


def _comes_back(variant: Variant, shipped: bytes) -> Verdict:
    """Whether a decoder restores the file `shipped` from the JPEG XL file `variant`."""
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


def _properties(size: tuple[int, int], after: Picture, variant: Variant) -> str:
    """What is wrong with a variant by its headers, in words; empty when nothing is.

    `size` is the width and height of the original in pixels.
    """
    width, height = size
    if after.size != (variant.width, variant.height):
        return f"it has {after.size[0]} x {after.size[1]} pixels"
    if variant.width > width or abs(height * variant.width / width - variant.height) > _ROUNDED:
        return f"{width} x {height} pixels became {variant.width} x {variant.height}"
    if after.orientation != 1 or after.shown_size != after.size:
        return "it is turned or stretched by its metadata"
    if after.colours.icc or after.colours.tag or after.gain_map or after.depth > 8:
        return "its colours are not in sRGB of 8 bits"
    return ""


def _still(shown: Image.Image, after: Picture, variant: Variant, options: Options) -> str:
    """Why `after` does not look like the picture `shown`, in words; empty when it does."""
    if after.frames != 1:
        return f"one frame became {after.frames}"
    if shown.size != after.size:
        shown = _reduced(shown, after.size)
    new = shown_in_srgb(after.frame(0), after.colours)
    return alike(shown, new, None, slack=slack(options)) or look.difference(
        shown, new, _judged_as(variant), options.quality
    )


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in `size`, which has fewer pixels. The colour of transparent pixels does not mix with others."""
    if image.mode == "RGB":
        return image.resize(size, Image.Resampling.LANCZOS)
    return image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def _judged_as(variant: Variant) -> MediaType:
    """The format whose limits for places hold for this variant."""
    # A lossless WebP stores its pixels without loss, as a PNG does.
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
