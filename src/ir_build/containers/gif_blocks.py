"""The blocks of a GIF file (GIF89a specification)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import CorruptFile

# The first byte of each kind of block.
IMAGE, EXTENSION, TRAILER = 0x2C, 0x21, 0x3B
#: bytes of the header and the logical screen descriptor, after which the global colour table begins
HEADER_BYTES = 13
# So many full sub-blocks are counted in one step. Not fitted: the result does not depend on it.
_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class Block:
    """An image, an extension or the trailer."""

    kind: int
    start: int
    end: int
    content: bytes  #: of its sub-blocks, joined


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks after the global colour table. The last one is the trailer. Raises `CorruptFile`."""
    if len(data) < HEADER_BYTES:
        raise CorruptFile("ends before the picture begins")
    at = HEADER_BYTES + table_size(data[10])
    while True:
        kind = data[at] if at < len(data) else None
        if kind == TRAILER:
            yield Block(TRAILER, at, at + 1, b"")
            return
        if kind == EXTENSION and at + 2 <= len(data):
            content_at = at + 2
        elif kind == IMAGE:
            # The minimum code size comes before the sub-blocks.
            content_at = code_size_at(data, at) + 1
        else:
            raise CorruptFile("ends before its trailer" if kind is None else "has an unknown block")
        content, end = joined(data, content_at)
        yield Block(kind, at, end, content)
        at = end


def code_size_at(data: bytes, at: int) -> int:
    """The offset of the minimum code size of the image at `at`, after its colour table. Raises `CorruptFile`."""
    if at + 10 > len(data):
        raise CorruptFile("ends in the middle of a frame")
    place = at + 10 + table_size(data[at + 9])
    if place >= len(data):
        raise CorruptFile("ends in the middle of a frame")
    return place


def joined(data: bytes, at: int) -> tuple[bytes, int]:
    """The joined content of the sub-blocks at `at`, and the offset where they end. Raises `CorruptFile`."""
    parts: list[bytes] = []
    while at < len(data):
        size = data[at]
        if not size:
            return b"".join(parts), at + 1
        whole = 0
        if size == 255:
            # Most sub-blocks are full, so many are counted at a time.
            lengths = data[at : at + 256 * _AT_A_TIME : 256]
            whole = min(len(lengths) - len(lengths.lstrip(b"\xff")), (len(data) - at) // 256)
        parts += [data[start + 1 : start + 256] for start in range(at, at + 256 * whole, 256)]
        at += 256 * whole
        if not whole:
            parts.append(data[at + 1 : at + 1 + size])
            at += 1 + size
    raise CorruptFile("ends in the middle of a block")


def sub_blocks(data: bytes) -> bytes:
    """`data` as sub-blocks of up to 255 bytes, each after its length, with the empty one at the end."""
    rest = len(data) % 255
    parts = [data[at : at + 255] for at in range(0, len(data) - rest, 255)]
    # Before each full block stands its length, 255.
    full = b"\xff" + b"\xff".join(parts) if parts else b""
    return full + (bytes((rest,)) + data[-rest:] if rest else b"") + b"\0"


def table_size(flags: int) -> int:
    """Bytes of a colour table by the flags that announce it; 0 if there is none."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def table_depth(table: bytes) -> int:
    """The size of a colour table as its flags state it: n for 2 ** (n + 1) colours."""
    return (len(table) // 3).bit_length() - 2


def dimensions(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the beginning of a file. Raises struct.error when it is too short."""
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height
