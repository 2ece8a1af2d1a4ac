"""Compare two decoded pictures: exactly, or by how they look."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image, ImageChops

from ..codec_packages import load
from .similarity import SimilarityMeasure, strips

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .colour import Reading

# Equal pixels may look different by so many levels when their profile was exchanged. Not fitted: both transforms
# round, one by up to two levels and the other by one.
_SAME_COLOUR = 3
# A pixel may become opaque from this level of alpha on. A lossy encoder rounds by a few levels. Another kernel for
# shrinking changes edges by more. Not fitted: pixels above this level are still compared by how they look.
_NEARLY_OPAQUE = 250
_NEARLY_OPAQUE_RESIZED = 200
# These are for pictures whose profile was exchanged. Nobody sees a mean move of fewer levels than the first. If
# colours moved this many times as far as their numbers, the numbers were not converted to the new profile. Not
# fitted: the numbers of a converted picture move further than its colours.
_UNSEEN_BIAS = 0.15
_SIGN_OF_NO_CONVERSION = 2.0
# Limits are this many times as wide for a picture that was shrunk, because another kernel changes the finest
# details. Not fitted: the limits only have to find another picture.
_RESIZE_SLACK = 2.0
# Rows that are compared at a time. Not fitted: the result does not depend on it.
_DEEP_ROWS = 256
_SAMPLES = {"uchar": np.uint8, "ushort": np.uint16}


def equal(
    before: Image.Image,
    after: Image.Image,
    reading: tuple[Reading, Reading] | None,
    *,
    unseen: bool,
) -> str:
    """The difference between two pictures that must be equal pixel for pixel, in words; empty for none.

    `reading` says how to see them if their profiles differ. `unseen` says that the colour of fully transparent
    pixels may differ.
    """
    if before.size != after.size:
        return f"{before.size} pixels became {after.size}"
    if (before.mode == "CMYK") != (after.mode == "CMYK"):
        return f"{before.mode} became {after.mode}"
    mode = _exact_mode(before, after)
    for one, other in strips(before, after):
        a, b = one.convert(mode), other.convert(mode)
        if a.tobytes() != b.tobytes() and not (unseen and _seen(a) == _seen(b)):
            return "pixels differ"
        if reading and _moved(reading[0](a), reading[1](b)):
            return "the colour profile was lost or exchanged"
    return ""


def alike(
    before: Image.Image,
    after: Image.Image,
    reading: tuple[Reading, Reading] | None,
    *,
    slack: float,
) -> str:
    """Why two pictures do not look alike, in words; empty when they do.

    `before` is shrunk to the size of `after`. `reading` says how to see them if their profiles differ. `slack`
    multiplies the limits.
    """
    alpha = before.has_transparency_data or after.has_transparency_data
    mode = "RGB"
    if before.mode == after.mode and reading is None and not alpha and before.mode in ("L", "CMYK"):
        mode = before.mode
    look, new_look = reading or (None, None)
    nearly_opaque = _NEARLY_OPAQUE
    convertible = reading is not None and before.size == after.size
    if before.size != after.size:
        before = _look(before, look, mode, alpha=alpha).resize(
            after.size, Image.Resampling.LANCZOS, reducing_gap=3.0
        )
        look, slack, nearly_opaque = None, slack * _RESIZE_SLACK, _NEARLY_OPAQUE_RESIZED
    measure, numbers = SimilarityMeasure(), SimilarityMeasure()
    lowest = new_lowest = 255
    for one, other in strips(before, after):
        a, b = _look(one, look, mode, alpha=alpha), _look(other, new_look, mode, alpha=alpha)
        measure.add(a, b)
        if convertible:
            numbers.add(*(_look(strip, None, "RGB", alpha=alpha) for strip in (one, other)))
        lowest, new_lowest = min(lowest, _lowest_alpha(a)), min(new_lowest, _lowest_alpha(b))
    if lowest < nearly_opaque and new_lowest == 255:
        return "transparency was lost"
    if lowest == 255 and new_lowest < nearly_opaque:
        return "an opaque picture became transparent"
    found = measure.similarity()
    if convertible and found.bias > max(
        _UNSEEN_BIAS, _SIGN_OF_NO_CONVERSION * numbers.similarity().bias
    ):
        return "the colour profile was lost or exchanged"
    return found.difference(slack)


def deep(before: bytes, after: bytes) -> str:
    """The difference between two files of more than 8 bits a sample, in words; empty for none.

    Pillow reads these at 8 bits, so libvips reads them here. Files of 8 bits are passed over.
    """
    pyvips = load("pyvips")  # It takes long to import, and few pictures need it.

    try:
        one, other = (
            pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="error")
            for data in (before, after)
        )
        if one.format == "uchar":
            return ""
        regions = pyvips.Region.new(one), pyvips.Region.new(other)
        for top in range(0, one.height, _DEEP_ROWS):
            rows = min(_DEEP_ROWS, one.height - top)
            a, b = (
                _rgba16(
                    np.frombuffer(
                        region.fetch(0, top, one.width, rows), _SAMPLES[image.format]
                    ).reshape(rows, one.width, image.bands)
                )
                for region, image in zip(regions, (one, other), strict=True)
            )
            if not np.array_equal(a, b):
                return "pixels differ at more than 8 bits"
    except pyvips.Error:
        return "it cannot be compared at more than 8 bits"
    return ""


def _rgba16(samples: NDArray[np.integer]) -> NDArray[np.uint16]:
    if samples.dtype == np.uint8:
        samples = samples.astype(np.uint16) * 257
    height, width, bands = samples.shape
    result = np.full((height, width, 4), 0xFFFF, np.uint16)
    if bands % 2 == 0:
        result[..., 3] = samples[..., -1]
    # Grey has one band, which fills all three.
    result[..., :3] = samples[..., : bands - (bands + 1) % 2]
    return result


def _exact_mode(before: Image.Image, after: Image.Image) -> str:
    plain = before.mode == after.mode and before.mode in ("L", "RGB", "CMYK")
    if plain and not before.has_transparency_data and not after.has_transparency_data:
        return before.mode
    return "RGBA"


def _moved(before: Image.Image, after: Image.Image) -> bool:
    extrema = ImageChops.difference(before, after).getextrema()
    return max(highest for _, highest in cast("list[tuple[int, int]]", extrema)) > _SAME_COLOUR


def _seen(rgba: Image.Image) -> bytes:
    samples = np.array(rgba.convert("RGBA"))
    samples[samples[..., 3] == 0] = 0
    return samples.tobytes()


def _look(image: Image.Image, reading: Reading | None, mode: str, *, alpha: bool) -> Image.Image:
    """The strip in `mode`; in RGBa, which is premultiplied, if `alpha`."""
    if not alpha:
        if reading:
            return reading(image)
        return image if image.mode == mode else image.convert(mode)
    if image.mode == "RGBa":
        return image
    image = image.convert("RGBA")
    if reading:
        colours = reading(image)
        colours.putalpha(image.getchannel("A"))
        image = colours
    return image.convert("RGBa")


def _lowest_alpha(image: Image.Image) -> int:
    if image.mode != "RGBa":
        return 255
    lowest, _ = cast("tuple[int, int]", image.getchannel("a").getextrema())
    return lowest
