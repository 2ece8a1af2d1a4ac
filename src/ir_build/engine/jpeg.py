"""JPEG: a lossless transcode, and re-encoding to the lowest quality that looks the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import mozjpeg_lossless_optimization as mozjpeg
import numpy as np
import pyjpegli
import pyvips
from PIL import Image

from ..candidate import Candidate
from ..errors import CorruptFile
from ..options import Compression, Effort
from . import exif, jpegfile, raster
from .score import Reference
from .search import NEAR, Found, smallest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..options import Options
    from .jpegfile import JpegFile

# A re-encode that saves less than this over the lossless result is not worth its loss.
_WORTH = 0.95
# A re-encode below this share of the source needs no comparison with a lossless result: those
# are hardly ever that small, and the transcoder takes as long as scoring does.
_FAR_SMALLER = 0.5
_LOW, _HIGH = 30, 97
# A resized picture in lossless mode: the loss that nobody sees in a flicker test.
_RESIZED_TARGET = 90.0
# In a larger picture the search begins with a sample of about as many pixels as this.
_LARGE, _SAMPLE = 2_000_000, 500_000
_SQUARE = 192  # pixels, a multiple of the 16 that are coded together
_NEAR_IN_LARGE = 0.8
_PADDED = re.compile(r"\A\S+ Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9\s*\Z")
# Mean of the luminance table at quality 50 (T.81, annex K.1), from which qualities are scaled.
_MEAN_AT_50 = 57.6


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest JPEG that stands for `data`."""
    file = jpegfile.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    _check(data)
    image = raster.decode(data, "JPEG")
    kept, stripped = jpegfile.metadata(file, options.preserve_metas)
    notes = (f"stripped {', '.join(stripped)}",) if stripped else ()
    size = _target_size(file, options)
    if size != image.size and image.mode in ("RGB", "L"):
        return _resized(image, size, kept, notes, options)
    if size != image.size:
        notes = (*notes, f"not resized: {image.mode}")
    smaller = None
    lossy = options.compression_type is Compression.LOSSY and image.mode in ("RGB", "L")
    if lossy and raster.can_be_scored(*image.size):
        found = _encode(image, options.quality, options.effort, _guess(file, options.quality))
        if found is not None:
            smaller = jpegfile.with_segments(_transcode(found.data), kept)
            if len(smaller) < len(data) * _FAR_SMALLER:
                return Candidate(smaller, lossy=True, notes=notes)
    lossless = min(
        jpegfile.with_segments(_transcode(data), kept),
        b"\xff\xd8" + b"".join(_needed(file, kept)) + file.coded,
        key=len,
    )
    if smaller is not None and len(smaller) < len(lossless) * _WORTH:
        return Candidate(smaller, lossy=True, notes=notes)
    return Candidate(lossless, lossy=False, notes=notes)


def _check(data: bytes) -> None:
    """Raise `CorruptFile` for damage in the coded picture.

    Pillow passes over it in silence, and the transcoder ends the process over some of it.
    """
    try:
        pyvips.Image.jpegload_buffer(data, access="sequential", fail_on="warning").avg()
    except pyvips.Error as error:
        # Some cameras pad the coded picture. The check stops at the first warning, so before
        # this one there was no other.
        if not _PADDED.search(error.detail):
            raise CorruptFile("its coded picture is damaged") from error


def _target_size(file: JpegFile, options: Options) -> tuple[int, int]:
    """The size in stored pixels; the box of `resize` is for the picture as it is shown."""
    if options.resize is None:
        return file.width, file.height
    if exif.orientation(file.exif) >= 5:
        height, width = options.resize.fit(file.height, file.width)
        return width, height
    return options.resize.fit(file.width, file.height)


def _resized(
    image: Image.Image,
    size: tuple[int, int],
    kept: list[jpegfile.Segment],
    notes: tuple[str, ...],
    options: Options,
) -> Candidate:
    lossless = options.compression_type is Compression.LOSSLESS
    target = _RESIZED_TARGET if lossless else options.quality
    small = raster.resized(image, size)
    found = _encode(small, target, options.effort, 85)
    coded = found.data if found else _encoder(small)(_HIGH)
    note = f"resized to {size[0]} x {size[1]}"
    data = jpegfile.with_segments(_transcode(coded), kept)
    return Candidate(data, lossy=True, notes=(*notes, note))


def _needed(file: JpegFile, kept: list[jpegfile.Segment]) -> list[bytes]:
    """The file's own segments without metadata, and the ones kept."""
    first = [one for one in file.segments if one.marker == 0xE0 and one.data.startswith(b"JFIF")][
        :1
    ]
    rest = [one for one in file.segments if not 0xE0 <= one.marker <= 0xEF and one.marker != 0xFE]
    adobe = [one for one in file.segments if one.marker == 0xEE and one.data.startswith(b"Adobe")]
    return [one.encode() for one in (*first, *kept, *adobe, *rest)]


def _transcode(data: bytes) -> bytes:
    """The same coefficients, progressive, with the best Huffman tables, without metadata."""
    try:
        return bytes(mozjpeg.optimize(data, copy=mozjpeg.COPY_MARKERS.NONE))
    except (ValueError, OSError, RuntimeError) as error:
        raise CorruptFile(f"cannot be transcoded: {error}") from error


def _guess(file: JpegFile, target: float) -> int:
    """A quality to begin with, from the target and from how coarse the source is already."""
    quality = 60 + target * 0.25
    tables = file.tables()
    if tables:
        mean = float(np.mean(tables[0]))
        scale = 100 * mean / _MEAN_AT_50
        present = 100 - scale / 2 if scale <= 100 else 5000 / scale
        quality = min(quality, present)
    return round(max(_LOW, min(_HIGH, quality)))


def _encode(image: Image.Image, target: float, effort: Effort, guess: int) -> Found | None:
    """The smallest file that reaches `target` against `image`, None if none does."""
    score = _scorer(image)
    near = NEAR
    if image.width * image.height > _LARGE:
        sample = _sample(image)
        found = _search(_encoder(sample), _scorer(sample), target, guess, near)
        guess = found.quality if found else guess
        near = _NEAR_IN_LARGE
    if image.mode == "L":
        return _search(_encoder(image), score, target, guess, near)
    found = _search(_encoder(image), score, target, guess, near)
    if found is not None and effort is not Effort.BEST:
        return found
    # Thin coloured lines may need their colour at full resolution.
    every = [found, _search(_mozjpeg(image, chroma="off"), score, target, guess, near)]
    if effort is Effort.BEST:
        every.append(_search(_mozjpeg(image, chroma="on"), score, target, guess, near))
    reached = [one for one in every if one is not None]
    return min(reached, key=lambda one: len(one.data), default=None)


def _search(
    encode: Callable[[int], bytes],
    score: Callable[[bytes], float],
    target: float,
    guess: int,
    near: float,
) -> Found | None:
    return smallest(encode, score, target, low=_LOW, high=_HIGH, guess=guess, near=near)


def _sample(image: Image.Image) -> Image.Image:
    """Squares from all over the picture, side by side."""
    pixels = np.asarray(image)
    for axis in (0, 1):
        step = _SQUARE * max(1, round((image.width * image.height / _SAMPLE) ** 0.5))
        starts = range(0, max(1, pixels.shape[axis] - _SQUARE + 1), step)
        squares = [
            pixels[at : at + _SQUARE] if axis == 0 else pixels[:, at : at + _SQUARE]
            for at in starts
        ]
        pixels = np.concatenate(squares, axis)
    return Image.fromarray(pixels)


def _scorer(image: Image.Image) -> Callable[[bytes], float]:
    reference = Reference(raster.pixels(image))
    return lambda data: reference.score(raster.pixels(raster.decode(data, "JPEG")))


def _encoder(image: Image.Image) -> Callable[[int], bytes]:
    """The encoder that most pictures come out smallest from; it takes a quality."""
    if image.mode == "L":
        return _mozjpeg(image, chroma="off")
    pixels = raster.pixels(image).tobytes()
    return lambda quality: bytes(pyjpegli.encode(pixels, image.width, image.height, quality))


def _mozjpeg(image: Image.Image, *, chroma: str) -> Callable[[int], bytes]:
    """`chroma`: whether colour is stored at half the resolution, "on" or "off"."""
    bands = len(image.getbands())
    raw = pyvips.Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
    picture = raw.copy(interpretation="srgb" if bands == 3 else "b-w")
    return lambda quality: bytes(
        picture.jpegsave_buffer(
            Q=quality, subsample_mode=chroma, optimize_coding=True, interlace=True,
            trellis_quant=True, overshoot_deringing=True, optimize_scans=True, quant_table=3,
            keep="none",
        )
    )  # fmt: skip
