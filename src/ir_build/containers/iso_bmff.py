"""The boxes of an AVIF file (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import CorruptFile

#: more boxes than any still picture has. Not fitted: a limit of CPU time for hostile files.
_MAX_BOXES = 10_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, and the content after its header."""

    kind: bytes
    data: bytes

    def encode(self) -> bytes:
        """The box as it is stored."""
        return (len(self.data) + 8).to_bytes(4, "big") + self.kind + self.data


def spans(data: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """The boxes that fill `data`: of each its type and the offsets of its start, its content and its end.

    Raises `CorruptFile` when a box is cut short, or when there are too many.
    """
    at = count = 0
    while at < len(data):
        count += 1
        size, kind, header = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < header or at + size > len(data) or count > _MAX_BOXES:
            raise CorruptFile("a box of the AVIF is cut short")
        yield kind, at, at + header, at + size
        at += size


def boxes(data: bytes) -> Iterator[Box]:
    """The boxes that fill `data`. Raises `CorruptFile`."""
    for kind, _, content, end in spans(data):
        yield Box(kind, data[content:end])


def dimensions(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of the largest picture in a file. Raises `CorruptFile`.

    The other pictures are tiles, thumbnails and transparency.
    """
    sizes = [(0, 0)]
    for meta in boxes(data):
        if meta.kind == b"meta":
            for table in _inside(meta.data[4:], b"iprp"):
                for properties in _inside(table, b"ipco"):
                    sizes += [
                        (int.from_bytes(size[4:8], "big"), int.from_bytes(size[8:12], "big"))
                        for size in _inside(properties, b"ispe")
                    ]
    return max(sizes, key=lambda size: size[0] * size[1])


def _inside(data: bytes, kind: bytes) -> Iterator[bytes]:
    return (box.data for box in boxes(data) if box.kind == kind)
