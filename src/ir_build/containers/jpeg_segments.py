"""The segments of a JPEG file before its first scan (ITU-T T.81, annex B)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import CorruptFile

# Markers, without the byte FF before them (table B.1).
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
#: markers that stand alone, without a length and content
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
#: SOF0 to SOF15. DHT, JPG and DAC are in the same range, but begin no frame.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its marker, and the content after its length."""

    marker: int
    data: bytes

    def encode(self) -> bytes:
        """The segment as it stands in a file."""
        return bytes((0xFF, self.marker)) + (len(self.data) + 2).to_bytes(2, "big") + self.data


def spans(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments of a file up to the header of its first scan: of each its marker, start and end.

    Several bytes FF may stand before a marker. The segment begins with the last of them. Raises `CorruptFile`.
    """
    at = 2
    marker = SOI
    while marker != SOS:
        if data[at : at + 1] != b"\xff":
            raise CorruptFile("a JPEG segment does not begin with a marker")
        while data[at : at + 1] == b"\xff":
            at += 1
        marker = data[at] if at < len(data) else EOI
        at += 1
        if marker in STANDALONE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if marker in (SOI, EOI) or length < 2 or at + length > len(data):
            raise CorruptFile("ends before the picture begins")
        yield marker, at - 2, at + length
        at += length


def dimensions(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the beginning of a file.

    Raises `CorruptFile`, and struct.error when the file ends in the header of the frame.
    """
    for marker, start, _ in spans(data):
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 5)
            return width, height
    raise CorruptFile("has no picture")
