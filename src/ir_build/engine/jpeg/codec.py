"""JPEG: lossless transcoding, and re-encoding at the lowest quality that looks the same."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pyvips
from PIL import Image

from ...candidate import Candidate
from ...errors import CorruptFile
from ...options import Compression
from ..shared import exif, raster
from ..shared.scorer import target_of_resized
from . import file as jpeg_file
from . import lossy
from .lossy import Aim

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...containers.jpeg_segments import Segment
    from ...options import Options
    from .file import JpegFile

_T = TypeVar("_T")

# A re-encode must be a twentieth smaller than the lossless result. Less is not worth a loss. This is a
# choice, the same as for PNG and WebP.
_WORTH = 0.95
# A re-encode below this share of the source is not compared with a lossless result. Lossless results are
# hardly ever that small: of 50 JPEG files of documentation sites the smallest had 0.76. The transcoder takes as
# long as a score. Files of no more than `_LARGE` bytes are an exception, because their tables are a large part
# of them. (On 12 other files 0 and 100,000 for `_LARGE` came to the same bytes. Others:
# `python benchmarks FOLDER --sweep jpeg.codec:_FAR_SMALLER 0.0 0.8`.)
_FAR_SMALLER = 0.7
_LARGE = 20_000
# The words of libjpeg for bytes that pad the coded picture.
_PADDED = re.compile(r"\A\S+ Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9\s*\Z")


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest JPEG that stands for `data`.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` for a file that must stay as it is.
    """
    file = jpeg_file.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    size = _target_size(file, options)
    resize = size != (file.width, file.height)
    plain = file.components in (1, 3)
    kept, stripped = jpeg_file.metadata(
        file, options.preserve_metas, size if resize and plain else None
    )
    notes = (f"stripped {', '.join(stripped)}",) if stripped else ()
    wanted = options.compression_type is Compression.LOSSY or resize
    image = decoded(data) if wanted and plain else None
    if image is None:
        _check(data)
        notes = (*notes, "not resized: CMYK") if resize else notes
    elif resize:
        data = _resized(image, size, jpeg_file.profile(kept), options)
        notes = (*notes, f"resized to {size[0]} x {size[1]}")
        return Candidate(jpeg_file.with_segments(data, kept, file), lossy=True, notes=notes)
    own = b"\xff\xd8" + b"".join(_needed(file, kept)) + file.coded
    smaller = None
    if image is not None and raster.can_be_scored(*image.size):
        aim = Aim(options.quality, len(own) * _WORTH, options.effort, jpeg_file.profile(kept))
        first = lossy.guess(file, options.quality)
        smaller = _coded_again(image, aim, first, kept, file)
        if smaller and len(own) > _LARGE and len(smaller) < len(own) * _FAR_SMALLER:
            return Candidate(smaller, lossy=True, notes=notes)
    lossless = own
    if not (file.is_well_coded and len(own) > len(data) * (1 - options.min_saving)):
        lossless = min(jpeg_file.with_segments(lossy.transcode(data), kept, file), own, key=len)
    limit = len(lossless) * _WORTH
    if (
        image is not None
        and raster.can_be_scored(*image.size)
        and not (smaller and len(smaller) < limit)
    ):
        # The next run begins with the lossless result. It must not find what this run has not found.
        again = lossy.guess(jpeg_file.parse(lossless), options.quality)
        if again != first or len(lossless) != len(own):
            smaller = _coded_again(image, replace(aim, limit=limit), again, kept, file)
    if smaller and len(smaller) < limit:
        return Candidate(smaller, lossy=True, notes=notes)
    return Candidate(lossless, lossy=False, notes=notes)


def _coded_again(
    image: Image.Image, aim: Aim, first: int, kept: list[Segment], file: JpegFile
) -> bytes | None:
    """The smallest file that reaches `aim`. The search begins at the quality `first`."""
    coded = lossy.encode(image, aim, first, halved=file.has_half_the_colour)
    return jpeg_file.with_segments(_smallest(coded), kept, file) if coded else None


def _check(data: bytes) -> None:
    """Raise `CorruptFile` if the coded picture is damaged."""

    def last_row(image: pyvips.Image) -> None:
        # The rows before it are decoded on the way.
        image.crop(0, image.height - 1, image.width, 1).avg()

    _strictly(data, last_row)


def decoded(data: bytes) -> Image.Image:
    """The picture in a JPEG file, L or RGB. Raises `CorruptFile` if it is damaged."""

    def pixels(image: pyvips.Image) -> Image.Image:
        mode = "L" if image.bands == 1 else "RGB"
        return Image.frombytes(mode, (image.width, image.height), image.write_to_memory())

    return _strictly(data, pixels)


def _strictly(data: bytes, read: Callable[[pyvips.Image], _T]) -> _T:
    """What `read` gets from the picture. Raises `CorruptFile` if the picture is damaged.

    Pillow says nothing about damage, and some damage makes the transcoder end the process.
    """

    def opened(fail_on: str) -> pyvips.Image:
        return pyvips.Image.jpegload_buffer(data, access="sequential", fail_on=fail_on)

    try:
        return read(opened("warning"))
    except pyvips.Error as error:
        # Some cameras pad the coded picture. Decoding stops at the first warning. So no other warning
        # came before this one.
        if not _PADDED.search(error.detail):
            raise CorruptFile("its coded picture is damaged") from error
    return read(opened("none"))


def _target_size(file: JpegFile, options: Options) -> tuple[int, int]:
    """Width and height in stored pixels. The box of `resize` is for the picture as it is shown."""
    if options.resize is None:
        return file.width, file.height
    if exif.orientation(file.exif) >= 5:
        height, width = options.resize.fit(file.height, file.width)
        return width, height
    return options.resize.fit(file.width, file.height)


def _resized(
    image: Image.Image,
    size: tuple[int, int],
    profile: bytes,
    options: Options,
) -> bytes:
    small = raster.resized(image, size)
    aim = Aim(target_of_resized(options), math.inf, options.effort, profile)
    # A picture that was made smaller is sharper, and needs a higher quality than its source had.
    return _smallest(lossy.encode(small, aim, 85) or lossy.at_quality(small))


def _needed(file: JpegFile, kept: list[Segment]) -> list[bytes]:
    """The file's own segments without its metadata, and the segments that are kept."""
    rest = [one for one in file.segments if not 0xE0 <= one.marker <= 0xEF and one.marker != 0xFE]
    parts = (file.jfif, *kept, file.adobe, *rest)
    return [one.encode() for one in parts if one is not None]


def _smallest(coded: bytes) -> bytes:
    return min(coded, lossy.transcode(coded), key=len)
