"""The note in a WebP: a chunk of our own at the end.

Only the extended layout may have unknown chunks. So a file of the simple layout gets a VP8X header
(RFC 9649, 2.7).
"""

from __future__ import annotations

from ...containers import riff
from ...containers.riff import RiffChunk
from ...errors import CorruptFile
from ...marker import NOTE

_CODE = b"IRBD"
_ALPHA = 0x10  # a flag of VP8X (RFC 9649, 2.7)


def mark(data: bytes) -> bytes:
    """The WebP file `data` with the note. Raises `CorruptFile` if the file has no picture."""
    start, end = riff.content(data)
    chunks = riff.read_chunks(data[start:end])
    if not chunks:
        raise CorruptFile("a WebP without a picture")
    first = chunks[0]
    if first.code in (b"VP8 ", b"VP8L"):
        alpha = first.code == b"VP8L" and bool(first.data[4] & 0x10)
        size = riff.canvas(*riff.picture_size(first.code, first.data))
        flags = bytes([_ALPHA if alpha else 0, 0, 0, 0])
        chunks = [RiffChunk(b"VP8X", flags + size), first]
    elif first.code != b"VP8X":
        raise CorruptFile("a WebP that begins with something else")
    return riff.write([*chunks, RiffChunk(_CODE, NOTE)]) + data[end:]


def is_marked(data: bytes) -> bool:
    """Whether the note is a chunk of its own in the WebP file `data`. Raises `CorruptFile`."""
    spans = riff.spans(data, *riff.content(data))
    return any(code == _CODE and data[at + 8 : end] == NOTE for code, at, end in spans)
