"""Reduce a picture to a palette, and the palette to as few colours as a score allows."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

    from .score import Pixels


@dataclass(frozen=True, slots=True)
class Indexed:
    """A picture of indices into a palette."""

    indices: npt.NDArray[np.uint8]  #: height x width
    palette: Pixels  #: colours x 4, with straight alpha

    def pixels(self, bands: int) -> Pixels:
        """The picture as height x width x `bands`."""
        return self.palette[self.indices, :bands]


def quantize(pixels: Pixels) -> Indexed:
    """The picture in at most 256 colours, by the quantiser that libvips brings along."""
    height, width, bands = pixels.shape
    image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, bands, "uchar")
    packed = image.copy(interpretation="srgb").pngsave_buffer(
        palette=True, Q=100, dither=0, bitdepth=8, effort=7, compression=1, filter="none"
    )
    return _read(packed)


def _read(packed: bytes) -> Indexed:
    with Image.open(BytesIO(packed)) as image:
        image.load()
        image.apply_transparency()
        indices = np.asarray(image, np.uint8)
        palette = np.array(image.getpalette("RGBA"), np.uint8)
    return Indexed(indices, palette.reshape(-1, 4))


class Reducer:
    """Fewer and fewer colours: the two whose merging changes the picture least become one."""

    def __init__(self, picture: Indexed) -> None:
        """Work out the order in which colours merge."""
        self._picture = picture
        counts = np.bincount(picture.indices.ravel(), minlength=len(picture.palette))
        self.colours = int(np.count_nonzero(counts))
        self._merges = _merges(picture.palette, counts)
        self._counts = counts

    def at(self, colours: int) -> Indexed:
        """The picture in at most `colours` colours."""
        parent = np.arange(len(self._picture.palette))
        for gone, into in self._merges[: max(0, self.colours - colours)]:
            parent[parent == gone] = into
        used = np.unique(parent[self._counts > 0])
        position = np.zeros(len(parent), np.uint8)
        position[used] = np.arange(len(used))
        weights = self._counts[:, None].astype(np.float64)
        palette = np.zeros((len(used), 4))
        for place, root in enumerate(used):
            members = parent == root
            palette[place] = _mean(self._picture.palette[members], weights[members])
        indices = position[parent][self._picture.indices]
        return Indexed(indices, palette.round().astype(np.uint8))


def _mean(colours: Pixels, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of colours; transparent ones lend it no colour."""
    alpha = colours[:, 3:] * weights
    if not alpha.sum():
        return np.zeros(4)
    colour = (colours[:, :3] * alpha).sum(0) / alpha.sum()
    return np.append(colour, alpha.sum() / weights.sum())


def _merges(palette: Pixels, counts: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of colours, the second taking in the first, by Ward's criterion."""
    # Premultiplied, and weighted as the eye sees differences in red, green, blue and alpha.
    place = palette.astype(np.float64)
    place[:, :3] *= place[:, 3:] / 255
    place *= np.array([0.8, 1.2, 0.6, 1.0])
    weight = counts.astype(np.float64)
    alive = weight > 0
    merges = []
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.square(place[:, None] - place[None]).sum(2)
        cost = np.sqrt(weight[:, None] * weight[None] / (weight[:, None] + weight[None])) * apart
        cost[~alive] = np.inf
        cost[:, ~alive] = np.inf
        np.fill_diagonal(cost, np.inf)
        for _ in range(int(alive.sum()) - 1):
            into, gone = divmod(int(np.argmin(cost)), len(palette))
            merges.append((gone, into))
            total = weight[into] + weight[gone]
            place[into] = (place[into] * weight[into] + place[gone] * weight[gone]) / total
            weight[into] = total
            cost[gone] = np.inf
            cost[:, gone] = np.inf
            row = np.sqrt(weight * total / (weight + total)) * np.square(place - place[into]).sum(1)
            row[np.isinf(cost[into])] = np.inf
            cost[into] = row
            cost[:, into] = row
    return merges
