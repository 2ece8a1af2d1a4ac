"""What pictures look like on a page: on white and on black where something shows through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Pixels


def shown(before: Pixels, after: Pixels) -> Iterator[tuple[bool, Pixels, Pixels]]:
    """Two pictures as they are seen, and whether on white: both pages where either is transparent.

    They are height x width x 3, or x 4 with straight alpha, and become height x width x 3.
    """
    for white in (True,) if _opaque(before) and _opaque(after) else (True, False):
        yield white, on_page(before, white=white), on_page(after, white=white)


def on_page(pixels: Pixels, *, white: bool) -> Pixels:
    """A picture on white or on black, height x width x 3."""
    if _opaque(pixels):
        return np.ascontiguousarray(pixels[..., :3])
    alpha = pixels[..., 3:].astype(np.uint16)
    seen = (pixels[..., :3] * alpha + 127) // 255
    if white:
        seen += 255 - alpha
    return seen.astype(np.uint8)


def _opaque(pixels: Pixels) -> bool:
    return bool(pixels.shape[2] == 3 or pixels[..., 3].min() == 255)
