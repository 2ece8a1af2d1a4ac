"""How far apart two colours look: CIEDE2000, from sRGB.

Source: Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula" (2005), with the white D65 of sRGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

# From linear sRGB to XYZ (IEC 61966-2-1, in more digits), divided by the white D65.
_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])
_CUBE, _SLOPE = 216 / 24389, 24389 / 27  # CIE 15, 8.2.1.1
_25_TO_7 = 25.0**7  # a constant of the formula, as are all numbers in `_distance`


def lab(colours: NDArray[np.generic]) -> Values:
    """CIELAB of `colours`, ... x 3 in sRGB: L*, a* and b*, ... x 3.

    The levels of `colours` are 0 to 255 and may be fractions.
    """
    levels = np.asarray(colours, np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T
    f = np.where(xyz > _CUBE, np.cbrt(xyz), (_SLOPE * xyz + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def distance(one: NDArray[np.generic], other: NDArray[np.generic]) -> Values:
    """CIEDE2000 between colours ... x 3 in sRGB, in levels of 0 to 255. The result has the shape ... .

    It is rounded, because the last bits of a float differ between processors, and a decision must not.
    """
    if not one.size:
        return np.zeros(one.shape[:-1])
    return np.round(_distance(lab(one), lab(other)), 3)


def _distance(one: Values, other: Values) -> Values:
    lightness, a, b = np.moveaxis(one, -1, 0)
    lightness_2, a_2, b_2 = np.moveaxis(other, -1, 0)
    mean_chroma = (np.hypot(a, b) + np.hypot(a_2, b_2)) / 2
    more_red = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + _25_TO_7))
    a, a_2 = a * more_red, a_2 * more_red
    chroma, chroma_2 = np.hypot(a, b), np.hypot(a_2, b_2)
    hue, hue_2 = (np.degrees(np.arctan2(y, x)) % 360 for x, y in ((a, b), (a_2, b_2)))
    coloured = chroma * chroma_2 > 0
    turn = hue_2 - hue
    turn = np.where(np.abs(turn) > 180, turn - np.sign(turn) * 360, turn) * coloured
    total = hue + hue_2
    far = np.where(total < 360, total + 360, total - 360)
    mean_hue = np.where(np.abs(hue - hue_2) > 180, far, total) / 2
    mean_hue = np.where(coloured, mean_hue, total)
    mean_chroma = (chroma + chroma_2) / 2
    from_grey = np.square((lightness + lightness_2) / 2 - 50)
    weight = 1.0
    for factor, times, offset in ((-0.17, 1, 30), (0.24, 2, 0), (0.32, 3, -6), (-0.2, 4, 63)):
        weight = weight + factor * np.cos(np.radians(times * mean_hue - offset))
    by_lightness = (lightness_2 - lightness) / (1 + 0.015 * from_grey / np.sqrt(20 + from_grey))
    by_chroma = (chroma_2 - chroma) / (1 + 0.045 * mean_chroma)
    by_hue = 2 * np.sqrt(chroma * chroma_2) * np.sin(np.radians(turn / 2))
    by_hue = by_hue / (1 + 0.015 * mean_chroma * weight)
    rotation = 60 * np.exp(-np.square((mean_hue - 275) / 25))
    strength = 2 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + _25_TO_7))
    crossed = -np.sin(np.radians(rotation)) * strength * by_chroma * by_hue
    return np.asarray(
        np.sqrt(
            np.maximum(
                0, np.square(by_lightness) + np.square(by_chroma) + np.square(by_hue) + crossed
            )
        )
    )
