"""Re-encoding a picture as JPEG at the lowest quality at which nobody can tell, anywhere in it.

Coefficients are rounded by jpegli's tables, which need the fewest bytes at an equal score, colour more
coarsely the finer its detail. That makes colour at full resolution nearly as small as at half of it, so
half is for pictures that have no more, or that lose no colour by it.
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
from ..shared.search import NEAR, USUAL_RISE, Found, smallest
from . import file as jpeg_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...quality import Pixels
    from ...quality.coloured import Moved
    from .file import JpegFile


_HIGH = 97
# Below the target less this bands appear in skies, which the score hardly notices, and next to
# nothing is saved.
_BELOW_TARGET, _LOWEST = 45, 20
# What jpegli's table for colour is multiplied by, for the lowest frequencies and the highest; where places
# lose their colour by the first, the next is tried. Of colour at half the resolution the lowest are
# finer, since they are what moves the mean of 8 x 8 pixels.
_HALF = ((0.4, 1.0), (0.2, 0.6))
_FULL = ((1.0, 5.0), (1.0, 3.0), (0.7, 2.0), (0.4, 1.0))
# From the sum of a coefficient's two frequencies on it counts among the highest.
_FINE = 6
#: by effort, how far over the target a score may end, of pictures up to so many pixels and of larger ones
_NEAR = {Effort.FAST: (2.5, 2.5), Effort.DEFAULT: (NEAR, 1.0), Effort.BEST: (0.0, 0.0)}
_LARGER = 1_500_000
_FINE_QUALITY = 90
# A file that scores so much over the target is near enough where a nearer one moves a colour.
_HARDLY_MORE = 1.2
# In a larger picture the search begins with a sample of a tenth of its pixels, or so many.
_LARGE, _SAMPLE, _SAMPLE_SHARE = 350_000, (100_000, 400_000), 10
_SQUARE = 96  # pixels, a multiple of the 16 that are coded together
# A sample, in which edges between its squares hide some of the loss, scores higher by about this; how
# much its scores may rise with a step of quality; what bytes do while it rises by 1, in the logarithm; and
# by how much jpegli has to be the smaller, whose scores rise by at least so much.
_SAMPLE_BIAS, _SAMPLE_RISES, _GROWTH = 1.8, (0.3, 1.2), 0.025
_MUCH, _JPEGLI_RISE = 0.03, 0.8
# A first guess of the quality: a + b * the source's quality + c * log(its bytes per pixel), by
# target. Least squares over the searches on 47 JPEGs of documentation sites, in which it was off
# by 7.8, 5.5, 2.9 and 2 on average.
_GUESSES = {
    70.0: (40.5, 0.03, 9.5),
    80.0: (56.0, 0.22, 8.1),
    85.0: (22.2, 0.67, 4.2),
    90.0: (50.0, 0.43, 2.0),
}
_MCU = 16  # pixels along a side of what is coded together
_BLOCK = 8  # pixels along a side of what is transformed at once
# The places, row by row, of the coefficients in the order in which a file has them (T.81, figure 5).
_ZIGZAG = sorted(
    range(_BLOCK**2),
    key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8),
)
# Mean of the luminance table at quality 50 (T.81, annex K.1), from which qualities are scaled.
_MEAN_AT_50 = 57.6
# What bytes do while a score changes by 1, in the logarithm: at least when it has to rise, at most
# when it may fall (95 % of 52 pictures); and what lossless transcoding leaves of a file.
_LEAST_GROWTH, _MOST_SHRINKING = 0.02, 0.11
_TRANSCODING = 0.85


@dataclass(frozen=True, slots=True)
class Aim:
    """What a re-encoded picture must reach."""

    target: float  #: score against the original
    limit: float  #: bytes, from which on it is not worth its loss
    effort: Effort
    #: the profile that the picture is shown with, empty when that is sRGB
    profile: bytes = b""


def guess(file: JpegFile, target: float) -> int:
    """A quality to begin with, from how coarse the source is and how many bytes it takes."""
    tables = file.tables()
    scale = 100 * float(np.mean(tables[0])) / _MEAN_AT_50 if tables else 50.0
    present = 100 - scale / 2 if scale <= 100 else 5000 / scale
    density = math.log(len(file.coded) / (file.width * file.height))
    at = [a + b * present + c * density for a, b, c in _GUESSES.values()]
    return round(float(np.clip(np.interp(target, list(_GUESSES), at), _LOWEST, _HIGH)))


def encode(image: Image.Image, aim: Aim, first: int, *, halved: bool = False) -> bytes | None:
    """The smallest file that reaches the aim for `image`, RGB or L; None where there is none.

    `first` is the quality to begin with; `halved` says that its colours have half the resolution as
    it is. The file is coded for speed: compare it transcoded.
    """
    coders = _coders(image, halved=halved)
    half = None if halved or image.mode == "L" else coders[0]
    if image.width * image.height <= _LARGE:
        plan = _Plan([*coders], half, first)
    else:
        sample = _Original(_sample(image), aim)
        guess = sample.guess(coders[0], first)
        by_jpegli = sample.jpegli(image, guess) if image.mode == "RGB" else []
        plan = _Plan([*by_jpegli, *coders], half, guess.quality, guess.rise, known=True)
    return _smallest(_Original(image, aim), plan, aim.target)


@dataclass(frozen=True, slots=True)
class _Plan:
    """In which ways a picture is coded, and from which quality on."""

    coders: list[_Coding]
    half: Coder | None  #: the one of them that loses half the resolution of colours
    first: int  #: quality
    rise: float = USUAL_RISE  #: of scores, with a step of quality
    known: bool = False  #: whether the quality is about what the picture needs


def _smallest(original: _Original, plan: _Plan, target: float) -> bytes | None:
    """The smallest file by the first coder with which all holds, or by one before."""
    first = plan.first
    files: list[bytes] = []
    for coder in plan.coders:
        # To look at colours takes less than a score, where the quality is about known already; what half
        # the resolution loses is lost at any.
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
    """What came of a coder."""

    #: the smallest file that scores enough and in which every place keeps its colour
    found: Found | None
    quality: int  #: to begin with for the next coder
    #: whether a smaller one scores enough, but not every place keeps its colour
    moved: bool = False


class _ColourMovedError(Exception):
    """A file scores enough, but not every place keeps its colour."""


def transcode(data: bytes) -> bytes:
    """The same coefficients with the best scans and Huffman tables, without metadata."""
    try:
        return bytes(mozjpeg.optimize(data, copy=mozjpeg.COPY_MARKERS.NONE))
    except (ValueError, OSError, RuntimeError) as error:
        raise CorruptFile(f"cannot be transcoded: {error}") from error


def at_quality(image: Image.Image, quality: int = _HIGH) -> bytes:
    """`image`, RGB or L, at a quality."""
    return Coder(image, "4:4:4", _FULL[0])(quality)


@dataclass(frozen=True, slots=True)
class Coder:
    """Codes a picture with colour at one resolution."""

    image: Image.Image  #: RGB or L
    subsampling: str  #: as Pillow names it
    coarser: tuple[float, float]  #: than jpegli's table for colour, from low to high frequencies
    progressive: bool = False  #: smaller than otherwise, for what is not transcoded afterwards

    def of(self, image: Image.Image) -> Coder:
        """The same for another picture."""
        return replace(self, image=image)

    def __call__(self, quality: int) -> bytes:
        """The picture at a quality of 0 to 100, by jpegli's measure."""
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


@dataclass(frozen=True, slots=True)
class _Jpegli:
    """jpegli, which rounds more coarsely where less is seen: some pictures are smaller by it."""

    image: Image.Image  #: RGB
    more: int = 0  #: how much higher its quality is than what is asked for

    def __call__(self, quality: int) -> bytes:
        """The picture at a quality of 0 to 100."""
        pixels = np.ascontiguousarray(raster.pixels(self.image))
        size = self.image.width, self.image.height
        return bytes(pyjpegli.encode(pixels, *size, min(max(quality + self.more, 1), 100)))


_Coding = Coder | _Jpegli


@cache
def _tables(quality: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The steps that jpegli divides coefficients by, row by row: of luminance and of colour."""
    coded = bytes(pyjpegli.encode(bytes(3 * _BLOCK**2), _BLOCK, _BLOCK, quality))
    luma, chroma = (np.zeros(_BLOCK**2) for _ in range(2))
    luma[_ZIGZAG], chroma[_ZIGZAG] = jpeg_file.parse(coded).tables()[:2]
    return luma, chroma


def _ramp(low: float, high: float) -> NDArray[np.float64]:
    """Factors from `low` to `high` for the coefficients, row by row."""
    fineness = np.add.outer(np.arange(_BLOCK), np.arange(_BLOCK)).ravel() / _FINE
    return np.asarray(low + (high - low) * np.minimum(fineness, 1))


def _coders(image: Image.Image, *, halved: bool) -> list[Coder]:
    """The ways to code a picture, from the one with the fewest bytes on."""
    if image.mode == "L":
        return [Coder(image, "4:4:4", _FULL[0])]
    # What loses a colour by half the resolution does so however fine it is coded.
    half = _HALF if halved else _HALF[:1]
    ways = [("4:2:0", coarser) for coarser in half] + [("4:4:4", coarser) for coarser in _FULL]
    return [Coder(image, *way) for way in ways]


@dataclass(frozen=True, slots=True)
class _Guess:
    """What a sample tells of the quality that a picture needs."""

    quality: int
    rise: float  #: of its scores, with a step of quality
    tried: int  #: a quality near it
    data: bytes  #: the sample at that
    missing: float  #: what it then misses of the target


@dataclass(frozen=True, slots=True)
class _Coded:
    """What a coder made of a picture, and its pixels."""

    coder: _Coding | None
    quality: int
    data: bytes
    pixels: Pixels


class _Original:
    """The picture that is coded, and how others compare with it."""

    def __init__(self, image: Image.Image, aim: Aim) -> None:
        self.image = image
        self._aim = aim
        self._near = _NEAR[aim.effort][image.width * image.height > _LARGER]
        self._low = max(_LOWEST, round(aim.target) - _BELOW_TARGET)
        self._pixels = self._shown(image)
        self._last = _Coded(None, 0, b"", self._pixels)
        self._reference = Reference(self._pixels)
        self._colours = ColouredPlaces(self._pixels, aim.target) if image.mode == "RGB" else None
        # Where a colour moved last: what moves it there again need not be coded as a whole.
        self._place: _Original | None = None

    def search(self, coder: _Coding, first: int, rise: float) -> _Tried:
        """Look for the smallest file that scores enough, from the quality `first` on.

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
            found = smallest(
                encode, score, aim.target,
                low=self._low, high=_HIGH, guess=first, near=self._near, rise=rise,
                hopeless=lambda data, reached: _hopeless(len(data), aim.target - reached, aim.limit),
            )  # fmt: skip
        except _ColourMovedError:
            return _Tried(held[-1] if held else None, tried[-1], moved=True)
        return _Tried(found, first)

    def guess(self, coder: Coder, first: int) -> _Guess:
        """The quality at which a sample scores enough, by two scores from `first` on."""
        coder = coder.of(self.image)
        missing = self._missing(coder(first))
        step = max(4, abs(missing / USUAL_RISE)) * (1 if missing > 0 else -1)
        second = min(max(round(first + step), self._low), _HIGH)
        data = coder(second)
        left = self._missing(data)
        rise = (missing - left) / (second - first) if second != first else USUAL_RISE
        rise = min(max(rise, _SAMPLE_RISES[0]), _SAMPLE_RISES[1])
        quality = min(max(round(second + left / rise), self._low), _HIGH)
        return _Guess(quality, rise, second, data, left)

    def jpegli(self, image: Image.Image, guess: _Guess) -> list[_Jpegli]:
        """How jpegli codes `image`, where its sample is smaller by it.

        To tell takes two scores, too many for `fast`.
        """
        if self._aim.effort is Effort.FAST:
            return []
        theirs = _Jpegli(self.image)
        more = 0
        for _ in range(2):
            data = theirs(guess.tried + more)
            left = self._missing(data) - guess.missing
            more += round(left / _JPEGLI_RISE)
        cost = math.log(len(transcode(data)) / len(transcode(guess.data))) + left * _GROWTH
        return [_Jpegli(image, more)] if cost < -_MUCH else []

    def _missing(self, data: bytes) -> float:
        """What a file of the sample misses of the target."""
        score = self._reference.score(self._decoded(data)) - _SAMPLE_BIAS
        return self._aim.target - score

    def moves_a_colour(self, coder: _Coding, quality: int) -> bool:
        """Whether a place has another colour at a quality."""
        if not self._colours:
            return False
        place = self._place
        if (
            place
            and isinstance(coder, Coder)
            and place.moves_a_colour(coder.of(place.image), quality)
        ):
            return True
        self._code(coder, quality)
        moved = self._colours.moved(self._last.pixels)
        if moved:
            self._place = _Original(self._around(moved), self._aim)
        return moved is not None

    def _around(self, moved: Moved) -> Image.Image:
        """A part of the picture that is coded like the whole."""
        left, top = (max(0, at // _MCU - 2) * _MCU for at in (moved.x, moved.y))
        right, bottom = (at + 4 * _MCU for at in (moved.x, moved.y))
        size = self.image.size
        return self.image.crop((left, top, min(right, size[0]), min(bottom, size[1])))

    def _code(self, coder: _Coding, quality: int) -> bytes:
        """The picture at a quality, which is kept with its pixels until the next."""
        if self._last.coder is not coder or self._last.quality != quality:
            data = coder(quality)
            self._last = _Coded(coder, quality, data, self._decoded(data))
        return self._last.data

    def _decoded(self, data: bytes) -> Pixels:
        return self._shown(raster.decode(data, "JPEG"))

    def _shown(self, image: Image.Image) -> Pixels:
        profile = self._aim.profile
        seen = colour_profile.to_srgb(image, profile) if profile else None
        return raster.pixels(seen or image)


def _hopeless(size: int, missing: float, limit: float) -> bool:
    """Whether a file of `size`, whose score misses the target by so much, tells to give up."""
    change = _LEAST_GROWTH if missing > 0 else _MOST_SHRINKING
    return size * _TRANSCODING * math.exp(missing * change) > limit


def _sample(image: Image.Image) -> Image.Image:
    """Squares from all over the picture, side by side."""
    pixels = np.asarray(image)
    rows, columns = (range(0, side - _SQUARE + 1, _SQUARE) for side in pixels.shape[:2])
    wanted = max(_SAMPLE[0], min(image.width * image.height // _SAMPLE_SHARE, _SAMPLE[1]))
    every = max(1, image.width * image.height // wanted)
    squares = [
        pixels[y : y + _SQUARE, x : x + _SQUARE]
        for row, y in enumerate(rows)
        for column, x in enumerate(columns)
        # Two columns on in each row, so that they are not all in a few.
        if (2 * row + column) % every == 0
    ]
    across = math.isqrt(len(squares))
    lines = [np.hstack(squares[at : at + across]) for at in range(0, len(squares), across)]
    return Image.fromarray(np.vstack([line for line in lines if line.shape == lines[0].shape]))
