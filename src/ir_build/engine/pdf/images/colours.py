"""Whether the samples of an image are plain grey or RGB, as screens show them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pikepdf
from PIL import Image

from ...shared import colour_profile
from ..structure import streams
from ..structure.filters import Undecodable

if TYPE_CHECKING:
    from ..structure.source import PdfFile

# Levels by which a profile may move a grey from sRGB. A gamma of 2.2 moves it by 6, one of 1.8 by 15, and a
# linear profile by 70. Not fitted: the number lies between the profiles in use and a linear one.
_OFFSET = 16
# Bytes. Not fitted: a limit of memory. An image with a larger profile keeps its samples.
_LARGEST_PROFILE = 4 * 1024 * 1024
_PLAIN = {
    1: frozenset({"/DeviceGray", "/G"}),
    3: frozenset({"/DeviceRGB", "/RGB"}),
}
_DEFAULTS = ("/DefaultGray", "/DefaultRGB")


def plain(space: pikepdf.Object | None, components: int) -> bool:
    """Whether a colour space with so many `components` is grey or RGB, and about like sRGB.

    Calibrated spaces (CalRGB, CalGray, Lab) do not count, because they have their own white and gamma.
    """
    if isinstance(space, pikepdf.Name):
        return str(space) in _PLAIN.get(components, ())
    if not isinstance(space, pikepdf.Array) or not len(space):
        return False
    if space[0] != pikepdf.Name.ICCBased or len(space) < 2:
        return len(space) == 1 and plain(space[0], components)
    profile = space[1]
    if not isinstance(profile, pikepdf.Stream) or components not in _PLAIN:
        return False
    try:
        unpacked = streams.unpack(profile, _LARGEST_PROFILE)
    except Undecodable:
        return False
    return not unpacked.codec and _near_srgb(unpacked.data, components)


@cache
def _near_srgb(profile: bytes, components: int) -> bool:
    """Whether greys look about the same with a profile as in sRGB."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    shown = colour_profile.to_srgb(ramp if components == 1 else ramp.convert("RGB"), profile)
    if shown is None:
        return False
    moved = np.abs(np.asarray(shown, np.int16) - np.arange(256)[None, :, None])
    return int(moved.max()) <= _OFFSET


def remapped(source: PdfFile) -> bool:
    """Whether a page gives device colours another meaning (ISO 32000-1, 8.6.5.6)."""
    for one in source.pdf.objects:
        entries = one.stream_dict if isinstance(one, pikepdf.Stream) else one
        if isinstance(entries, pikepdf.Dictionary) and _remaps(entries):
            return True
    return False


def _remaps(entries: pikepdf.Dictionary) -> bool:
    resources = entries.get("/Resources", entries)
    spaces = resources.get("/ColorSpace") if isinstance(resources, pikepdf.Dictionary) else None
    for one in (entries, spaces):
        for key, components in zip(_DEFAULTS, _PLAIN, strict=True):
            space = one.get(key) if isinstance(one, pikepdf.Dictionary) else None
            if space is not None and not plain(space, components):
                return True
    return False
