"""A file that was written is read again. Its objects must be those that were meant."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pikepdf

from ....errors import FileSkipped, Reason
from . import objects

if TYPE_CHECKING:
    from .table import Table

#: the text of an object, and the data of a stream or the digest of these; None for other objects
Written = tuple[bytes, bytes | None]


def opened(data: bytes) -> pikepdf.Pdf:
    """The PDF `data`, read without any repair. Raises `FileSkipped` if it cannot be read."""
    try:
        return pikepdf.open(
            io.BytesIO(data),
            attempt_recovery=False,
            inherit_page_attributes=False,
            conversion_mode="explicit",
        )
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        raise FileSkipped(Reason.WOULD_CHANGE, "the new file cannot be read") from error


def signs(table: Table) -> list[Written]:
    """The objects of `table` in the order of `outline`. Digests stand for the data of streams."""
    return [(text, data if data is None else _digest(data)) for text, data in outline(table)]


def check(data: bytes, meant: list[Written]) -> None:
    """Read the new file `data` again. Raises `FileSkipped` if its objects are not `meant`, made by `signs`."""
    again = opened(data)
    # Digests are compared, because a second copy of a large document would take much memory.
    back = objects.read(again, lambda stream: _digest(stream.read_raw_bytes()))
    if again.get_warnings() or outline(back) != meant:
        raise FileSkipped(Reason.WOULD_CHANGE, "the new file reads differently")


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def outline(table: Table) -> list[Written]:
    """The objects in the order in which references from the trailer reach them. Their numbers do not matter."""
    met: dict[int, int] = {}
    waiting = [table.trailer]
    found = []
    while waiting:
        body = waiting.pop()
        for key in body.references:
            if key not in met:
                met[key] = len(met)
                waiting.append(table.bodies[key])
        found.append((body.render(met.__getitem__), body.data))
    return found
