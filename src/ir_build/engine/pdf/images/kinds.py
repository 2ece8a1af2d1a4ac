"""What an image shows: a code or line art, text in flat colours, or a photograph."""

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
    """How much of an image is needed."""

    EXACT = "exact"  #: every pixel: a code that machines read, or line art in few colours
    DRAWN = "drawn"  #: sharp edges, also on screens of twice the density: text and drawings
    PHOTO = "photo"  #: only its looks, which a score measures: all others


# Line art has at most so many colours. Not fitted: pixels in so few colours take few bytes without loss, too.
_FEW = 16
# The numbers for codes fit the codes of tests/engine/pdf/images/test_kinds.py. Their tones are at least 127 levels
# apart, and at least 90 % of their pixels have one of the tones. Rows change 14 times or more. 12 % of the pixels of
# small soft codes are steps. What is taken for a code keeps its samples, which costs bytes only.
# `python benchmarks FOLDER --sweep pdf.images.kinds:_CHANGES 5.0 20.0` says how many.
#
# A code has two tones that are at least so many levels apart. A pixel has a tone if its distance from it is at most
# this share of the distance between both. A row, or a column, changes its tone at least so often on average.
_LEAST_CONTRAST, _NEAR_TONE, _CHANGES = 96, 0.25, 10.0
# At least the first share of a clear code has one of the tones, and at least the second share has each of them.
_TONES, _LEAST_TONE = 0.65, 0.3
# The same of a code in its quiet zone, of which both rows and columns change at least so often. The smallest QR code,
# of 21 x 21 modules with four around them (ISO/IEC 18004), is dark in 26 % of its pixels and changes 7.6 times.
_FRAMED_TONES, _LEAST_FRAMED_TONE, _FRAMED_CHANGES = 0.9, 0.22, 6.0
# A small code has soft edges near each other. At least the first share of its pixels are steps from one tone to the
# other, and at least the second share has each tone.
_STEPS, _LEAST_SOFT_TONE = 0.08, 0.15
# At least the first share of the pixels of a drawing differ from the pixel beside them by no more than so many levels.
# At least the second share are edges: they differ by more than so many levels. Not fitted: a score says how the image
# looks in either case. Only its size and the way to code it depend on this.
_FLAT, _FLAT_LEVELS, _EDGES, _EDGE_LEVELS = 0.6, 2, 0.002, 48
#: A drawing keeps this many times the pixels an inch of a photograph. Not fitted: its edges have to be sharp on
#: screens with a device pixel ratio of 2.
DRAWN_DENSITY = 2
# Pixels of a JPEG that are looked at. The sides of a larger one are divided first. Not fitted: a limit of work.
_LOOKED_AT = 3_000_000


def of(plain: Plain, form: Shape) -> Kind:
    """The kind of the image in `plain`, grey or RGB of 8 bits. It is a photo if it cannot be decoded."""
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
    # A few rows are enough for most images.
    for part in (rows[:: max(1, len(rows) // 16)], rows):
        joined = np.zeros(part.shape[:2], np.uint32)
        for component in range(part.shape[2]):
            joined = joined << np.uint32(8) | part[..., component]
        if len(np.unique(joined)) > _FEW:
            return False
    return True


def _code(levels: NDArray[np.uint8]) -> bool:
    """Whether an image has two tones that change often, like the bars and modules of a code."""
    low, high = np.percentile(levels[:: max(1, len(levels) // 256)], (2, 98))
    if high - low < _LEAST_CONTRAST:
        return False
    near = (high - low) * _NEAR_TONE
    dark, light = float(np.mean(levels <= low + near)), float(np.mean(levels >= high - near))
    sides = (levels, levels.T)
    changes = [_changes(one, (low + high) / 2) for one in sides]
    framed = min(dark, light) >= _LEAST_FRAMED_TONE and dark + light >= _FRAMED_TONES
    if framed and min(changes) >= _FRAMED_CHANGES:
        return True
    clear = min(dark, light) >= _LEAST_TONE and dark + light >= _TONES
    if not clear and min(dark, light) < _LEAST_SOFT_TONE:
        return False
    often = [one for one, times in zip(sides, changes, strict=True) if times >= _CHANGES]
    return bool(often) if clear else any(_full_of_steps(one, near) for one in often)


def _changes(levels: NDArray[np.uint8], middle: float) -> float:
    """How often a row crosses the level `middle`, on average."""
    ones = levels > middle
    return np.count_nonzero(ones[:, 1:] != ones[:, :-1]) / len(ones)


def _full_of_steps(levels: NDArray[np.uint8], near: float) -> bool:
    steps = np.abs(np.diff(levels.astype(np.int16), axis=1))
    return bool(np.mean(steps > near) >= _STEPS)


def _drawn(levels: NDArray[np.uint8]) -> bool:
    """Whether most of an image is flat, with hard edges in between."""
    wide = levels.astype(np.int16)
    steps = np.abs(np.diff(wide, axis=1))
    return bool(np.mean(steps <= _FLAT_LEVELS) >= _FLAT and np.mean(steps > _EDGE_LEVELS) >= _EDGES)
