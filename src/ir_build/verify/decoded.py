"""A raster file, decoded strictly, as a viewer shows it: its size, frames, timing and colours."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from ..codec_packages import load
from ..errors import CorruptFile, TooLarge
from ..formats import MediaType
from . import avif, png_chunks
from .colour import Colours

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pixels of all frames together. Decoding and comparing so many takes most of the time that a worker has. Not
# fitted: a limit of work. A file with more pixels stays as it is.
_MOST_PIXELS = 1_500_000_000

# How a stored picture is turned upright, by its Exif orientation (CIPA DC-008, 4.6.4).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_INCH = 2  # Exif's number for inches; browsers look at densities in this unit only
# A JPEG with a second picture for brighter screens has one of these marks, by Adobe or by ISO.
_GAIN_MAPS = (b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1\0")


class Picture:
    """An opened raster file. Frames are decoded one at a time."""

    def __init__(self, data: bytes, media: MediaType, max_pixels: int) -> None:
        """Read the headers of `data`. Raises `CorruptFile`, or `TooLarge` above `max_pixels`."""
        self.depth = 8  #: bits a sample; Pillow shows 8 of them at most
        self.colours = Colours()
        self.gain_map = False
        self._palette: int | None = None
        self._sixteen: bytes | None = None
        if media is MediaType.PNG:
            png = png_chunks.read(data)
            self.depth, self.colours, data = png.depth, png.colours, png.pixels
            self._palette = png.palette
            if png.depth == 16:
                self._sixteen = data
        with _strictly():
            self._image = Image.open(io.BytesIO(data), formats=[media.upper()])
            if self._image.width * self._image.height > max_pixels:
                raise TooLarge(
                    f"{self._image.width} x {self._image.height} pixels are over max_pixels"
                )
            self.frames: int = getattr(self._image, "n_frames", 1)
            self.orientation = _orientation(self._image)
        total = self.frames * self._image.width * self._image.height
        if total > max(_MOST_PIXELS, max_pixels):
            raise TooLarge(f"{self.frames} frames of {total // self.frames} pixels are too many")
        if media is not MediaType.PNG:
            icc = self._image.info.get("icc_profile")
            tag = avif.colour_tag(data) if media is MediaType.AVIF else None
            self.colours = Colours(icc, tag)
        #: whether programs that make PDFs invert its four colours; None if it does not have four
        self.inverted = "adobe" in self._image.info if self._image.mode == "CMYK" else None
        if media is MediaType.JPEG:
            segments = getattr(self._image, "applist", ())
            self.gain_map = any(mark in body for _, body in segments for mark in _GAIN_MAPS)
        elif media is MediaType.AVIF:
            self.gain_map = avif.has_gain_map(data)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as shown."""
        width, height = self._image.size
        return (height, width) if self.orientation >= 5 else (width, height)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height, in CSS pixels, at which browsers show it. They depend on its density, too.

        Source: HTML Standard, "density-corrected natural width and height".
        """
        exif = _exif(self._image)
        width, height = self._image.size
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about directories that are cut short
            details = exif.get_ifd(ExifTags.IFD.Exif)
            sides = (details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight])
            across, down = exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution]
            derived = (round(width * 72 / across), round(height * 72 / down))
            if exif[ExifTags.Base.ResolutionUnit] == _INCH and derived == sides and all(sides):
                width, height = derived
        return (height, width) if self.orientation >= 5 else (width, height)

    @property
    def loop(self) -> int | None:
        """How often an animation runs, as stored. It is certain only after the last frame was read."""
        value = self._image.info.get("loop")
        return None if value is None else int(value)

    def frame(self, number: int) -> Image.Image:
        """The frame `number`, from 0 on, as stored. It is valid until the next call. Raises `CorruptFile`."""
        with _strictly():
            self._image.seek(number)
            self._image.load()
            colours = self._palette if self._image.mode == "P" else None
            if colours is not None and np.asarray(self._image).max() >= colours:
                # Some decoders show black there, and others show the last colour.
                raise ValueError("pixels have colours that the palette does not")
        if self._image.mode.startswith("I"):
            return _in_8_bits(self._image)
        # libvips decodes 16 bits a sample, but no animations.
        still = self._sixteen if self.frames == 1 else None
        return self._image if still is None else _rounded(still)

    def duration(self) -> float:
        """How long the frame that was decoded last is shown, in milliseconds."""
        return round(float(self._image.info.get("duration") or 0), 2)

    def upright(self, image: Image.Image) -> Image.Image:
        """The frame `image`, turned as its orientation says."""
        turn = _UPRIGHT.get(self.orientation)
        return image if turn is None else image.transpose(turn)


def _exif(image: Image.Image) -> Image.Exif:
    # `getexif` falls back on XMP and on text chunks. Browsers do not.
    exif = Image.Exif()
    # Damaged Exif damages no pixel. Pillow raises struct.error, KeyError and more for it.
    with contextlib.suppress(Exception):
        exif.load(image.info.get("exif", b""))
    return exif


def _orientation(image: Image.Image) -> int:
    with contextlib.suppress(Exception):
        value = _exif(image).get(ExifTags.Base.Orientation)
        return value if value in _UPRIGHT else 1
    return 1


def _in_8_bits(image: Image.Image) -> Image.Image:
    # `convert` would make all levels above 255 white.
    samples = np.asarray(image).astype(np.uint16)
    grey = Image.fromarray(((samples.astype(np.uint32) + 128) // 257).astype(np.uint8))
    if (clear := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(samples == clear, 0, 255).astype(np.uint8)))
    return grey


def _rounded(png: bytes) -> Image.Image:
    """A PNG of 16 bits a sample, rounded to 8. Pillow would cut off the lower byte, which darkens by a level."""
    pyvips = load("pyvips")  # It takes long to import, and few pictures need it.
    with _strictly():
        image = pyvips.Image.new_from_buffer(png, "", access="sequential")
        # libvips works row by row, so only the result takes memory. 65535 is 257 times 255.
        return Image.fromarray((image / 257).rint().cast("uchar").numpy())


@contextlib.contextmanager
def _strictly() -> Iterator[None]:
    """Turn whatever a decoder raises for broken bytes into `CorruptFile`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (TooLarge, MemoryError):
            raise
        except UnidentifiedImageError as error:
            raise CorruptFile("does not decode: its headers make no sense") from error
        except Image.DecompressionBombError as error:
            raise TooLarge(str(error)) from error
        # Pillow's plugins raise OSError, SyntaxError, ValueError, IndexError, struct.error, zlib.error
        # and more for broken bytes. No list of them stays complete.
        except Exception as error:
            raise CorruptFile(f"does not decode: {error}") from error
