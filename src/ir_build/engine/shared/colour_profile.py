"""ICC profiles: whether one changes what a browser shows, and conversion to sRGB."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

from . import raster

if TYPE_CHECKING:
    from ...quality import Pixels

# Levels of 8 bits by which the rounding of the transform itself moves a colour, at most. Not fitted: of 93
# profiles in files of documentation sites 42 moved a colour by at most one level, all others by at least seven.
_TOLERANCE = 2
# The offset of a profile that cannot be applied. No profile moves a colour so far: there are 256 levels.
_UNUSABLE = 256
# Levels of a channel in the grid of colours. Not fitted: a profile is a smooth curve and a matrix, and a few
# colours show both. The ramps beside the grid have all levels.
_STEPS = 6
#: bytes of a profile's header and of the count of its tags (ICC.1:2022, 7.2 and 7.3)
_HEADER = 132


def is_srgb(profile: bytes) -> bool:
    """Whether a picture looks the same with the ICC data `profile` as without any.

    Data that cannot be used are not sRGB. Neither are data for other pictures than RGB and grey ones.
    """
    return _offset(profile) <= _TOLERANCE


def changes_nothing(profile: bytes) -> bool:
    """Whether browsers show a picture with the ICC data `profile` as without any.

    They do so, too, when nobody can read it.
    """
    offset = _offset(profile)
    return offset <= _TOLERANCE or (offset == _UNUSABLE and not is_whole(profile))


def _offset(profile: bytes) -> int:
    """How many levels of 255 a profile moves a colour at most; `_UNUSABLE` if it cannot be applied."""
    for grid in (_rgb_grid(), _grey_ramp()):
        shown = _converted(grid, profile, "RGB")
        if shown is not None:  # Otherwise the profile is not for this kind of picture.
            plain = np.asarray(grid.convert("RGB"), np.int16)
            return int(np.abs(np.asarray(shown, np.int16) - plain).max())
    return _UNUSABLE


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """`image` in sRGB, RGB or RGBA; None when the ICC data `profile` cannot be applied to it."""
    return _converted(image, profile, "RGBA" if image.mode == "RGBA" else "RGB")


def shown(image: Image.Image, profile: bytes | None) -> Pixels:
    """`image` as it is shown: height x width x 3 or 4 in sRGB, if `profile` can be applied to it."""
    return raster.pixels((to_srgb(image, profile) if profile else None) or image)


def is_whole(profile: bytes) -> bool:
    """Whether a profile has a header, and the length that the header says (ICC.1:2022, 7.2).

    Browsers pass over any other profile. Some other readers understand it.
    """
    size = int.from_bytes(profile[:4], "big")
    return _HEADER <= size <= len(profile) and profile[36:40] == b"acsp"


def _converted(image: Image.Image, profile: bytes, mode: str) -> Image.Image | None:
    try:
        opened = ImageCms.getOpenProfile(BytesIO(profile))
        return ImageCms.profileToProfile(
            image, opened, ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _rgb_grid() -> Image.Image:
    """Colours of all kinds: a grid, and all levels of grey and of each channel alone."""
    levels = np.linspace(0, 255, _STEPS).astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    ramps = [ramp * np.array(channels, np.uint8) for channels in np.vstack([np.ones(3), np.eye(3)])]
    return Image.fromarray(np.vstack([grid, *ramps])[None])


def _grey_ramp() -> Image.Image:
    return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
