"""The note in a JPEG: a COM segment after the application segments. Some readers want these first."""

from __future__ import annotations

from ...containers.jpeg_segments import Segment, spans
from ...marker import NOTE

# Markers of COM and of APP0 to APP15 (T.81, table B.1).
_COMMENT = Segment(0xFE, NOTE).encode()
_APPLICATION = range(0xE0, 0xF0)
_APP2 = 0xE2


def mark(data: bytes) -> bytes:
    """The JPEG file `data` with the note. Raises `CorruptFile` if it has no scan.

    A multi-picture file comes back as it is.
    """
    place = 2
    for marker, start, end in spans(data):
        # The offsets in a multi-picture file would all be wrong.
        if marker == _APP2 and data[start + 4 : start + 8] == b"MPF\0":
            return data
        if start == place and marker in _APPLICATION:
            place = end
    return data[:place] + _COMMENT + data[place:]


def is_marked(data: bytes) -> bool:
    """Whether the note is a comment before the first scan of the JPEG file `data`. Raises `CorruptFile`."""
    return any(data[start:end] == _COMMENT for _, start, end in spans(data))
