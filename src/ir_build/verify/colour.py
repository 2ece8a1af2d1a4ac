"""Which colours the numbers in a picture mean: ICC profiles, and the tags of PNG and AVIF."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

# Two profiles count as equal if they move colours by no more levels than this, at most and on average. Profiles
# called sRGB differ by the rounding of their curves. Not fitted: the first is twice what the engine takes for sRGB
# (`_TOLERANCE` in its `colour_profile`). The second is one level, which nobody sees.
_WORST_OF_EQUAL = 4
_MEAN_OF_EQUAL = 1.0
# Bytes. Profiles of printers have a few MB. Not fitted: a limit of memory. A viewer may use a larger profile, but
# here it counts as none.
_LARGEST_PROFILE = 16 * 1024 * 1024

# Modes without colour.
_GREY = ("1", "L", "LA")

# The colour space of a profile, by the mode of its picture. Other modes need "RGB".
_SPACES = {"1": "GRAY", "L": "GRAY", "LA": "GRAY", "CMYK": "CMYK"}

#: makes of a stored picture what it looks like: an RGB picture in sRGB
Reading = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, slots=True)
class Colours:
    """What a file says about its colours. They are sRGB when it says nothing."""

    #: the ICC profile as stored, valid or not
    icc: bytes | None = None
    #: another tag that is not sRGB, as stored: ("cicp", ...) or ("gamma", ...)
    tag: tuple[object, ...] | None = None
    #: whether gAMA and cHRM together say sRGB; browsers use the power that gAMA gives, and not sRGB's curve
    spelled: bool = False


def readings(
    before: Colours, mode: str, after: Colours, new_mode: str
) -> tuple[Reading, Reading] | None:
    """How to see the colours of two pictures; None if the same numbers are seen alike in both.

    `mode` and `new_mode` are the Pillow modes of the pictures.
    """
    if mode == new_mode and before.icc == after.icc:
        return None
    icc, new_icc = _usable(before.icc, mode), _usable(after.icc, new_mode)
    if (mode == "CMYK") == (new_mode == "CMYK"):
        if icc == new_icc:
            return None
        one, other = _reading(icc), _reading(new_icc)
        if mode != "CMYK" and _look_same(one, other, grey=mode in _GREY or new_mode in _GREY):
            return None
        return one, other
    return _reading(icc), _reading(new_icc)


def shown_in_srgb(image: Image.Image, colours: Colours) -> Image.Image:
    """A picture in sRGB as it is shown: RGB, or RGBA if it is transparent."""
    profile = _usable(colours.icc, image.mode)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    shown = image if image.mode == mode else image.convert(mode)
    if profile:
        clear = shown.mode == "RGBA"
        converted = _reading(profile)(shown if clear else image)
        if clear:
            converted.putalpha(shown.getchannel("A"))
        shown = converted
    return shown


def _usable(icc: bytes | None, mode: str) -> bytes | None:
    """`icc` if it is a profile for pictures of `mode`; else None, because viewers ignore it."""
    if not icc or len(icc) > _LARGEST_PROFILE:
        return None
    try:
        fits = _space(icc) == _SPACES.get(mode, "RGB")
        _reading(icc)
    except (OSError, ImageCms.PyCMSError):
        return None
    return icc if fits else None


def _space(icc: bytes) -> str:
    space: str = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile.xcolor_space
    return space.strip()


def _reading(icc: bytes | None) -> Reading:
    if icc is None:
        return lambda image: image.convert("RGB")
    mode = {"GRAY": "L", "CMYK": "CMYK"}.get(_space(icc), "RGB")
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), mode, "RGB"
    )

    def read(image: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(image.convert(mode), transform)
        assert converted is not None
        return converted

    return read


def _look_same(one: Reading, other: Reading, *, grey: bool) -> bool:
    colours = _grey_ramp() if grey else _colour_grid()
    difference = np.abs(np.asarray(one(colours), np.int16) - np.asarray(other(colours), np.int16))
    return bool(difference.max() <= _WORST_OF_EQUAL and difference.mean() <= _MEAN_OF_EQUAL)


def _colour_grid() -> Image.Image:
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1)
    return Image.fromarray(np.ascontiguousarray(grid.reshape(-1, 36, 3)))


def _grey_ramp() -> Image.Image:
    return Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
