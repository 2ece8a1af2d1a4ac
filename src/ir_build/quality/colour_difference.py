"""How far colours move to the eye when others take their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What comes back of the light around a screen: nearly black colours are not as far apart as without.
_FLARE = 0.005
_TINT = np.array([1.0, 2.0, 2.0])
# Linear sRGB to what cones answer to, and their cube roots to lightness and two opponent colours.
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
    """The farthest that any of the colours n x 3 or more moves, in OKLab with hue and chroma counting twice.

    Rounded because the last bits of a float differ between processors, and a decision must not.
    """
    moved = _eye(after) - _eye(before)
    return round(float(np.sqrt(np.square(moved).sum(1)).max(initial=0.0)), 4)


def allowed(usual: float, quality: float) -> float:
    """What is allowed at a quality of 80 made less for a higher one and more for a lower."""
    return usual * max(0.5, 1 + (80 - quality) / 20)


def _eye(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """Where colours are in Ottosson's OKLab, hue and chroma counting twice: between greys they are seen so."""
    levels = np.asarray(colours[:, :3], np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt((linear + _FLARE) @ _CONES) @ _OPPONENTS * _TINT)
