"""The note in an SVG: a comment after the root element. Only white space follows it."""

from __future__ import annotations

import re

from ...errors import CorruptFile
from ...marker import NOTE

_COMMENT = b"<!--" + NOTE + b"-->"
_TAIL_BYTES = 4096  # Not fitted: only the end of a file is looked at, for the time.
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?svg\s*>(?:\s|<!--(?:(?!--).)*-->)*\Z", re.DOTALL)


def mark(data: bytes) -> bytes:
    """The SVG file `data` with the note. Raises `CorruptFile` if it does not end with its root element."""
    if not _END.search(data[-_TAIL_BYTES:]):
        raise CorruptFile("does not end with its root element")
    return data.rstrip() + _COMMENT + b"\n"


def is_marked(data: bytes) -> bool:
    """Whether the SVG file `data` ends with the note."""
    return data[-_TAIL_BYTES:].rstrip().endswith(_COMMENT)
