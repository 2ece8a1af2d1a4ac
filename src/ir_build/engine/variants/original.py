"""The picture of which variants are made: decoded once, upright, in sRGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...containers import iso_bmff
from ...errors import FileSkipped, Reason
from ...formats import MediaType
from ..avif import codec as avif_codec
from ..avif import file as avif_file
from ..gif import file as gif_file
from ..jpeg import codec as jpeg_codec
from ..jpeg import file as jpeg_file
from ..png import coding as png_coding
from ..png import file as png_file
from ..shared import colour_profile, exif, raster
from ..webp import coding as webp_coding
from ..webp import file as webp_file

if TYPE_CHECKING:
    from collections.abc import Callable

#: how a stored picture is turned upright, by its Exif orientation (CIPA DC-008, 4.6.4)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# The power that a gAMA chunk gives for sRGB, 1 / 0.45455 (PNG, third edition, 11.3.2.5).
_POWER = 2.2


@dataclass(frozen=True, slots=True)
class Original:
    """A still picture as it is shown."""

    image: Image.Image  #: L, RGB or RGBA, in sRGB
    #: whether its file stores its pixels without loss
    lossless: bool


def read(data: bytes, media: MediaType, max_pixels: int) -> Original:
    """Decode the still picture in `data`, a file of type `media`.

    Raises `FileSkipped` when no variant can be made of it, `CorruptFile`, and `TooLarge` when it has more than
    `max_pixels`.
    """
    return _READERS[media](data, max_pixels)


def is_animated(gif: bytes) -> bool:
    """Whether a GIF has more than one frame. Raises `FileSkipped`, `CorruptFile` and `TooLarge`."""
    return len(gif_file.parse(gif).frames) > 1


def _jpeg(data: bytes, max_pixels: int) -> Original:
    file = jpeg_file.parse(data)
    raster.check_size(file.width, file.height, max_pixels)
    if file.components not in (1, 3):
        raise _left(f"{file.components} colours")
    image = jpeg_codec.decoded(data)
    return Original(
        _as_shown(image, jpeg_file.profile(file.segments), exif.orientation(file.exif)),
        lossless=False,
    )


def _png(data: bytes, max_pixels: int) -> Original:
    file = png_file.parse(data)
    raster.check_size(file.width, file.height, max_pixels)
    colours = png_file.extras(file, frozenset()).colours
    if file.animated:
        raise _left("an animation")
    if file.bit_depth > 8:
        raise _left("more than 8 bits a sample")
    if not colours.known:
        raise _left("colours of another kind")
    _check_upright(file.find(b"eXIf"))
    image = Image.fromarray(png_coding.decoded(png_file.bare(file)))
    if colours.kinds and colours.profile is None:
        # gAMA and cHRM together describe sRGB. Browsers then use the power of gAMA, not the curve of sRGB.
        image = _by_power(image)
    return Original(_as_shown(image, colours.profile), lossless=True)


def _by_power(image: Image.Image) -> Image.Image:
    """A picture (RGB or RGBA) whose levels are a power of the light, with the curve of sRGB (IEC 61966-2-1)."""
    linear = (np.arange(256) / 255) ** _POWER
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    levels = [int(level) for level in np.round(255 * curve)]
    return image.point(levels * 3 + list(range(256)) * (len(image.getbands()) - 3))


def _webp(data: bytes, max_pixels: int) -> Original:
    file = webp_file.read(data)
    raster.check_size(file.width, file.height, max_pixels)
    if file.animation is not None:
        raise _left("an animation")
    _check_upright(file.exif)
    image = webp_coding.decode(file.image)
    return Original(_as_shown(image, file.icc), lossless=file.image.lossless)


def _avif(data: bytes, max_pixels: int) -> Original:
    strange = avif_codec.what_is_unusual(avif_file.read(data))
    if strange:
        raise _left(strange)
    raster.check_size(*iso_bmff.dimensions(data), max_pixels)
    image = raster.decode(data, "AVIF")
    turn = exif.orientation(image.info.get("exif", b""))
    return Original(_as_shown(image, image.info.get("icc_profile"), turn), lossless=False)


def _gif(data: bytes, max_pixels: int) -> Original:
    file = gif_file.parse(data)
    raster.check_size(file.width, file.height, max_pixels)
    if len(file.frames) > 1:
        raise _left("an animation")
    image = raster.decode(data, "GIF").convert("RGBA")
    return Original(image.convert("RGB") if raster.opaque(image) else image, lossless=True)


def _no_picture(data: bytes, max_pixels: int) -> Original:  # noqa: ARG001  (as the others)
    raise _left("no raster picture")


_READERS: dict[MediaType, Callable[[bytes, int], Original]] = {
    **dict.fromkeys(MediaType, _no_picture),
    MediaType.JPEG: _jpeg,
    MediaType.PNG: _png,
    MediaType.WEBP: _webp,
    MediaType.AVIF: _avif,
    MediaType.GIF: _gif,
}


def _left(why: str) -> FileSkipped:
    return FileSkipped(Reason.UNSUPPORTED_VARIANT, why)


def _check_upright(block: bytes | None) -> None:
    """Raise `FileSkipped` if Exif turns a PNG or WebP: some viewers turn it, and others do not."""
    if block and exif.orientation(block) != 1:
        raise _left("turned by its Exif")


def _as_shown(image: Image.Image, profile: bytes | None, turn: int = 1) -> Image.Image:
    if profile and not colour_profile.changes_nothing(profile):
        # Browsers ignore a profile that cannot be applied, too.
        image = colour_profile.to_srgb(image, profile) or image
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "RGBA" and raster.opaque(image):
        image = image.convert("RGB")
    if turn in _UPRIGHT:
        image = image.transpose(_UPRIGHT[turn])
    # Encoders would write the profile and more that is stored here. The profile of a converted picture holds the time,
    # so that bytes would differ from run to run.
    image.info.clear()
    return image
