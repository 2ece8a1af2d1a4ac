"""The RIFF container of WebP: a flat list of chunks.

Source: RFC 9649, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CorruptFile, FileSkipped, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADER = 12


@dataclass(frozen=True, slots=True)
class RiffChunk:
    """Four characters and what they name."""

    code: bytes
    data: bytes


def read(data: bytes) -> list[RiffChunk]:
    """The chunks of a WebP file.

    Raises `CorruptFile` where it is cut short, `FileSkipped` where something follows its end.
    """
    if len(data) < _HEADER or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise CorruptFile("not a WebP file")
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise CorruptFile(f"cut short: {len(data)} of {end} bytes")
    if data[end:].strip(b"\0"):
        raise FileSkipped(
            Reason.UNSUPPORTED_VARIANT, f"{len(data) - end} bytes after the end of the WebP"
        )
    return read_chunks(data[_HEADER:end])


def read_chunks(data: bytes) -> list[RiffChunk]:
    """The chunks that fill `data`."""
    chunks = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size
        if at + 8 > len(data) or end > len(data):
            raise CorruptFile("a chunk of the WebP is cut short")
        chunks.append(RiffChunk(data[at : at + 4], data[at + 8 : end]))
        at = end + (size & 1)
    return chunks


def write(chunks: Iterable[RiffChunk]) -> bytes:
    """A WebP file of these chunks."""
    body = b"WEBP" + write_chunks(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def write_chunks(chunks: Iterable[RiffChunk]) -> bytes:
    """The chunks one after the other, each padded to an even length."""
    parts = []
    for chunk in chunks:
        parts += [chunk.code, len(chunk.data).to_bytes(4, "little"), chunk.data]
        if len(chunk.data) & 1:
            parts.append(b"\0")
    return b"".join(parts)
