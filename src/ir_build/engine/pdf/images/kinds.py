"""What a picture shows: a code or line art, text in flat colours, or a photograph."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from . import decoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ....quality import Pixels
    from ..structure.streams import Plain
    from .lossless import Shape


class Kind(Enum):
    """How much of a picture is needed."""

    EXACT = "exact"  #: every pixel: a code that is read by machines, line art in few colours
    DRAWN = "drawn"  #: text and drawings, whose edges show on screens of twice the density
    PHOTO = "photo"  #: what a score tells the looks of


# Line art has at most so many colours.
_FEW = 16
# A code is made of two tones: so much of it within so many levels of one of them, each with its
# share, far apart, and changing so often along a row or a column.
_TONES, _NEAR_TONE, _LEAST_SHARE, _LEAST_CONTRAST, _CHANGES = 0.8, 32, 0.2, 96, 10.0
# Of a drawing so much is flat, by so many levels, and so much an edge.
_FLAT, _FLAT_LEVELS, _EDGES, _EDGE_LEVELS = 0.6, 2, 0.002, 48


#: how many times the pixels an inch of a photograph a drawing keeps
DRAWN_DENSITY = 2
# Pixels of a JPEG that are looked at; a larger one is decoded to a part of its sides.
_LOOKED_AT = 3_000_000


def of(plain: Plain, form: Shape) -> Kind:
    """The kind of an image, grey or RGB of 8 bits. One that cannot be decoded counts as a photograph."""
    shrink = 1
    while plain.codec and shrink < 8 and form.width * form.height > _LOOKED_AT * shrink**2:
        shrink *= 2
    image = decoding.image(plain, form, shrink=shrink)
    if image is None:
        return Kind.PHOTO
    rows = np.asarray(image).reshape(image.height, image.width, form.components)
    middle = rows[..., form.components // 2]
    if _few_colours(rows) or _code(middle):
        return Kind.EXACT
    return Kind.DRAWN if _drawn(middle) else Kind.PHOTO


def _few_colours(rows: Pixels) -> bool:
    # A few rows tell most pictures.
    for part in (rows[:: max(1, len(rows) // 16)], rows):
        joined = np.zeros(part.shape[:2], np.uint32)
        for component in range(part.shape[2]):
            joined = joined << np.uint32(8) | part[..., component]
        if len(np.unique(joined)) > _FEW:
            return False
    return True


def _code(levels: NDArray[np.uint8]) -> bool:
    """Whether it has two tones that change all the time, as bars and modules do."""
    low, high = np.percentile(levels[:: max(1, len(levels) // 256)], (2, 98))
    if high - low < _LEAST_CONTRAST:
        return False
    dark, light = (
        float(np.mean(one)) for one in (levels <= low + _NEAR_TONE, levels >= high - _NEAR_TONE)
    )
    if min(dark, light) < _LEAST_SHARE or dark + light < _TONES:
        return False
    ones = levels > (low + high) / 2
    along = np.count_nonzero(ones[:, 1:] != ones[:, :-1]) / ones.shape[0]
    down = np.count_nonzero(ones[1:] != ones[:-1]) / ones.shape[1]
    return bool(max(along, down) >= _CHANGES)


def _drawn(levels: NDArray[np.uint8]) -> bool:
    """Whether most of it is flat, with hard edges in between."""
    wide = levels.astype(np.int16)
    steps = np.abs(np.diff(wide, axis=1))
    return bool(np.mean(steps <= _FLAT_LEVELS) >= _FLAT and np.mean(steps > _EDGE_LEVELS) >= _EDGES)
