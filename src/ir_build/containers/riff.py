"""The RIFF container of WebP: a flat list of chunks (RFC 9649, chapter 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import CorruptFile, FileSkipped, Reason

# Bytes before the first chunk: RIFF, the size and WEBP (RFC 9649, 2.4).
_HEADER = 12


@dataclass(frozen=True, slots=True)
class RiffChunk:
    """A chunk: its code of four characters, and its data."""

    code: bytes
    data: bytes


def content(data: bytes) -> tuple[int, int]:
    """The offsets at which the chunks of a WebP file begin and end. Raises `CorruptFile`."""
    if len(data) < _HEADER or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise CorruptFile("not a WebP file")
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise CorruptFile(f"cut short: {len(data)} of {end} bytes")
    return _HEADER, end


def spans(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The chunks in `data` from `at` to `end`: of each its code, start and end, without the padding after it.

    Raises `CorruptFile` when a chunk is cut short.
    """
    while at < end:
        last = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 > end or last > end:
            raise CorruptFile("a chunk of the WebP is cut short")
        yield data[at : at + 4], at, last
        at = last + (last - at & 1)


def read(data: bytes) -> list[RiffChunk]:
    """The chunks of a WebP file.

    Raises `CorruptFile` when it is cut short, and `FileSkipped` when something follows its end.
    """
    start, end = content(data)
    if data[end:].strip(b"\0"):
        raise FileSkipped(
            Reason.UNSUPPORTED_VARIANT, f"{len(data) - end} bytes after the end of the WebP"
        )
    return read_chunks(data[start:end])


def read_chunks(data: bytes) -> list[RiffChunk]:
    """The chunks that fill `data`. Raises `CorruptFile`."""
    return [RiffChunk(code, data[at + 8 : end]) for code, at, end in spans(data, 0, len(data))]


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


def canvas(width: int, height: int) -> bytes:
    """A width and height in pixels as a VP8X chunk stores them."""
    return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def picture_size(code: bytes, data: bytes) -> tuple[int, int]:
    """Width and height in pixels from `data`, the beginning of the content of a chunk `code`.

    Sources: RFC 6386, 9.1 (VP8), RFC 9649, 2.7 (VP8X) and 3.4 (VP8L). Raises `CorruptFile`.
    """
    if code == b"VP8X":
        if len(data) < 10:
            raise CorruptFile("the header of the WebP is cut short")
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (4, 7))
        return width + 1, height + 1
    if code == b"VP8L":
        # One byte of signature, then 14 bits of width - 1 and 14 bits of height - 1.
        if len(data) < 5 or data[0] != 0x2F:
            raise CorruptFile("a lossless picture without its signature")
        size = int.from_bytes(data[1:5], "little")
        return (size & 0x3FFF) + 1, (size >> 14 & 0x3FFF) + 1
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
        raise CorruptFile("a lossy picture without its start code")
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    if not width or not height:
        raise CorruptFile("a picture without pixels")
    return width, height


def dimensions(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the beginning of a file. Raises `CorruptFile`."""
    return picture_size(data[12:16], data[20:30])
