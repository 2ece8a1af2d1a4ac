"""Verify a variant: it shows what its original does, in its own pixels and in its own format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from ..errors import CorruptFile, TooLarge
from ..formats import HEAD_BYTES, sniff
from . import look
from .colour import shown_in_srgb
from .compare import alike
from .decoded import Picture
from .raster import slack
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from ..formats import MediaType
    from ..options import Options
    from ..variant import Variant

# Pixels by which a height may be off what the width asks for: it is rounded.
_ROUNDED = 0.5


def verify(original: bytes, variant: Variant, media: MediaType, options: Options) -> Verdict:
    """Whether `variant` shows what `original`, a file of type `media`, does at that size.

    Raises `CorruptFile` or `TooLarge` when the original itself cannot be checked.
    """
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
    if after.colours.icc or after.colours.tag or after.gain_map or after.depth != 8:
        return "its colours are not in sRGB of 8 bits"
    return ""


def _look(shown: Image.Image, after: Picture, variant: Variant, options: Options) -> str:
    """Why it does not look like the picture `shown`, in words; empty when it does."""
    if shown.size != after.size:
        shown = _reduced(shown, after.size)
    new = shown_in_srgb(after.frame(0), after.colours)
    return alike(shown, new, None, slack=slack(options)) or look.difference(
        shown, new, variant.media, options.quality
    )


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in fewer pixels. Clear pixels lend no colour to others."""
    if image.mode == "RGB":
        return image.resize(size, Image.Resampling.LANCZOS)
    return image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
