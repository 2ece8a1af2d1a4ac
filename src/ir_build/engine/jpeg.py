"""JPEG: a lossless transcode, and re-encoding to the lowest quality that looks the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mozjpeg_lossless_optimization as mozjpeg
import numpy as np
import pyjpegli
import pyvips

from ..candidate import Candidate
from ..errors import CorruptFile
from ..options import Compression, Effort
from . import exif, jpegfile, raster
from .score import Reference
from .search import Found, smallest

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from ..options import Options
    from .jpegfile import JpegFile
    from .score import Pixels

# A re-encode that saves less than this over the lossless result is not worth its loss.
_WORTH = 0.95
_LOW, _HIGH = 30, 97
# A resized picture in lossless mode: the loss that nobody sees in a flicker test.
_RESIZED_TARGET = 90.0
# Mean of the luminance table at quality 50 (T.81, annex K.1), from which qualities are scaled.
_MEAN_AT_50 = 57.6


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest JPEG that stands for `data`."""
    file = jpegfile.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    # Decoded strictly once: the transcoder would repair what is broken in silence.
    image = raster.decode(data, "JPEG")
    kept, stripped = jpegfile.metadata(file, options.preserve_metas)
    notes = (f"stripped {', '.join(stripped)}",) if stripped else ()
    size = _target_size(file, options)
    if size != image.size and image.mode in ("RGB", "L"):
        return _resized(image, size, kept, notes, options)
    if size != image.size:
        notes = (*notes, f"not resized: {image.mode}")
    lossless = min(
        jpegfile.with_segments(_transcode(data), kept),
        b"\xff\xd8" + b"".join(_needed(file, kept)) + file.coded,
        key=len,
    )
    lossy = options.compression_type is Compression.LOSSY and image.mode in ("RGB", "L")
    if lossy and raster.can_be_scored(*image.size):
        found = _encode(image, options.quality, options.effort, _guess(file, options.quality))
        if found is not None:
            smaller = jpegfile.with_segments(_transcode(found.data), kept)
            if len(smaller) < len(lossless) * _WORTH:
                return Candidate(smaller, lossy=True, notes=notes)
    return Candidate(lossless, lossy=False, notes=notes)


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
    coded = found.data if found else _jpegli(raster.pixels(small), _HIGH)
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
    pixels = raster.pixels(image)
    reference = Reference(pixels)

    def score(data: bytes) -> float:
        return reference.score(raster.pixels(raster.decode(data, "JPEG")))

    def search(encode: Callable[[Pixels, int], bytes], start: int) -> Found | None:
        return smallest(
            lambda quality: encode(pixels, quality),
            score,
            target,
            low=_LOW,
            high=_HIGH,
            guess=start,
        )

    if image.mode == "L":
        grey = np.asarray(image)[..., None]
        return smallest(
            lambda quality: _mozjpeg(grey, quality, chroma="off"),
            score, target, low=_LOW, high=_HIGH, guess=guess,
        )  # fmt: skip
    found = [search(_jpegli, guess)]
    if found[0] is None or effort is Effort.BEST:
        # Thin coloured lines may need their colour at full resolution.
        found.append(search(lambda these, quality: _mozjpeg(these, quality, chroma="off"), guess))
    if effort is Effort.BEST:
        found.append(search(lambda these, quality: _mozjpeg(these, quality, chroma="on"), guess))
    reached = [one for one in found if one is not None]
    return min(reached, key=lambda one: len(one.data), default=None)


def _jpegli(pixels: Pixels, quality: int) -> bytes:
    height, width = pixels.shape[:2]
    return bytes(pyjpegli.encode(pixels.tobytes(), width, height, quality))


def _mozjpeg(pixels: Pixels, quality: int, *, chroma: str) -> bytes:
    """`chroma`: whether colour is stored at half the resolution, "on" or "off"."""
    height, width, bands = pixels.shape
    image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, bands, "uchar")
    image = image.copy(interpretation="srgb" if bands == 3 else "b-w")
    return bytes(
        image.jpegsave_buffer(
            Q=quality, subsample_mode=chroma, optimize_coding=True, interlace=True,
            trellis_quant=True, overshoot_deringing=True, optimize_scans=True, quant_table=3,
            keep="none",
        )
    )  # fmt: skip
