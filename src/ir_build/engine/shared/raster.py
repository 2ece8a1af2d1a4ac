"""Pictures as pixels: decoded from any format that Pillow reads, resized, and checked for their size."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...errors import CorruptFile, TooLarge

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: Pixels of the shorter side of a picture that is scored, at least. The smallest of the metric's six scales
#: has a thirty-second of them: two.
_SMALLEST_SCORED = 64


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise `TooLarge` if there are more pixels than `max_pixels`. Call it before anything is decoded."""
    if width * height > max_pixels:
        raise TooLarge(f"{width} x {height} pixels, more than the limit of {max_pixels}")


def can_be_scored(width: int, height: int) -> bool:
    """Whether a picture of so many pixels is large enough for a score that means something.

    The metric looks at scales down to a thirty-second, and nobody has fitted it to opinions about icons. So
    icons keep their pixels.
    """
    return min(width, height) >= _SMALLEST_SCORED


def decode(data: bytes, kind: str) -> Image.Image:
    """The picture in `data`, decoded by Pillow's plugin `kind`. Check its size first.

    Raises `CorruptFile` and `TooLarge`.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of many pixels and of damaged metadata. The pixels have been counted before,
            # and the metadata is not used.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=[kind])
            image.load()
    except Image.DecompressionBombError as error:
        raise TooLarge(str(error)) from error
    except UnidentifiedImageError as error:
        raise CorruptFile(f"not a {kind} that can be decoded") from error
    # Pillow's decoders and its parsers of metadata raise these for broken data.
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        raise CorruptFile(f"cannot be decoded: {error}") from error
    return image


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture with another width and height, in pixels. Transparent pixels lend no colour to others."""
    if image.mode != "RGBA":
        return image.resize(size, Image.Resampling.LANCZOS)
    premultiplied = image.convert("RGBa").resize(size, Image.Resampling.LANCZOS)
    return premultiplied.convert("RGBA")


def opaque(image: Image.Image) -> bool:
    """Whether no pixel of a picture, RGB, RGBA or L, is transparent."""
    return image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255)


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a picture: height x width x 3, or x 4 with straight alpha."""
    return np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"))
