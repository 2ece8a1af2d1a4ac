"""How similar two pictures of one size look, measured coarsely and fast.

It finds another picture, and passes the changes that a good lossy encoder makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Pixels along a side of a block, and blocks along a side of a tile. Not fitted: 8 pixels are the unit of JPEG, and
# icons have some blocks of them.
_BLOCK = 8
_TILE = 8
# Pixels of a strip, whatever the size of the picture. Not fitted: a limit of memory, on which the result does not
# depend.
_STRIP_PIXELS = 1 << 20
# Structure of less contrast than this is not looked for. It is C2 of SSIM, (0.03 * 255)^2 (Wang et al., "Image
# Quality Assessment: From Error Visibility to Structural Similarity", 2004).
_NOISE = 58.5


@dataclass(frozen=True, slots=True)
class Similarity:
    """What was measured. Levels are 0 to 255."""

    #: peak signal-to-noise ratio over all channels, decibels
    psnr: float
    #: share of the original's contrast that is found again at its place, 0 to 1
    structure: float
    #: the same, for the worst tile of 64 x 64 pixels
    worst_structure: float
    #: largest difference of the mean colour of a block of 8 x 8 pixels, levels
    worst_block: float
    #: largest difference of the mean colour of a tile of 64 x 64 pixels, levels
    worst_tile: float
    #: mean difference of the colours of blocks, in the channel that differs most, levels
    bias: float
    #: the same, but differences up and down cancel out
    shift: float

    def difference(self, slack: float = 1.0) -> str:
        """Why the two are not the same picture, in words; empty if they may be the same.

        `slack`, from 1 on, widens the limits. JPEG, WebP, AVIF and palette encoders stayed within the limits on
        pictures of documentation sites, at a SSIMULACRA2 score of 60 and more.
        """
        if self.worst_tile > 20 * slack or self.worst_block > 72 * slack:
            return "another picture, or a part of it is"
        if self.shift > 4 * slack or self.bias > 7 * slack:
            return "its colours moved"
        if self.psnr < 30 - 6 * slack:
            return f"too far from the original (PSNR {self.psnr:.0f} dB)"
        if self.structure < 1 - 0.25 * slack or self.worst_structure < 1 - 0.7 * slack:
            return "details were lost"
        return ""


def strips(*pictures: Image.Image) -> Iterator[tuple[Image.Image, ...]]:
    """Pictures of one size, cut into strips. Work on strips needs little memory."""
    width, height = pictures[0].size
    unit = _TILE * _BLOCK
    rows = max(unit, _STRIP_PIXELS // width // unit * unit)
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        yield tuple(picture.crop(box) for picture in pictures)


class SimilarityMeasure:
    """Takes in the strips of two pictures, and says how similar these look."""

    def __init__(self) -> None:
        """Start without any strip."""
        self._pixels = self._blocks = 0
        self._squares = 0.0
        self._found = self._sought = 0.0
        self._worst_structure = 1.0
        self._worst_block = self._worst_tile = 0.0
        self._absolute: NDArray[np.float64] | float = 0.0
        self._signed: NDArray[np.float64] | float = 0.0

    def add(self, before: Image.Image, after: Image.Image) -> None:
        """Take in one strip of each, of the same size and mode (L, RGB, RGBa or CMYK)."""
        self._add_pixels(before, after)
        self._add_blocks(before, after)
        for one, other in zip(_planes(before), _planes(after), strict=True):
            self._add_structure(one, other)

    def _add_pixels(self, before: Image.Image, after: Image.Image) -> None:
        counts = np.array(ImageChops.difference(before, after).histogram(), np.float64)
        bands = counts.reshape(-1, 256)
        self._squares += float((bands @ np.arange(256.0) ** 2).mean())
        self._pixels += before.width * before.height

    def _add_blocks(self, before: Image.Image, after: Image.Image) -> None:
        a, b = before.reduce(_BLOCK), after.reduce(_BLOCK)
        difference = np.atleast_3d(np.asarray(a).astype(np.int16) - np.asarray(b))
        absolute = np.abs(difference)
        self._worst_block = max(self._worst_block, float(absolute.max()))
        self._absolute = self._absolute + absolute.sum(axis=(0, 1), dtype=np.float64)
        self._signed = self._signed + difference.sum(axis=(0, 1), dtype=np.float64)
        self._blocks += difference.shape[0] * difference.shape[1]
        tiles = _tile_sums(difference) / _tile_sums(np.ones_like(difference))
        self._worst_tile = max(self._worst_tile, float(np.abs(tiles).max()))

    def _add_structure(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> None:
        height, width = before.shape
        block = min(_BLOCK, height, width)
        a, b = (_cells(plane, block) for plane in (before, after))
        mean_a, mean_b = _means(a), _means(b)
        common = _means(a * b) - mean_a * mean_b
        spread = _means(a * a) - mean_a**2 + _means(b * b) - mean_b**2
        found, sought = 2 * common + _NOISE, spread + _NOISE
        self._found += float(found.sum())
        self._sought += float(sought.sum())
        worst = (_tile_sums(found[..., None]) / _tile_sums(sought[..., None])).min()
        self._worst_structure = min(self._worst_structure, float(worst))

    def similarity(self) -> Similarity:
        """What was measured on all strips taken in."""
        error = self._squares / self._pixels
        return Similarity(
            psnr=float(10 * np.log10(255**2 / error)) if error else 99.0,
            structure=self._found / self._sought,
            worst_structure=self._worst_structure,
            worst_block=self._worst_block,
            worst_tile=self._worst_tile,
            bias=float(np.max(self._absolute)) / self._blocks,
            shift=float(np.max(np.abs(self._signed))) / self._blocks,
        )


def _planes(image: Image.Image) -> list[NDArray[np.uint8]]:
    """The planes that are searched for structure: lightness and alpha, or magenta and black for CMYK."""
    if image.mode == "RGBa":
        red, green, blue, alpha = image.split()
        image = Image.merge("RGB", (red, green, blue))
        return [np.asarray(image.convert("L")), np.asarray(alpha)]
    if image.mode == "CMYK":
        return [np.asarray(image.getchannel("M")), np.asarray(image.getchannel("K"))]
    return [np.asarray(image.convert("L"))]


def _cells(plane: NDArray[np.uint8], block: int) -> NDArray[np.float32]:
    """The plane cut into blocks: rows x block x columns x block.

    Incomplete blocks at the right and the lower edge are left out.
    """
    height, width = (size // block * block for size in plane.shape)
    cut = plane[:height, :width].astype(np.float32)
    return cut.reshape(height // block, block, width // block, block)


def _means(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    block = cells.shape[1]
    weights = np.full(block, 1 / block**2, np.float32)
    means: NDArray[np.float32] = cells.sum(axis=1) @ weights
    return means


def _tile_sums(blocks: NDArray[np.generic]) -> NDArray[np.float64]:
    rows = np.arange(0, blocks.shape[0], _TILE)
    columns = np.arange(0, blocks.shape[1], _TILE)
    sums = np.add.reduceat(np.asarray(blocks, np.float64), rows, axis=0)
    return np.add.reduceat(sums, columns, axis=1)
