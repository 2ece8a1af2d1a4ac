"""Re-encoding a picture as JPEG at the lowest quality at which nobody sees a difference.

Coefficients are rounded by jpegli's tables, which need the fewest bytes at an equal score. Fine detail of
colour is rounded more coarsely than by these tables. So colour at full resolution takes nearly as few bytes
as colour at half of it. Half the resolution is for pictures that have no more, and for pictures that lose no
colour by it.

The numbers below were fitted on JPEG files of documentation sites.
`python benchmarks FOLDER --sweep jpeg.lossy:NAME VALUE` tries others. Some comments say what others come to.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import mozjpeg_lossless_optimization as mozjpeg
import numpy as np
import pyjpegli
from PIL import Image

from ...errors import CorruptFile
from ...options import Effort
from ...quality import Reference
from ...quality.coloured import ColouredPlaces
from ...quality.ssimulacra2 import of_both
from ..shared import colour_profile, raster
from ..shared.sample import sample
from ..shared.search import NEAR, USUAL_RISE, Found, Search
from . import file as jpeg_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...quality import Pixels
    from ...quality.coloured import Moved
    from .file import JpegFile


# The highest quality that is tried. A search hardly ever needs it: 90 made the same files of 40 JPEG files.
HIGHEST = 97
# The lowest quality is the target less the first number, and never less than the second. At lower qualities
# bands appear in skies, which the score hardly notices. (On 30 files 30 came to 0.8 % more bytes, and 60 to
# 0.1 % fewer: `--sweep jpeg.lossy:_BELOW_TARGET 30 60`. On 12 files 10 and 30 for `_LOWEST` came to the same
# bytes.)
_BELOW_TARGET, _LOWEST = 45, 20
# Factors for jpegli's table for colour: for the lowest frequencies, and for the highest. If places lose their
# colour by the first pair, the next one is tried. At half the resolution the lowest frequencies are rounded
# less, because they move the mean of 8 x 8 pixels. The benchmark's steps "finer colour at half size" and
# "coarser colour at full size" say what the factors save: `python benchmarks FOLDER --worth`.
_HALF = ((0.4, 1.0), (0.2, 0.6))
_FULL = ((1.0, 5.0), (1.0, 3.0), (0.7, 2.0), (0.4, 1.0))
# A coefficient counts among the highest if its two frequencies add up to this or more.
# (On 40 files 3 came to 0.6 % more bytes, and 10 to 1 % fewer: `--sweep jpeg.lossy:_FINE 3 10`.)
_FINE = 6
#: How far over the target a score may end, by effort: for pictures up to `_LARGER` pixels, and for larger ones.
#: An encode of a megapixel takes some 0.1 CPU seconds with its score, and half a point of the score is some 1 %
#: of the bytes. docs/effort.md draws what the efforts come to: `python benchmarks FOLDER --curve effort.svg`.
#: (On 12 files 500,000 for `_LARGER` came to 0.05 % more bytes in 5 % less CPU.)
_NEAR = {Effort.FAST: (2.5, 2.5), Effort.DEFAULT: (NEAR, 1.0), Effort.BEST: (0.0, 0.0)}
_LARGER = 1_500_000
# The quality at which colours are looked at while nothing is known about a picture. It is a high one, because
# the colour that half the resolution loses is lost at any quality. (On 12 files 80 and 95 came to the same
# bytes: `--sweep jpeg.lossy:_FINE_QUALITY 80 95`.)
_FINE_QUALITY = 90
# When a file nearer to the target moves a colour, one that scores less than this over the target is near
# enough. It is twice `NEAR`. (On 40 files 0 came to the same bytes, and 2.4 to 0.3 % more.)
_HARDLY_MORE = 1.2
# The search begins with a sample when a picture has more than `_LARGE` pixels. The sample has about a tenth of
# the pixels, but no fewer and no more than the two numbers of `_SAMPLE`.
# (On 40 files 100,000 for `_LARGE` came to 0.1 % fewer bytes in 4 % more CPU, and 1,000,000 to 0.1 % more bytes.
# On 12 others a fifth came to 1 % fewer bytes in 5 % more CPU, a twentieth to 0.1 % fewer:
# `--sweep jpeg.lossy:_SAMPLE_SHARE 5 20`. Half and twice the numbers of `_SAMPLE` came to the same bytes there.)
_LARGE, _SAMPLE, _SAMPLE_SHARE = 350_000, (100_000, 400_000), 10
# A sample scores higher than its picture by about `_SAMPLE_BIAS`, because the edges between its squares hide
# some of the loss. (0.9 came to 0.8 % fewer bytes of 50 files, and to 2.4 % more of 60 others.) The scores of a
# sample rise with a step of quality by the numbers of `_SAMPLE_RISES`, at least and at most: the rise between
# two scores that are near each other is often wrong. (On 30 files (0.2, 0.8) came to the same bytes, and
# (0.5, 2.0) to 0.3 % more: `--sweep jpeg.lossy:_SAMPLE_RISES "(0.2, 0.8)"`.)
_SAMPLE_BIAS, _SAMPLE_RISES = 1.8, (0.3, 1.2)
# The first guess of the quality is a + b * the source's quality + c * log(the source's bytes per pixel). a, b
# and c depend on the target. They are the least squares over the searches on 47 JPEG files of documentation
# sites. The guess was off by 7.8, 5.5, 2.9 and 2 on average. A guess of 80 for all took a fifth more CPU for 40
# small files: the benchmark's step "a guess of the quality" measures it (`--worth`).
_GUESSES = {
    70.0: (40.5, 0.03, 9.5),
    80.0: (56.0, 0.22, 8.1),
    85.0: (22.2, 0.67, 4.2),
    90.0: (50.0, 0.43, 2.0),
}
# The quality that is assumed for a source without tables: the default of libjpeg.
_USUAL = 75.0
# Pixels along a side of what is coded together at half the resolution of colour (T.81, A.2), and of what is
# transformed at once (A.3.3).
_MCU = 16
_BLOCK = 8
# The place of each coefficient in rows, in the order of the coefficients in a file (T.81, figure A.6).
_ZIGZAG = sorted(
    range(_BLOCK**2),
    key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8),
)
# How much the logarithm of a file's size rises, at least, when its score rises by 1, and how much it falls, at
# most, when its score falls by 1. So it was for 95 % of 52 JPEG files. (For nine tenths of 32 others: 0.019 and
# 0.093.) `_TRANSCODING` is the share that lossless transcoding leaves of a file, at least. (0.86 on the 32.)
# `--sweep jpeg.lossy:_MOST_SHRINKING 0.2` says what is given up too early.
_LEAST_GROWTH, _MOST_SHRINKING = 0.02, 0.11
_TRANSCODING = 0.85


@dataclass(frozen=True, slots=True)
class Aim:
    """What a re-encoded picture must reach."""

    target: float  #: SSIMULACRA2 score against the original, up to 100
    limit: float  #: bytes: a file that has so many or more is not worth its loss
    effort: Effort
    #: the ICC profile that the picture is shown with; empty for sRGB
    profile: bytes = b""


def lowest(target: float) -> int:
    """The lowest quality that is tried for a score of `target`."""
    return max(_LOWEST, round(target) - _BELOW_TARGET)


def guess(file: JpegFile, target: float) -> int:
    """The quality to begin with, 20 to 97: a guess by the quality of the source and by its bytes per pixel."""
    present = _USUAL if file.quality is None else file.quality
    density = math.log(len(file.coded) / (file.width * file.height))
    at = [a + b * present + c * density for a, b, c in _GUESSES.values()]
    return round(float(np.clip(np.interp(target, list(_GUESSES), at), _LOWEST, HIGHEST)))


def encode(image: Image.Image, aim: Aim, first: int, *, halved: bool = False) -> bytes | None:
    """The smallest JPEG file that reaches the aim for `image`, RGB or L; None if there is none.

    `first` is the quality to begin with, 0 to 100. `halved` says that the colours of `image` have half
    the resolution already. The file is coded quickly: transcode it before you compare its size.
    """
    coders = _coders(image, halved=halved)
    half = None if halved or image.mode == "L" else coders[0]
    if image.width * image.height <= _LARGE:
        plan = _Plan(coders, half, first)
    else:
        plan = _Plan(
            coders, half, *_Original(_sample(image), aim).guess(coders[0], first), known=True
        )
    return _smallest(_Original(image, aim), plan, aim.target)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The ways to code a picture, and the quality to begin with."""

    coders: list[Coder]
    half: Coder | None  #: the one that halves the resolution of colours
    first: int  #: the quality to begin with, 0 to 100
    rise: float = USUAL_RISE  #: how much scores rise with a step of quality
    known: bool = False  #: whether `first` is about the quality that the picture needs


def _smallest(original: _Original, plan: _Plan, target: float) -> bytes | None:
    """The smallest file of the coders, up to the first coder with which every place keeps its colour."""
    first = plan.first
    files: list[bytes] = []
    for coder in plan.coders:
        # A look at colours takes less time than a score. It pays when the quality is about known. It pays
        # for half the resolution, too, which loses colours at any quality.
        if (plan.known and coder is not plan.coders[-1]) or coder is plan.half:
            look_at = first if plan.known else _FINE_QUALITY
            if original.moves_a_colour(coder, look_at):
                continue
        tried = original.search(coder, first, plan.rise)
        files += [tried.found.data] if tried.found else []
        if not tried.moved and (tried.found or coder is not plan.half):
            break
        if tried.found and tried.found.score < target + _HARDLY_MORE:
            break
        first = tried.quality
    return min(files, key=len, default=None)


@dataclass(frozen=True, slots=True)
class _Tried:
    """The result of a search with one coder."""

    #: the smallest file that scores enough and keeps the colour of every place
    found: Found | None
    quality: int  #: the one to begin with for the next coder
    #: whether a smaller file scores enough, but with another colour at a place
    moved: bool = False


class _ColourMovedError(Exception):
    """A file scores enough, but a place has another colour."""


def transcode(data: bytes) -> bytes:
    """The JPEG `data` with the best scans and Huffman tables, without metadata.

    Its coefficients stay. Raises `CorruptFile`.
    """
    try:
        return bytes(mozjpeg.optimize(data, copy=mozjpeg.COPY_MARKERS.NONE))
    except (ValueError, OSError, RuntimeError) as error:
        raise CorruptFile(f"cannot be transcoded: {error}") from error


def at_quality(image: Image.Image, quality: int = HIGHEST) -> bytes:
    """`image`, RGB or L, as a JPEG file at a quality of 0 to 100, with colour at full resolution."""
    return Coder(image, "4:4:4", _FULL[0])(quality)


@dataclass(frozen=True, slots=True)
class Coder:
    """Codes a picture with colour at one resolution."""

    image: Image.Image  #: RGB or L
    subsampling: str  #: as Pillow names it
    #: factors for jpegli's table for colour: for the lowest frequencies and for the highest
    coarser: tuple[float, float]
    progressive: bool = False  #: smaller files, for those that are not transcoded afterwards

    def of(self, image: Image.Image) -> Coder:
        """The same for another picture."""
        return replace(self, image=image)

    def __call__(self, quality: int) -> bytes:
        """The picture as a JPEG file at a quality of 0 to 100, as jpegli understands it."""
        luma, chroma = _tables(quality)
        colour = np.clip(np.round(chroma * _ramp(*self.coarser)), 1, 255)
        tables = [luma, colour] if self.image.mode == "RGB" else [luma]
        buffer = io.BytesIO()
        self.image.save(
            buffer,
            "JPEG",
            qtables=[[int(step) for step in table] for table in tables],
            subsampling=self.subsampling,
            optimize=True,
            progressive=self.progressive,
        )
        return buffer.getvalue()


@cache
def _tables(quality: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The tables for luminance and for colour that jpegli uses: 64 divisors each, row by row."""
    coded = bytes(pyjpegli.encode(bytes(3 * _BLOCK**2), _BLOCK, _BLOCK, quality))
    luma, chroma = (np.zeros(_BLOCK**2) for _ in range(2))
    luma[_ZIGZAG], chroma[_ZIGZAG] = jpeg_file.parse(coded).tables()[:2]
    return luma, chroma


def _ramp(low: float, high: float) -> NDArray[np.float64]:
    """The factors for the 64 coefficients, row by row: from `low` to `high` with the frequency."""
    fineness = np.add.outer(np.arange(_BLOCK), np.arange(_BLOCK)).ravel() / _FINE
    return np.asarray(low + (high - low) * np.minimum(fineness, 1))


def _coders(image: Image.Image, *, halved: bool) -> list[Coder]:
    """The ways to code a picture. The one that likely takes the fewest bytes is the first."""
    if image.mode == "L":
        return [Coder(image, "4:4:4", _FULL[0])]
    # A colour that half the resolution loses is lost at any quality. So one way at half of it is enough.
    half = _HALF if halved else _HALF[:1]
    ways = [("4:2:0", coarser) for coarser in half] + [("4:4:4", coarser) for coarser in _FULL]
    return [Coder(image, *way) for way in ways]


@dataclass(frozen=True, slots=True)
class _Coded:
    """What a coder made of a picture, and its pixels."""

    coder: Coder | None
    quality: int
    data: bytes
    pixels: Pixels


class _Original:
    """The picture that is coded. Files are compared with it."""

    def __init__(self, image: Image.Image, aim: Aim) -> None:
        self.image = image
        self._aim = aim
        self._near = _NEAR[aim.effort][image.width * image.height > _LARGER]
        self._low = lowest(aim.target)
        self._pixels = self._shown(image)
        self._last = _Coded(None, 0, b"", self._pixels)
        self._reference = Reference(self._pixels)
        self._colours = ColouredPlaces(self._pixels, aim.target) if image.mode == "RGB" else None
        # The part where a colour moved last. If it moves there again, the whole need not be coded.
        self._place: _Original | None = None

    def search(self, coder: Coder, first: int, rise: float) -> _Tried:
        """Look for the smallest file that scores enough. The search begins at the quality `first`.

        Scores rise by about `rise` with a step of quality.
        """
        aim = self._aim

        def score(_: bytes) -> float:
            decoded = self._last.pixels
            reached = of_both(*self._reference.scores(decoded))
            if reached >= aim.target and self._colours:
                if self._colours.damage(decoded):
                    raise _ColourMovedError
                held.append(Found(self._last.data, tried[-1], reached))
            return reached

        def encode(quality: int) -> bytes:
            tried.append(quality)
            return self._code(coder, quality)

        tried: list[int] = []
        held: list[Found] = []
        try:
            found = Search(
                encode, score, aim.target, low=self._low, high=HIGHEST, guess=first, rise=rise,
                hopeless=lambda data, reached: _hopeless(len(data), aim.target - reached, aim.limit),
            ).within(self._near)  # fmt: skip
        except _ColourMovedError:
            return _Tried(held[-1] if held else None, tried[-1], moved=True)
        return _Tried(found, first)

    def guess(self, coder: Coder, first: int) -> tuple[int, float]:
        """The quality at which a sample scores enough, and how much scores rise with a step of quality.

        This takes two encodes and two scores. The first is at the quality `first`.
        """
        coder = coder.of(self.image)
        missing = self._missing(coder(first))
        step = max(4, abs(missing / USUAL_RISE)) * (1 if missing > 0 else -1)
        second = min(max(round(first + step), self._low), HIGHEST)
        left = self._missing(coder(second))
        rise = (missing - left) / (second - first) if second != first else USUAL_RISE
        rise = min(max(rise, _SAMPLE_RISES[0]), _SAMPLE_RISES[1])
        quality = min(max(round(second + left / rise), self._low), HIGHEST)
        return quality, rise

    def _missing(self, data: bytes) -> float:
        """By how much a file of the sample misses the target score."""
        score = self._reference.score(self._decoded(data)) - _SAMPLE_BIAS
        return self._aim.target - score

    def moves_a_colour(self, coder: Coder, quality: int) -> bool:
        """Whether a place gets another colour at this quality."""
        if not self._colours:
            return False
        place = self._place
        if place and place.moves_a_colour(coder.of(place.image), quality):
            return True
        self._code(coder, quality)
        moved = self._colours.moved(self._last.pixels)
        if moved:
            self._place = _Original(self._around(moved), self._aim)
        return moved is not None

    def _around(self, moved: Moved) -> Image.Image:
        """The part of the picture around a moved colour. Its borders let it be coded as in the whole."""
        left, top = (max(0, at // _MCU - 2) * _MCU for at in (moved.x, moved.y))
        right, bottom = (at + 4 * _MCU for at in (moved.x, moved.y))
        size = self.image.size
        return self.image.crop((left, top, min(right, size[0]), min(bottom, size[1])))

    def _code(self, coder: Coder, quality: int) -> bytes:
        """The picture as a file at a quality. The file is kept with its pixels until the next one."""
        if self._last.coder is not coder or self._last.quality != quality:
            data = coder(quality)
            self._last = _Coded(coder, quality, data, self._decoded(data))
        return self._last.data

    def _decoded(self, data: bytes) -> Pixels:
        return self._shown(raster.decode(data, "JPEG"))

    def _shown(self, image: Image.Image) -> Pixels:
        return colour_profile.shown(image, self._aim.profile)


def _hopeless(size: int, missing: float, limit: float) -> bool:
    """Whether no file below `limit` bytes can be hoped for.

    `size` is the number of bytes of a file that was tried. Its score misses the target by `missing`.
    """
    change = _LEAST_GROWTH if missing > 0 else _MOST_SHRINKING
    return size * _TRANSCODING * math.exp(missing * change) > limit


def _sample(image: Image.Image) -> Image.Image:
    """Squares from all over the picture, side by side."""
    share = image.width * image.height // _SAMPLE_SHARE
    return Image.fromarray(sample(np.asarray(image), max(_SAMPLE[0], min(share, _SAMPLE[1]))))
