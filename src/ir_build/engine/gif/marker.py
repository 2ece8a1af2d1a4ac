"""The note in a GIF: a comment extension before the trailer."""

from __future__ import annotations

from ...containers.gif_blocks import TRAILER, blocks, sub_blocks
from ...marker import NOTE

_COMMENT = b"\x21\xfe" + sub_blocks(NOTE)


def mark(data: bytes) -> bytes:
    """The GIF file `data` with the note. Raises `CorruptFile` if the file has no trailer."""
    place = next(block.start for block in blocks(data) if block.kind == TRAILER)
    # The older version, 87a, has no extensions.
    return b"GIF89a" + data[6:place] + _COMMENT + data[place:]


def is_marked(data: bytes) -> bool:
    """Whether the note is a block of its own in the GIF file `data`. Raises `CorruptFile`."""
    return any(data[block.start : block.end] == _COMMENT for block in blocks(data))
