"""How different a picture looks from its original: SSIMULACRA2, on numpy.

The metric and its constants are those of libjxl's `tools/ssimulacra2.cc` (version 2.1). It makes SSIM and
edge maps of blurred XYB planes at six scales. It weights their means and 4-norms by a fit to human opinions.
Identical pictures score 100. Nobody tells two pictures apart in a flicker test at 90, and nobody does side by
side at 80.

Three things make it fast enough to steer an encoder. A feature is not computed if its weight is next to
nothing. Only luminance is left at full size. Tiles that do not differ are passed over. The maps of the
original are computed once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from . import planes
from .planes import TILE, Pixels, Plane, Tiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .planes import Numbers

    _Sums = NDArray[np.float64]

# The weights of libjxl. Each channel (X, Y, B) has six for each scale: for three means, then for three 4-norms.
# The three are those of the SSIM map, of edges that appeared, and of edges that were lost. Weights below 0.01
# are 0 here.
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
# The next three are libjxl's, too: how many scales there are, the fewest pixels of a side at a scale, and the C2
# of SSIM.
_SCALES = 6
_SMALLEST = 8
_C2 = 0.0009
# The reference blurs by a recursion in single precision. Its rounding errors never fade. They cost up to 2 points
# on flat areas of documents. They look like normal noise in its SSIM maps, within a tenth. The deviation is this
# number, times the square root of the plane's height + width, times the squared mean. It was fitted on 40 pairs
# of pictures of 200 to 1600 pixels a side. tests/quality/test_ssimulacra2.py fails if scores differ from those of
# libjxl's own tool by more than 0.1. The noise is lost in the picture's own noise at full and half size.
_ROUNDING = np.float32(0.95e-7)
_ROUNDED_FROM = 2  # scale

#: Points that the score of a picture's worst square may be below that of the whole. It was chosen by eye, like
#: the limits on places. docs/places.md shows results on both sides of these, and
#: `python benchmarks --places docs/places` draws them again.
WORST_SQUARE = 6.0
#: Pixels along a side of the squares that have scores of their own: four tiles at full size. Not fitted: a square
#: has to be a whole number of tiles, and large enough for the smallest scale to have some pixels.
SQUARE = 4 * TILE
# Larger pictures are scored in blocks of so many pixels a side. The features of blocks add up, and memory stays
# bounded. Not fitted: the score does not depend on it.
_BLOCK = 9 * SQUARE
# libjxl's tool lays transparent pictures on two greys: 0.1 and 0.9 of 255 (ssimulacra2_main.cc).
_DARK, _LIGHT = 26, 230
# One of so many pixels a row and a column is looked at to find the nearer of the two greys. Not fitted: both are
# scored, and this only decides which one first.
_SAMPLED = 4
# Pixels that are laid on a background at a time. Not fitted: so many stay in the processor's cache, and the score
# does not depend on it.
_FLATTENED = 32_768
# The maps of the original are kept between scores if it has at most so many pixels. They take some 30 bytes a
# pixel. Not fitted: a limit of memory, on which scores do not depend.
_KEPT_PIXELS = 12_000_000

#: the channel and the scale of a plane
_Where = tuple[int, int]
#: the kind of a map, and a norm
_Feature = tuple[int, int]
_Weights = dict[_Where, dict[_Feature, float]]


class _Side:
    """A plane of the original at one scale, and its blurred maps, which every score needs.

    A tile is blurred when a picture differs there for the first time. Many tiles never differ.
    """

    def __init__(self, plane: Tiled, *, keep: bool) -> None:
        self.plane = plane
        self._keep = keep
        self._blurred = np.zeros(plane.count, np.bool_)
        # An array takes memory only where it is written.
        shape = (plane.count, TILE, TILE)
        self._mean, self._variance, self._edges = (np.empty(shape, np.float32) for _ in range(3))

    def blurred(self, numbers: Numbers, windows: Plane) -> tuple[Plane, Plane, Plane]:
        """Three maps of the tiles `numbers`, n x 56 x 56 each. `windows` are the tiles with their margins.

        The maps are the mean, the variance, and the distance of each pixel from the mean. The variance has the
        constant C2 added, and the distance has 1 added, so that no divisor is 0.
        """
        if not self._keep:
            return _blurred(windows)
        new = ~self._blurred[numbers]
        if new.any():
            missing, windows = numbers[new], windows[new]
            self._blurred[missing] = True
            self._mean[missing], self._variance[missing], self._edges[missing] = _blurred(windows)
        return self._mean[numbers], self._variance[numbers], self._edges[numbers]


def _blurred(windows: Plane) -> tuple[Plane, Plane, Plane]:
    """The three maps of `_Side`."""
    mean = planes.blur(windows)
    variance = planes.blur(windows * windows)
    variance += _C2
    variance -= mean * mean
    edges = np.abs(planes.centre(windows) - mean)
    edges += 1
    return mean, variance, edges


def _scales(height: int, width: int) -> int:
    """How many scales a picture has, `height` x `width` pixels. Each scale is half as large as the last."""
    smaller = min(height, width)
    scales = 1
    while scales < _SCALES and smaller >= _SMALLEST:
        smaller = -(-smaller // 2)
        scales += 1
    return scales


@cache
def _weights(scales: int) -> _Weights:
    """The weights for a picture of so many scales.

    The reference takes them one after the other. So the second and third channel of a picture with fewer than
    six scales get weights that were fitted for other scales. This does so as well, to agree with it.
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


def of_both(whole: float, worst: float) -> float:
    """The score that is compared with a target: that of the `whole`, or what the `worst` square allows."""
    return min(whole, worst + WORST_SQUARE)


class Reference:
    """An original, made ready for scoring pictures against it."""

    def __init__(self, pixels: Pixels, *, keep: bool = True) -> None:
        """Take `pixels`: height x width x 3 in sRGB, or x 4 with straight alpha.

        `keep` keeps what further scores need. A single score is faster without it.
        """
        self._shape = pixels.shape
        self._keep = keep
        # A fault may show on a light page and hide on a dark one. The worse score counts.
        shades = (None,) if pixels.shape[2] == 3 else _backgrounds(pixels)
        self._views = [_View(pixels, shade) for shade in shades]

    def scores(self, pixels: Pixels) -> tuple[float, float]:
        """The score of `pixels`, and the score of their worst square of some 224 x 224 pixels.

        Squares at the right and the lower edge have 112 to 336 pixels on a side. Raises `ValueError` if
        `pixels` do not have the shape of the original.
        """
        found = [self.scores_on(number, pixels) for number in range(len(self._views))]
        return min(one[0] for one in found), min(one[1] for one in found)

    def scores_on(self, background: int, pixels: Pixels) -> tuple[float, float]:
        """The same on one `background`: 0, or also 1 if the picture is transparent.

        Background 0 likely gives the lower score. The maps of the original are kept for that one only, because
        it is asked for again and again.
        """
        self._check(pixels)
        whole, worst = self._views[background].scores(pixels, keep=self._keep and background == 0)
        return round(whole, 2), round(worst, 2)

    def score(self, pixels: Pixels, share: float = 1.0) -> float:
        """The score of `pixels`, which have the shape of the original; at most 100.

        If they are a `share` of a picture whose other parts are equal, this is the score of that picture. It is
        rounded to two decimals, because the last bits of a float differ between processors, and a decision must
        not. Raises `ValueError` for another shape.
        """
        self._check(pixels)
        return round(min(view.score(pixels, share) for view in self._views), 2)

    def _check(self, pixels: Pixels) -> None:
        if pixels.shape != self._shape:
            raise ValueError(f"shape {pixels.shape} is not {self._shape}")


def _backgrounds(pixels: Pixels) -> tuple[int, int]:
    """The greys of a dark and a light page. The one nearer to the picture's own colours comes first.

    The picture's edges are weak on it, and hide little of a fault beside them.
    """
    sample = pixels[::_SAMPLED, ::_SAMPLED].astype(np.int64)
    opacity = sample[..., 3]
    light = int((sample[..., 1] * opacity).sum()) > 128 * int(opacity.sum())
    return (_LIGHT, _DARK) if light else (_DARK, _LIGHT)


def _flatten(pixels: Pixels, shade: int) -> Pixels:
    """The picture on a grey of level `shade`: height x width x 3 of height x width x 4."""
    flat = np.empty((*pixels.shape[:2], 3), np.uint8)
    rows = max(1, _FLATTENED // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        here = slice(top, top + rows)
        alpha = pixels[here, :, 3].astype(np.uint16)
        behind = (255 - alpha) * np.uint16(shade)
        behind += 127
        for channel in range(3):
            mixed = pixels[here, :, channel] * alpha
            mixed += behind
            # This divides by 255 exactly.
            mixed += (mixed >> 8) + 1
            mixed >>= 8
            flat[here, :, channel] = mixed
    return flat


class _View:
    """A picture as seen on one background."""

    def __init__(self, pixels: Pixels, shade: int | None) -> None:
        """Take `pixels` and the level of the grey behind them; None for opaque pixels."""
        self._shade = shade
        self._pixels = self._seen(pixels)
        height, width = pixels.shape[:2]
        self._weights = _weights(_scales(height, width))
        self._blocks = [
            (slice(top, top + _BLOCK), slice(left, left + _BLOCK))
            for top in range(0, height, _BLOCK)
            for left in range(0, width, _BLOCK)
        ]
        self._kept: dict[int, dict[_Where, _Side]] = {}

    def _seen(self, pixels: Pixels) -> Pixels:
        return pixels if self._shade is None else _flatten(pixels, self._shade)

    def score(self, pixels: Pixels, share: float = 1.0) -> float:
        squares, sums = self._sums(self._seen(pixels))
        total = 0.0
        for (where, feature), values in sums.items():
            mean = share * float(values.sum()) / float(squares.pixels(where[1]).sum())
            total += self._weights[where][feature] * (mean**0.25 if feature[1] == _NORM4 else mean)
        return _opinion(total)

    def scores(self, pixels: Pixels, *, keep: bool = True) -> tuple[float, float]:
        squares, sums = self._sums(self._seen(pixels), keep=keep)
        whole, each = np.float64(0), np.zeros(squares.shape)
        for (where, feature), values in sums.items():
            counts = squares.pixels(where[1])
            root = 0.25 if feature[1] == _NORM4 else 1.0
            whole += self._weights[where][feature] * (values.sum() / counts.sum()) ** root
            each += self._weights[where][feature] * (values / counts) ** root
        return _opinion(float(whole)), _opinion(float(each.max()))

    def _sums(
        self, pixels: Pixels, *, keep: bool = True
    ) -> tuple[_Squares, dict[tuple[_Where, _Feature], _Sums]]:
        """The sums of the maps in each square."""
        keep = keep and pixels.shape[0] * pixels.shape[1] <= _KEPT_PIXELS
        squares = _Squares(*pixels.shape[:2])
        sums: dict[tuple[_Where, _Feature], _Sums] = {}
        for number, block in enumerate(self._blocks):
            sides = self._kept.get(number) or self._sides(block, keep=keep)
            if keep:
                self._kept[number] = sides
            for where, plane in self._planes(pixels, block).items():
                noise = self._noise(where[1])
                for feature, numbers, values in _features(
                    sides[where], plane, self._weights[where], noise, where[1]
                ):
                    found = sums.get((where, feature))
                    if found is None:
                        found = sums[where, feature] = np.zeros(squares.shape)
                    squares.add(found, plane, block, where[1], numbers, values)
        return squares, sums

    def _noise(self, scale: int) -> float:
        if scale < _ROUNDED_FROM:
            return 0.0
        return float(_ROUNDING * (sum(self._pixels.shape[:2]) / 2**scale) ** 0.5)

    def _sides(self, block: tuple[slice, slice], *, keep: bool) -> dict[_Where, _Side]:
        found = self._planes(self._pixels, block)
        return {where: _Side(plane, keep=keep) for where, plane in found.items()}

    def _planes(self, pixels: Pixels, block: tuple[slice, slice]) -> dict[_Where, Tiled]:
        scales = 1 + max(scale for _, scale in self._weights)
        wanted = [[channel for channel, at in self._weights if at == n] for n in range(scales)]
        rows, columns = block
        height, width = pixels.shape[:2]
        edges = planes.Edges(
            top=rows.start == 0,
            bottom=rows.stop >= height,
            left=columns.start == 0,
            right=columns.stop >= width,
        )
        return planes.pyramid(pixels[block], wanted, edges)


def _opinion(features: float) -> float:
    """The weighted features on the scale of human opinions."""
    value = features * 0.9562382616834844
    value = (
        2.326765642916932 * value
        - 0.020884521182843837 * value**2
        + 6.248496625763138e-05 * value**3
    )
    return float(100 - 10 * value**0.6276336467831387) if value > 0 else 100.0


class _Squares:
    """The squares that a picture of `height` x `width` pixels is divided into."""

    def __init__(self, height: int, width: int) -> None:
        self._size = height, width
        rows, columns = (max(1, (side + SQUARE // 2) // SQUARE) for side in (height, width))
        self.shape = rows, columns

    def pixels(self, scale: int) -> _Sums:
        """How many pixels each square has at a scale: rows x columns."""
        down, across = (
            np.bincount(
                np.minimum(np.arange(-(-side >> scale)) // (SQUARE >> scale), last),
                minlength=last + 1,
            )
            for side, last in zip(self._size, self._last, strict=True)
        )
        return np.outer(down, across).astype(np.float64)

    @property
    def _last(self) -> tuple[int, int]:
        return self.shape[0] - 1, self.shape[1] - 1

    def add(
        self,
        sums: _Sums,
        plane: Tiled,
        block: tuple[slice, slice],
        scale: int,
        numbers: Numbers,
        values: Plane,
    ) -> None:
        """Add the `values` of parts of tiles, tiles x parts x parts, to the squares in which they lie.

        `numbers` are the tiles of `plane`, and `block` says which rows and columns of the picture it shows.
        """
        parts, tiles = values.shape[1], max(1, (SQUARE >> scale) // TILE)
        places = []
        for tile, start, last in zip(
            np.divmod(numbers, plane.windows.shape[1]), block, self._last, strict=True
        ):
            first = start.start // SQUARE
            within = (tile[:, None] * parts + np.arange(parts)) // tiles
            places.append(np.minimum(first + within, last))
        down, across = places
        np.add.at(sums, (down[:, :, None], across[:, None, :]), values)


def _features(
    side: _Side, plane: Tiled, weights: dict[_Feature, float], noise: float, scale: int
) -> Iterator[tuple[_Feature, Numbers, Plane]]:
    """The sums of the maps of `plane`, or of their fourth powers, if these have a weight.

    They come for some tiles at a time, with the numbers of these: tiles x parts x parts. Each part of a tile lies
    in one square. `noise` is the rounding of the reference's map, per squared mean.
    """
    kinds = sorted({kind for kind, _ in weights})
    if noise and np.array_equal(side.plane.windows, plane.windows):
        return
    for batch in plane.batches():
        numbers, original, windows = batch, side.plane.take(batch), plane.take(batch)
        if not noise:
            # Every map is 0 if nothing differs. That is so in most tiles of a screenshot.
            differ = _differ(windows, original)
            if not differ.all():
                numbers, original, windows = numbers[differ], original[differ], windows[differ]
                if not len(numbers):
                    continue
        mean = planes.blur(windows)
        original_mean, variance, edges = side.blurred(numbers, original)
        for kind in kinds:
            if kind == _SSIM:
                values = _unlikeness(original_mean, variance, original, windows, mean, noise)
            else:
                values = np.abs(planes.centre(windows) - mean)
                values += 1
                values /= edges
                if kind == _LOST:
                    np.subtract(1, values, out=values)
                else:
                    values -= 1
            # With a plain 0 this takes three times as long.
            np.maximum(values, _zeros()[: len(values)], out=values)
            plane.clear_outside(values, numbers)
            if (kind, _MEAN) in weights:
                yield (kind, _MEAN), numbers, _in_parts(values, scale)
            if (kind, _NORM4) in weights:
                values *= values
                values *= values
                yield (kind, _NORM4), numbers, _in_parts(values, scale)


def _differ(windows: Plane, original: Plane) -> NDArray[np.bool_]:
    """Which of the windows differ."""
    # Nearly all windows of photos differ, and a few of their pixels are enough to tell.
    differ = (windows[:, ::8, ::8] != original[:, ::8, ::8]).any(axis=(1, 2))
    if not differ.all():
        same = np.flatnonzero(~differ)
        differ[same] = (windows[same] != original[same]).any(axis=(1, 2))
    return np.asarray(differ)


def _in_parts(values: Plane, scale: int) -> Plane:
    """The sums of `values`, n x 56 x 56, over parts of tiles that each lie in one square.

    The result is n x parts x parts.
    """
    parts = max(1, TILE // (SQUARE >> scale))
    if parts == 1:
        return np.asarray(values.reshape(len(values), 1, 1, -1).sum(-1))
    side = TILE // parts
    return np.asarray(values.reshape(-1, parts, side, parts, side).sum((2, 4)))


@cache
def _zeros() -> Plane:
    return np.zeros((planes.BATCH, TILE, TILE), np.float32)


@cache
def _normal() -> Plane:
    return np.random.default_rng(0).standard_normal((TILE, TILE), np.float32)


def _unlikeness(
    original_mean: Plane,
    original_variance: Plane,
    original: Plane,
    windows: Plane,
    mean: Plane,
    noise: float,
) -> Plane:
    """1 minus SSIM, without the divisor of its first term, as in libjxl."""
    covariance = planes.blur(windows * original)
    covariance -= mean * original_mean
    covariance *= 2
    covariance += _C2
    variance = planes.blur(windows * windows)
    variance -= mean * mean
    variance += original_variance
    similarity: Plane = original_mean - mean
    similarity *= similarity
    np.subtract(1, similarity, out=similarity)
    similarity *= covariance
    if noise:
        similarity += (noise * _normal()) * (mean * mean)
    similarity /= variance
    return np.subtract(1, similarity, out=similarity)
