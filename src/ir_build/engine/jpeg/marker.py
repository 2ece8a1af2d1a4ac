"""The note in a JPEG: a COM segment after the application segments, which some readers want first."""

from __future__ import annotations

from ...containers.jpeg_segments import Segment, spans
from ...marker import NOTE

_COMMENT = Segment(0xFE, NOTE).encode()
_APPLICATION = range(0xE0, 0xF0)
_APP2 = 0xE2


def mark(data: bytes) -> bytes:
    """The file with the note, or as it was. Raises `CorruptFile` where it has no scan."""
    place = 2
    for marker, start, end in spans(data):
        # The offsets of a multi-picture file would all be off.
        if marker == _APP2 and data[start + 4 : start + 8] == b"MPF\0":
            return data
        if start == place and marker in _APPLICATION:
            place = end
    return data[:place] + _COMMENT + data[place:]


def is_marked(data: bytes) -> bool:
    """Whether the note is a comment before the first scan. Raises `CorruptFile`."""
    return any(data[start:end] == _COMMENT for _, start, end in spans(data))
