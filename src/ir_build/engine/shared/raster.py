"""Decoded pictures: from a file of any format Pillow reads to pixels."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...errors import CorruptFile, TooLarge

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: pixels of the shorter side
_SMALLEST_SCORED = 64


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise `TooLarge` before anything of this size is decoded."""
    if width * height > max_pixels:
        raise TooLarge(f"{width} x {height} pixels, more than the limit of {max_pixels}")


def can_be_scored(width: int, height: int) -> bool:
    """Whether a picture is large enough for its score to mean what it says.

    The metric looks at scales down to a thirty-second; what it makes of icons nobody has fitted
    to anyone's opinion, so they keep their pixels.
    """
    return min(width, height) >= _SMALLEST_SCORED


def decode(data: bytes, kind: str) -> Image.Image:
    """The picture in `data`, decoded by Pillow's plugin `kind`; its size is checked before."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of many pixels, which have been checked, and of damaged metadata.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=[kind])
            image.load()
    except Image.DecompressionBombError as error:
        raise TooLarge(str(error)) from error
    except UnidentifiedImageError as error:
        raise CorruptFile(f"not a {kind} that can be decoded") from error
    # what Pillow's decoders and its parsers of metadata raise on broken data
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        raise CorruptFile(f"cannot be decoded: {error}") from error
    return image


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in another size; transparent pixels lend their neighbours no colour."""
    if image.mode != "RGBA":
        return image.resize(size, Image.Resampling.LANCZOS)
    premultiplied = image.convert("RGBa").resize(size, Image.Resampling.LANCZOS)
    return premultiplied.convert("RGBA")


def opaque(image: Image.Image) -> bool:
    """Whether no pixel lets anything through."""
    return image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255)


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Height x width x 3 or 4 bytes."""
    return np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"))
