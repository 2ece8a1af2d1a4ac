"""How different a picture looks from its original: SSIMULACRA2, on numpy.

The metric and its constants are those of libjxl's `tools/ssimulacra2.cc` (version 2.1): SSIM and
edge maps of blurred XYB planes at six scales, their means and 4-norms weighted by a fit to human
opinions. 100 is identical, 90 not told apart in a flicker test, 80 not side by side.

Three things make it fast enough to steer an encoder: features whose weight is next to nothing are
not computed (all but luminance at full size), the blur is a matrix product over small tiles, and
the original's side of it is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

# For each channel (X, Y, B) and scale: the mean of the SSIM map, of edges that appeared and of
# edges that were lost, then the 4-norm of the three. Weights below 0.01 are left out as 0.
_SSIM, _APPEARED, _LOST = range(3)
_MEAN, _NORM4 = range(2)
# fmt: off
_FITTED = (
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 1.1041726426657346, 0, 0,
    0, 0, 0, 1.8422455520539298, 11.441172603757666, 0,
    0, 0, 0, 1.8787594979546387, 10.94906990605142, 0,
    0, 0.9677937080626833, 0, 0, 0.9981766977854967, 0,
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 7.466890328078848, 0, 17.445833984131262,
    0, 0, 0, 6.683678146179332, 0, 1.027889937768264,
    225.20515300849274, 0, 0, 19.213238186143016, 0, 0,
    176.39317598450694, 0, 0, 24.43300999870476, 0.28520802612117757, 0,
    0, 0, 0, 34.77906344483772, 44.835625328877896, 0,
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 8.826982764996862, 23.19243343998926, 0,
    95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0, 171.2667255897307, 0.9807858872435379,
    0, 0, 0, 0, 0, 0,
)
# fmt: on
_SCALES = 6
_SMALLEST = 8  # pixels
_C2 = 0.0009

_OPSIN = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 0.5518098665095536],
    ],
    np.float32,
)
_OPSIN_BIAS = np.float32(0.0037930732552754493)

_SIGMA = 1.5
_RADIUS = 5
# 54 blurred pixels from 64: a block that suits the matrix kernels of any processor.
_TILE = 54
_WINDOW = _TILE + 2 * _RADIUS

# Larger pictures are scored in blocks whose features add up, so that memory stays bounded.
_BLOCK = 2048
# The original's side is kept between scores up to this many pixels, some 30 bytes each.
_KEPT_PIXELS = 12_000_000


@dataclass(frozen=True, slots=True)
class _Side:
    """One picture's plane at one scale, in overlapping tiles and blurred."""

    tiles: Plane  #: n x window x window
    mean: Plane  #: n x tile x tile, as all below
    variance: Plane
    edges: Plane

    def only(self, which: npt.NDArray[np.bool_]) -> _Side:
        """The side of some of the tiles."""
        if which.all():
            return self
        return _Side(self.tiles[which], self.mean[which], self.variance[which], self.edges[which])


@dataclass(frozen=True, slots=True)
class _Block:
    """A part of a picture that is scored at a time."""

    top: int
    left: int
    rightmost: bool  #: it ends at the picture's right edge

    def of(self, pixels: Pixels) -> Pixels:
        return pixels[self.top : self.top + _BLOCK, self.left : self.left + _BLOCK]


#: by channel and scale, then by kind of map and norm
_Weights = dict[tuple[int, int], dict[tuple[int, int], float]]


def _scales(height: int, width: int) -> int:
    """How many scales a picture has: down to `_SMALLEST` pixels, at least one."""
    smaller = min(height, width)
    scales = 1
    while scales < _SCALES and (smaller := -(-smaller // 2)) >= _SMALLEST:
        scales += 1
    return scales


@cache
def _weights(scales: int) -> _Weights:
    """The weights for a picture of so many scales.

    The reference takes them one after the other, so in a picture with fewer than six scales the
    second and third channel get those that were fitted for others. To agree with it, so do we.
    """
    found: _Weights = {}
    fitted = iter(_FITTED)
    for channel in range(3):
        for scale in range(scales):
            for norm in (_MEAN, _NORM4):
                for kind in (_SSIM, _APPEARED, _LOST):
                    if weight := next(fitted):
                        found.setdefault((channel, scale), {})[kind, norm] = weight
    return found


class Reference:
    """An original, made ready for scoring pictures against it."""

    def __init__(self, pixels: Pixels) -> None:
        """Take `pixels`: height x width x 3 in sRGB, or x 4 with straight alpha."""
        self._shape = pixels.shape
        # What shows through on a light page may be hidden on a dark one: the worse one counts.
        self._backgrounds = (None,) if pixels.shape[2] == 3 else (26, 230)
        self._views = [_View(_flatten(pixels, shade)) for shade in self._backgrounds]

    def score(self, pixels: Pixels) -> float:
        """The score of `pixels`, of the same shape, to two decimals; at most 100.

        Rounded because the last bits of a float differ between processors, and a decision
        must not.
        """
        if pixels.shape != self._shape:
            raise ValueError(f"shape {pixels.shape} is not {self._shape}")
        pairs = zip(self._views, self._backgrounds, strict=True)
        return round(min(view.score(_flatten(pixels, shade)) for view, shade in pairs), 2)


class _View:
    """An opaque picture, as seen on one background."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        height, width = pixels.shape[:2]
        self._weights = _weights(_scales(height, width))
        self._blocks = [
            _Block(top, left, left + _BLOCK >= width)
            for top in range(0, height, _BLOCK)
            for left in range(0, width, _BLOCK)
        ]
        self._kept: list[dict[tuple[int, int], _Side]] | None = None
        if height * width <= _KEPT_PIXELS:
            self._kept = [_sides(pixels, block, self._weights) for block in self._blocks]

    def score(self, pixels: Pixels) -> float:
        sums: dict[tuple[int, int, int, int], float] = {}
        counts: dict[int, int] = {}
        for number, block in enumerate(self._blocks):
            sides = self._kept[number] if self._kept else _sides(self._pixels, block, self._weights)
            _add_features(self._weights, sides, pixels, block, sums, counts)
        total = 0.0
        for (channel, scale), weights in self._weights.items():
            for (kind, norm), weight in weights.items():
                mean = sums[channel, scale, kind, norm] / counts[scale]
                total += weight * (mean**0.25 if norm == _NORM4 else mean)
        return _opinion(total)


def _opinion(features: float) -> float:
    """The weighted features on the scale of human opinions."""
    value = features * 0.9562382616834844
    value = (
        2.326765642916932 * value
        - 0.020884521182843837 * value**2
        + 6.248496625763138e-05 * value**3
    )
    return float(100 - 10 * value**0.6276336467831387) if value > 0 else 100.0


def _flatten(pixels: Pixels, shade: int | None) -> Pixels:
    if shade is None:
        return pixels
    flat = pixels[..., :3].copy()
    clear = pixels[..., 3] < 255
    alpha = pixels[clear, 3:].astype(np.uint16)
    flat[clear] = (flat[clear] * alpha + shade * (255 - alpha) + 127) // 255
    return flat


def _sides(pixels: Pixels, block: _Block, weights: _Weights) -> dict[tuple[int, int], _Side]:
    """The original's side of every plane that counts, by channel and scale."""
    planes = _planes(block.of(pixels), weights)
    return {where: _side(_tiled(plane, block)) for where, plane in planes}


def _side(tiles: Plane) -> _Side:
    mean = _blur(tiles)
    centre = tiles[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    variance = _blur(tiles * tiles) - mean * mean
    return _Side(tiles, mean, variance, np.abs(centre - mean))


def _add_features(
    weights: _Weights,
    originals: dict[tuple[int, int], _Side],
    pixels: Pixels,
    block: _Block,
    sums: dict[tuple[int, int, int, int], float],
    counts: dict[int, int],
) -> None:
    """Add the features of one block to `sums`, and its pixels at every scale to `counts`."""
    seen = set()
    for (channel, scale), plane in _planes(block.of(pixels), weights):
        if scale not in seen:
            seen.add(scale)
            counts[scale] = counts.get(scale, 0) + plane.size
        original, tiles = originals[channel, scale], _tiled(plane, block)
        # Where nothing differs every map is 0: most of a screenshot is such tiles.
        differ = (tiles != original.tiles).any(axis=(1, 2))
        original, candidate = original.only(differ), _side(tiles[differ])
        inside = _inside(*plane.shape)[differ]
        wanted = weights[channel, scale]
        for kind in sorted({kind for kind, _ in wanted}):
            feature = _feature(kind, original, candidate)
            feature *= inside
            for norm in (_MEAN, _NORM4):
                if (kind, norm) in wanted:
                    key = (channel, scale, kind, norm)
                    power = feature if norm == _MEAN else np.square(np.square(feature))
                    sums[key] = sums.get(key, 0.0) + float(power.sum(dtype=np.float64))


def _feature(kind: int, original: _Side, candidate: _Side) -> Plane:
    """One of the three maps: where structure differs, edges appeared, or edges were lost."""
    if kind == _SSIM:
        both = _blur(original.tiles * candidate.tiles) - original.mean * candidate.mean
        likeness = (1 - np.square(original.mean - candidate.mean)) * (2 * both + _C2)
        likeness /= original.variance + candidate.variance + _C2
        return np.asarray(np.maximum(1 - likeness, 0))
    ratio = (1 + candidate.edges) / (1 + original.edges) - 1
    return np.asarray(np.maximum(ratio if kind == _APPEARED else -ratio, 0))


def _planes(pixels: Pixels, weights: _Weights) -> list[tuple[tuple[int, int], Plane]]:
    """The XYB planes that count, by channel and scale, as positive numbers."""
    linear = _linear()[pixels]
    planes = []
    for scale in range(1 + max(scale for _, scale in weights)):
        if scale:
            linear = _halved(linear)
        channels = [channel for channel, at in weights if at == scale]
        for channel, plane in zip(channels, _xyb(linear, channels), strict=True):
            planes.append(((channel, scale), plane))
    return planes


@cache
def _linear() -> Plane:
    values = np.arange(256) / 255
    table = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return table.astype(np.float32)


def _halved(linear: Plane) -> Plane:
    """Each 2 x 2 pixels as their mean; an odd last row or column counts twice."""
    height, width = linear.shape[:2]
    if height % 2 or width % 2:
        linear = np.pad(linear, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
    rows = linear[::2] + linear[1::2]
    halved = rows[:, ::2] + rows[:, 1::2]
    halved *= np.float32(0.25)
    return halved


def _xyb(linear: Plane, channels: list[int]) -> list[Plane]:
    rows = 3 if 2 in channels else 2
    mixed = linear.reshape(-1, 3) @ _OPSIN[:rows].T
    mixed += _OPSIN_BIAS
    np.cbrt(mixed, out=mixed)
    mixed -= np.cbrt(_OPSIN_BIAS)
    cones = mixed.reshape(*linear.shape[:2], rows)
    luma = (cones[..., 0] + cones[..., 1]) * np.float32(0.5)
    planes = []
    for channel in channels:
        if channel == 0:
            planes.append((cones[..., 0] - cones[..., 1]) * np.float32(7) + np.float32(0.42))
        elif channel == 1:
            planes.append(luma + np.float32(0.01))
        else:
            planes.append(cones[..., 2] - luma + np.float32(0.55))
    return planes


def _tiled(plane: Plane, block: _Block) -> Plane:
    """Overlapping windows of `plane`, row by row.

    Left and right of the picture is 0, as in libjxl. Above and below libjxl has 0 too, which hides
    differences there; the picture is mirrored as in the Python port, so scores err to the low.
    """
    height, width = plane.shape
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    padded = np.pad(
        plane,
        (
            (_RADIUS, rows * _TILE - height + _RADIUS),
            (_RADIUS, columns * _TILE - width + _RADIUS),
        ),
        "symmetric",
    )
    # Smaller planes the reference does not score; there the 0 would hide the picture itself.
    if min(height, width) >= _SMALLEST:
        if not block.left:
            padded[:, :_RADIUS] = 0
        if block.rightmost:
            padded[:, _RADIUS + width :] = 0
    windows = np.lib.stride_tricks.sliding_window_view(padded, (_WINDOW, _WINDOW))
    return np.ascontiguousarray(windows[::_TILE, ::_TILE].reshape(-1, _WINDOW, _WINDOW))


def _inside(height: int, width: int) -> Plane:
    """1 for the pixels of the tiles that are part of the plane, 0 for its padding."""
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    down = (np.arange(rows * _TILE) < height).reshape(rows, 1, _TILE, 1)
    across = (np.arange(columns * _TILE) < width).reshape(1, columns, 1, _TILE)
    return (down & across).reshape(-1, _TILE, _TILE).astype(np.float32)


@cache
def _kernel() -> Plane:
    """The matrix that blurs the columns of a window."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    taps = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    taps /= taps.sum()
    matrix = np.zeros((_TILE, _WINDOW))
    for row in range(_TILE):
        matrix[row, row : row + taps.size] = taps
    return matrix.astype(np.float32)


def _blur(tiles: Plane) -> Plane:
    kernel = _kernel()
    return np.asarray(kernel @ tiles @ kernel.T)
