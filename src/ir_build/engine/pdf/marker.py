"""The note in a PDF: a comment line before the last `startxref`.

No offset points to anything after it. The file still ends with %%EOF, because PDF/A allows nothing after that.
"""

from __future__ import annotations

import re

from ...errors import CorruptFile
from ...marker import NOTE

_COMMENT = b"%" + NOTE + b"\n"
# Bytes at the end of a file in which readers look for %%EOF (PDF Reference 1.7, appendix H, note 18).
_TAIL_BYTES = 1024
_END = re.compile(rb"(?<=[\r\n])startxref[\r\n ]+\d+[\r\n ]+%%EOF\s*\Z")
_LENGTH = re.compile(rb"(?<=/L)\s+(\d+)(?=[\s/>])")


def mark(data: bytes) -> bytes:
    """The PDF `data` with the note. Raises `CorruptFile` if it does not end as a PDF should."""
    place = _place(data)
    head = data[:place]
    if b"/Linearized" in data[:1024]:
        head = _with_length(head, len(data), len(data) + len(_COMMENT))
    return head + _COMMENT + data[place:]


def is_marked(data: bytes) -> bool:
    """Whether the note stands before the last `startxref`. Raises `CorruptFile`."""
    return data[: _place(data)].endswith(_COMMENT)


def _place(data: bytes) -> int:
    tail_at = max(0, len(data) - _TAIL_BYTES)
    match = _END.search(data[tail_at:])
    if match is None:
        raise CorruptFile("does not end as a PDF should")
    return tail_at + match.start()


def _with_length(head: bytes, before: int, after: int) -> bytes:
    """`head` with the length of the file corrected in the linearization dictionary.

    Nothing may move. So both lengths must have as many digits.
    """
    match = _LENGTH.search(head, head.index(b"/Linearized"), 1024) or _LENGTH.search(head, 0, 1024)
    old, new = b"%d" % before, b"%d" % after
    if match is None or match[1] != old or len(old) != len(new):
        raise CorruptFile("has no length where it should be")
    return head[: match.start(1)] + new + head[match.end(1) :]
