"""What pictures look like on a page. Transparent pictures are shown on white and on black."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Pixels


def shown(before: Pixels, after: Pixels) -> Iterator[tuple[bool, Pixels, Pixels]]:
    """Two pictures as they are seen on each page: whether the page is white, and both pictures.

    There is a white page, and a black page, too, if either picture is transparent. The pictures are height x
    width x 3, or x 4 with straight alpha. They become height x width x 3.
    """
    for white in (True,) if _opaque(before) and _opaque(after) else (True, False):
        yield white, on_page(before, white=white), on_page(after, white=white)


def on_page(pixels: Pixels, *, white: bool) -> Pixels:
    """`pixels`, height x width x 3 or 4, laid on white or on black: height x width x 3."""
    if pixels.shape[2] == 3:
        return np.ascontiguousarray(pixels)
    seen = colours_of(pixels)
    alpha = pixels[..., 3]
    gone = alpha == 0
    if gone.any():
        for band in range(3):
            np.copyto(seen[..., band], 255 if white else 0, where=gone)
    mixed = np.flatnonzero(~gone & (alpha != 255))
    if len(mixed):
        share = alpha.ravel()[mixed].astype(np.uint16)[:, None]
        colours = (pixels.reshape(-1, 4)[mixed, :3] * share + 127) // 255
        if white:
            colours += 255 - share
        seen.reshape(-1, 3)[mixed] = colours
    return seen


def colours_of(pixels: Pixels) -> Pixels:
    """The colours of `pixels` without their alpha: height x width x 3 of height x width x 4."""
    colours = np.empty((*pixels.shape[:2], 3), np.uint8)
    # Copying band by band is far quicker than copying three bytes out of four.
    for band in range(3):
        colours[..., band] = pixels[..., band]
    return colours


def _opaque(pixels: Pixels) -> bool:
    return bool(pixels.shape[2] == 3 or pixels[..., 3].min() == 255)
