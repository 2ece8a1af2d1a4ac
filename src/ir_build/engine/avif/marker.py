"""The note in an AVIF: a `free` box at the end."""

from __future__ import annotations

from ...containers.iso_bmff import Box, spans
from ...errors import CorruptFile
from ...marker import NOTE

_BOX = Box(b"free", NOTE).encode()


def mark(data: bytes) -> bytes:
    """The AVIF file `data` with the note. Raises `CorruptFile` if nothing may follow its last box."""
    for _, start, _, _ in spans(data):
        # A size of 0 means that the box reaches to the end of the file.
        if not any(data[start : start + 4]):
            raise CorruptFile("ends with a box of no size")
    return data + _BOX


def is_marked(data: bytes) -> bool:
    """Whether the note is a box of its own in the AVIF file `data`. Raises `CorruptFile`."""
    return any(data[start:end] == _BOX for _, start, _, end in spans(data))
