"""The note in a PNG: a tEXt chunk after IHDR."""

from __future__ import annotations

from ...containers.png_chunks import PngChunk, spans
from ...errors import CorruptFile
from ...marker import NOTE

_TEXT = PngChunk(b"tEXt", b"Software\0" + NOTE).encode()


def mark(data: bytes) -> bytes:
    """The PNG file `data` with the note. Raises `CorruptFile` if the file does not begin with IHDR."""
    kind, _, place = next(spans(data))
    if kind != b"IHDR":
        raise CorruptFile("does not begin with its header")
    return data[:place] + _TEXT + data[place:]


def is_marked(data: bytes) -> bool:
    """Whether the note is a chunk before the pixels of the PNG file `data`. Raises `CorruptFile`."""
    return any(data[start:end] == _TEXT for _, start, end in spans(data, before=b"IDAT"))
