"""XYB planes of a picture at several scales, and their blur, for `ssimulacra2`.

All work is done in parts that stay in the processor's cache. numpy is four times slower on whole pictures,
because it waits for memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]

#: channels
X, Y, B = range(3)

# libjxl's matrix from linear sRGB to the light that three kinds of cones in the eye receive, and its bias
# (lib/jxl/opsin_params.h).
_OPSIN = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 0.5518098665095536],
    ],
    np.float32,
)
_OPSIN_BIAS = np.float32(0.0037930732552754493)
# The bits of a float, taken as a whole number and divided by three, plus this number are nearly the bits of its
# cube root. The number is two thirds of the exponent's bias. It is a little smaller, so that the largest errors
# above and below are equal.
_THIRD_OF_BIAS = np.int32(709_921_077)

# The nine taps of the reference's approximation of a Gaussian of sigma 1.5 (D. Charalampidis, "Recursive
# Implementation of the Gaussian Filter Using Truncated Cosine Functions", 2016).
_TAPS = (0.26462110549, 0.21292859201, 0.10933537278, 0.03601111466, 0.00941436781)
_RADIUS = len(_TAPS) - 1
#: Pixels along a side of a tile. 56 blurred pixels come from 64, and the matrix kernels of any processor are fast
#: with that size. Scores depend on it in their last bits at most.
TILE = 56
# A matrix that blurs a whole window would be mostly zeros. Matrices for quarters take a third of its time.
_PART = TILE // 4
_WINDOW = TILE + 2 * _RADIUS
# Not fitted: these are for speed alone. So much fits into a cache of 1 MB. Scores depend on them in their last
# bits at most.
#: tiles that are worked on at a time
BATCH = 12
# Pixels that are worked on at a time.
_CHUNK = 32_768


@dataclass(frozen=True, slots=True)
class Tiled:
    """A plane in tiles of 56 x 56 pixels. The tiles are numbered row by row."""

    windows: Plane  #: rows x columns x 64 x 64: the tiles with their margins, which overlap; a view
    height: int  #: pixels
    width: int

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return int(self.windows.shape[0] * self.windows.shape[1])

    def batches(self) -> Iterator[Numbers]:
        """The numbers of the tiles, `BATCH` at a time."""
        for at in range(0, self.count, BATCH):
            yield np.arange(at, min(at + BATCH, self.count))

    def take(self, numbers: Numbers) -> Plane:
        """The tiles with these numbers and their margins: n x 64 x 64."""
        return np.asarray(self.windows[np.divmod(numbers, self.windows.shape[1])])

    def clear_outside(self, maps: Plane, numbers: Numbers) -> None:
        """Set `maps`, n x 56 x 56, to 0 beyond the right and the lower edge of the picture.

        `numbers` are the numbers of their tiles.
        """
        rows, columns = np.divmod(numbers, self.windows.shape[1])
        if inside := self.height % TILE:
            maps[rows == self.windows.shape[0] - 1, inside:] = 0
        if inside := self.width % TILE:
            maps[columns == self.windows.shape[1] - 1, :, inside:] = 0


def centre(windows: Plane) -> Plane:
    """The tiles without their margins: n x 56 x 56 of n x 64 x 64."""
    return windows[..., _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


@cache
def _kernel() -> Plane:
    """The matrix that blurs the columns of a part of a window."""
    taps = (*reversed(_TAPS[1:]), *_TAPS)
    matrix = np.zeros((_PART, _PART + 2 * _RADIUS), np.float32)
    for row in range(_PART):
        matrix[row, row : row + len(taps)] = taps
    return matrix


@cache
def _kernel_across() -> Plane:
    return np.ascontiguousarray(_kernel().T)


def blur(windows: Plane) -> Plane:
    """The tiles in `windows`, n x 64 x 64, blurred: n x 56 x 56."""
    down = np.empty((len(windows), TILE, _WINDOW), np.float32)
    blurred = np.empty((len(windows), TILE, TILE), np.float32)
    rows, across = down.reshape(-1, _WINDOW), blurred.reshape(-1, TILE)
    for at in range(0, TILE, _PART):
        end = at + _PART
        np.matmul(_kernel(), windows[:, at : end + 2 * _RADIUS], out=down[:, at:end])
    for at in range(0, TILE, _PART):
        end = at + _PART
        np.matmul(rows[:, at : end + 2 * _RADIUS], _kernel_across(), out=across[:, at:end])
    return blurred


@dataclass(frozen=True, slots=True)
class Edges:
    """Which edges of a part of a picture are edges of the whole picture."""

    top: bool
    bottom: bool
    left: bool
    right: bool


def pyramid(
    pixels: Pixels, channels: list[list[int]], edges: Edges
) -> dict[tuple[int, int], Tiled]:
    """The XYB planes of `pixels`, height x width x 3 in sRGB, as positive numbers, by channel and scale.

    `channels` names the wanted planes of each scale. There is 0 beyond an edge of the picture, as in libjxl.
    The part is mirrored beyond its other edges.
    """
    height, width = pixels.shape[:2]
    found = {}
    mixed: Plane | None = None
    for scale, wanted in enumerate(channels):
        padded = {channel: _Padded(height, width) for channel in wanted}
        halved = np.empty((3, -(-height // 2), -(-width // 2)), np.float32)
        step = max(2, _CHUNK // width // 2 * 2)
        for top in range(0, height, step):
            rows = slice(top, min(top + step, height))
            part = _mixed(pixels[rows]) if mixed is None else mixed[:, rows]
            if wanted:
                _to_xyb(part, {c: one.inside[rows] for c, one in padded.items()})
            if scale + 1 < len(channels):
                _halve(part, halved[:, top // 2 : -(-rows.stop // 2)])
        for channel, one in padded.items():
            found[channel, scale] = one.tiled(edges)
        mixed = halved
        height, width = halved.shape[1:]
    return found


class _Padded:
    """A plane with space around it for the margins of its tiles."""

    def __init__(self, height: int, width: int) -> None:
        self._height, self._width = height, width
        rows, columns = (-(-size // TILE) * TILE + 2 * _RADIUS for size in (height, width))
        self._all = np.zeros((rows, columns), np.float32)
        self.inside = self._all[_RADIUS : _RADIUS + height, _RADIUS : _RADIUS + width]

    def tiled(self, edges: Edges) -> Tiled:
        """The plane in tiles. It must be filled before."""
        for plane, size, first, last in (
            (self._all, self._height, edges.top, edges.bottom),
            (self._all.T, self._width, edges.left, edges.right),
        ):
            mirrored = np.pad(np.arange(size), _RADIUS, "symmetric") + _RADIUS
            if not first:
                plane[:_RADIUS] = plane[mirrored[:_RADIUS]]
            if not last:
                plane[_RADIUS + size :][:_RADIUS] = plane[mirrored[-_RADIUS:]]
        windows = np.lib.stride_tricks.sliding_window_view(self._all, (_WINDOW, _WINDOW))
        return Tiled(windows[::TILE, ::TILE], self._height, self._width)


@cache
def _linear() -> Plane:
    values = np.arange(256) / 255
    table = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return table.astype(np.float32)


def _mixed(pixels: Pixels) -> Plane:
    """The light that the three kinds of cones receive: 3 x height x width."""
    linear = np.empty((3, *pixels.shape[:2]), np.float32)
    for channel in range(3):
        # "wrap" saves numpy the check of the indices. No index is out of range.
        np.take(_linear(), pixels[..., channel], out=linear[channel], mode="wrap")
    mixed = (_OPSIN @ linear.reshape(3, -1)).reshape(linear.shape)
    mixed += _OPSIN_BIAS
    return np.asarray(mixed)


def _to_xyb(mixed: Plane, planes: dict[int, Plane]) -> None:
    """Fill the wanted `planes`, height x width each, by channel. `mixed` is 3 x height x width."""
    cones = _cube_roots(mixed if B in planes else mixed[:2])
    if X in planes:
        difference = cones[0] - cones[1]
        difference *= np.float32(7)
        np.add(difference, np.float32(0.42), out=planes[X])
    luma = cones[0] + cones[1]
    luma *= np.float32(0.5)
    if Y in planes:
        np.add(luma, np.float32(0.01) - np.cbrt(_OPSIN_BIAS), out=planes[Y])
    if B in planes:
        cones[2] -= luma
        np.add(cones[2], np.float32(0.55), out=planes[B])


def _cube_roots(values: Plane) -> Plane:
    """The cube roots of positive numbers, within 4 units in the last place.

    They are the same on every processor. `np.cbrt` differs between processors, and takes six times as long on
    some. A third of the bits of a float is within 4 % of its root (`_THIRD_OF_BIAS`). One step by Halley's method
    leaves the cube of that error, and one by Newton's method leaves the square of the rest.
    """
    roots = (values.view(np.int32) // 3 + _THIRD_OF_BIAS).view(np.float32)
    cubes = roots * roots
    cubes *= roots
    above = cubes + values
    above += values
    cubes += cubes
    cubes += values
    above /= cubes
    roots *= above
    nearer = np.multiply(roots, roots, out=cubes)
    np.divide(values, nearer, out=nearer)
    roots += roots
    nearer += roots
    nearer *= np.float32(1 / 3)
    return np.asarray(nearer)


def _halve(planes: Plane, halved: Plane) -> None:
    """Fill `halved` with the mean of each 2 x 2 pixels. An odd last row or column counts twice.

    `planes` are 3 x height x width. The mean of the light that cones receive is the light that they receive of
    the mean. So colours need not be mixed again.
    """
    height, width = planes.shape[1:]
    rows = planes[:, : height // 2 * 2 : 2] + planes[:, 1::2]
    if height % 2:
        rows = np.concatenate([rows, 2 * planes[:, -1:]], axis=1)
    pairs = width // 2
    np.add(rows[..., : pairs * 2 : 2], rows[..., 1::2], out=halved[..., :pairs])
    if width % 2:
        np.multiply(rows[..., -1], 2, out=halved[..., -1])
    halved *= np.float32(0.25)
