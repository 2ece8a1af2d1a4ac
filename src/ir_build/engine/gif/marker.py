"""The note in a GIF: a comment extension before the trailer."""

from __future__ import annotations

from ...containers.gif_blocks import TRAILER, blocks, sub_blocks
from ...marker import NOTE

_COMMENT = b"\x21\xfe" + sub_blocks(NOTE)


def mark(data: bytes) -> bytes:
    """The file with the note. Raises `CorruptFile` where it has no trailer."""
    place = next(block.start for block in blocks(data) if block.kind == TRAILER)
    # Extensions came with version 89a.
    return b"GIF89a" + data[6:place] + _COMMENT + data[place:]


def is_marked(data: bytes) -> bool:
    """Whether the note is a block of its own. Raises `CorruptFile`."""
    return any(data[block.start : block.end] == _COMMENT for block in blocks(data))
