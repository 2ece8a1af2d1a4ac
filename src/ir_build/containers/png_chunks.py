"""The chunks of a PNG file (W3C PNG, third edition, 5)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import CorruptFile

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class PngChunk:
    """A chunk: its type of four bytes, and its data."""

    kind: bytes
    data: bytes

    def encode(self) -> bytes:
        """The chunk as it stands in a file."""
        body = self.kind + self.data
        return len(self.data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def spans(data: bytes, *, before: bytes = b"") -> Iterator[tuple[bytes, int, int]]:
    """The chunks up to IEND, or before the first chunk of the type `before`: of each its type, start and end.

    Raises `CorruptFile` when a chunk is cut short. Checksums are not compared.
    """
    if not data.startswith(SIGNATURE):
        raise CorruptFile("ends before the picture begins")
    at = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        kind = data[at + 4 : at + 8]
        if before and kind == before:
            return
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise CorruptFile("ends in the middle of a chunk")
        yield kind, at, end
        at = end


def content(data: bytes, wanted: bytes) -> bytes:
    """The data of all chunks of the type `wanted`, joined. Raises `CorruptFile`."""
    return b"".join(data[at + 8 : end - 4] for kind, at, end in spans(data) if kind == wanted)


def dimensions(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the beginning of a file. Raises struct.error when it is too short."""
    width, height = struct.unpack_from(">II", data, 16)
    return width, height
