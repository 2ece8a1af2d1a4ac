"""Width and height of a picture, read from its header without decoding anything."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from ...formats import MediaType

if TYPE_CHECKING:
    from collections.abc import Callable

_SVG_TAG = re.compile(rb"<(?:[A-Za-z_][\w.-]*+:)?svg\b[^>]*+>", re.DOTALL)
_SVG_SIDE = re.compile(rb"""\s(width|height)\s*=\s*["']\s*([\d.]{1,12})(?:px)?\s*["']""")
_SVG_VIEW = re.compile(rb"""\sviewBox\s*=\s*["']([^"']{1,200})["']""")
_LARGEST = 2**31 - 1


def dimensions(data: bytes, media: MediaType) -> tuple[int, int]:
    """Width and height in pixels of the picture that begins with `data`; 0 where not known.

    A PDF has none.
    """
    try:
        width, height = _READERS[media](data)
    except (struct.error, IndexError, ValueError, OverflowError):
        return 0, 0
    return (width, height) if 0 < width <= _LARGEST and 0 < height <= _LARGEST else (0, 0)


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        # SOF0 to SOF15 but for DHT, JPG and DAC, which share their range
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 4)
            return width, height
        (length,) = struct.unpack_from(">H", data, at + 1)
        at += 1 + length
        if data[at] != 0xFF:
            raise ValueError


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _avif(data: bytes) -> tuple[int, int]:
    # The largest `ispe` is the whole picture's; others are tiles, thumbnails and alpha.
    found = [(0, 0)]
    at = data.find(b"ispe")
    while at >= 0 and len(found) < 1000:
        width, height = struct.unpack_from(">II", data, at + 8)
        found.append((width, height))
        at = data.find(b"ispe", at + 4)
    return max(found, key=lambda size: size[0] * size[1])


def _svg(data: bytes) -> tuple[int, int]:
    match = _SVG_TAG.search(data)
    if match is None:
        raise ValueError
    tag = match[0]
    sides = {name: float(value) for name, value in _SVG_SIDE.findall(tag)}
    if len(sides) == 2:
        return round(sides[b"width"]), round(sides[b"height"])
    view = _SVG_VIEW.search(tag)
    if view is None:
        raise ValueError
    _, _, width, height = (float(part) for part in re.split(rb"[\s,]+", view[1].strip()))
    return round(width), round(height)


def _pdf(_: bytes) -> tuple[int, int]:
    return 0, 0


_READERS: dict[MediaType, Callable[[bytes], tuple[int, int]]] = {
    MediaType.PNG: _png,
    MediaType.GIF: _gif,
    MediaType.JPEG: _jpeg,
    MediaType.WEBP: _webp,
    MediaType.AVIF: _avif,
    MediaType.SVG: _svg,
    MediaType.PDF: _pdf,
}
