"""How far colours move to the eye when others take their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The light around that a screen sends back, as a share of white: half of the viewing flare under which sRGB is
# encoded (IEC 61966-2-1: 1 %). With it nearly black colours are less far apart.
_FLARE = 0.005
# How much lightness and the two opponent colours count.
_TINT = np.array([1.0, 2.0, 2.0])
# Two matrices: from linear sRGB to what cones receive, and from the cube roots of that to lightness and two
# opponent colours (B. Ottosson, "A perceptual color space for image processing", 2020).
# fmt: off
_CONES = np.array([
    [0.4122214708, 0.2119034982, 0.0883024619],
    [0.5363325363, 0.6806995451, 0.2817188376],
    [0.0514459929, 0.1073969566, 0.6299787005],
])
_OPPONENTS = np.array([
    [0.2104542553, 1.9779984951, 0.0259040371],
    [0.7936177850, -2.4285922050, 0.7827717662],
    [-0.0040720468, 0.4505937099, -0.8086757660],
])
# fmt: on


def farthest(before: NDArray[np.generic], after: NDArray[np.generic]) -> float:
    """The farthest that any of the colours n x 3 or more moves, in OKLab; white to black is 1.

    Colours are sRGB in levels of 0 to 255. Hue and chroma count twice. The result is rounded, because
    the last bits of a float differ between processors, and a decision must not.
    """
    moved = _eye(after) - _eye(before)
    return round(float(np.sqrt(np.square(moved).sum(1)).max(initial=0.0)), 4)


def allowed(usual: float, quality: float) -> float:
    """The limit `usual`, which is for a quality of 80, for another one: less for a higher quality."""
    return usual * max(0.5, 1 + (80 - quality) / 20)


def _eye(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """The places of colours in OKLab, n x 3. Hue and chroma count twice, as they do between greys."""
    levels = np.asarray(colours[:, :3], np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt((linear + _FLARE) @ _CONES) @ _OPPONENTS * _TINT)
