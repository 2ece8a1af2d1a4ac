"""What is known of a picture that pages show."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..formats import MediaType

_SVG_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*+:)?svg\b[^>]*+>")
_SIDE = re.compile(rb"""\s(width|height)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_VIEW_BOX = re.compile(rb"""\sviewBox\s*=\s*["']([^"']*)["']""")
_LENGTH = re.compile(rb"\s*\+?(\d+(?:\.\d+)?)\s*(px|pt|pc|in|cm|mm|q|)\s*", re.IGNORECASE)
#: CSS pixels in a unit (CSS Values and Units, 6.2)
_PIXELS = {b"": 1, b"px": 1, b"pt": 4 / 3, b"pc": 16, b"in": 96, b"cm": 96 / 2.54}
_PIXELS |= {b"mm": 96 / 25.4, b"q": 96 / 101.6}
#: How far a size may be from whole pixels, since attributes hold whole numbers only.
_WHOLE = 0.05
#: The least side that a ratio is written with, so that it is off by less than a hundredth.
_SIDE_OF_RATIO = 100


@dataclass(frozen=True, slots=True)
class VariantFile:
    """A file that may be loaded in place of a picture."""

    name: str  #: without folder: it stands beside the picture
    media: MediaType
    width: int  #: pixels
    size: int  #: bytes
    #: the first picture of an animation, for those who asked for less motion
    still: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is shipped, and its variants."""

    #: the size at which browsers show it when no style says otherwise, in CSS pixels; 0 if not known
    width: int
    height: int
    pixels: int  #: pixels across, upright
    media: MediaType
    size: int  #: bytes
    #: what the names of all variants have in common; differs for each content and setting
    hashed: str
    variants: tuple[VariantFile, ...] = ()
    #: a width and height in the ratio of a picture that has a ratio and no size; (0, 0) for all others
    ratio: tuple[int, int] = (0, 0)


def svg_size(data: bytes) -> tuple[int, int]:
    """The natural size of an SVG file in CSS pixels; (0, 0) if it has none, or none in whole pixels."""
    root = _SVG_ROOT.search(data)
    if root is None or re.search(rb"\sstyle\s*=", root[0]):
        return 0, 0
    sides = {name: one or other for name, one, other in _SIDE.findall(root[0])}
    found = []
    for name in (b"width", b"height"):
        length = _LENGTH.fullmatch(sides.get(name, b""))
        if length is None:
            return 0, 0
        pixels = float(length[1]) * _PIXELS[length[2].lower()]
        if abs(pixels - round(pixels)) > _WHOLE:
            return 0, 0
        found.append(round(pixels))
    return found[0], found[1]


def svg_ratio(data: bytes) -> tuple[int, int]:
    """A width and height in the ratio of an SVG file without a natural size; (0, 0) if it has none."""
    root = _SVG_ROOT.search(data)
    if root is None or re.search(rb"\s(style|preserveAspectRatio)\s*=", root[0]):
        return 0, 0
    if any((one or other).strip() != b"100%" for _, one, other in _SIDE.findall(root[0])):
        return 0, 0
    view = _VIEW_BOX.search(root[0])
    try:
        numbers = re.split(rb"[\s,]+", view[1].strip()) if view else []
        _, _, width, height = map(float, numbers)
    except ValueError:
        return 0, 0
    if not 0 < min(width, height) <= max(width, height) < math.inf:
        return 0, 0
    scale = max(1, _SIDE_OF_RATIO / min(width, height))
    return round(width * scale), round(height * scale)
