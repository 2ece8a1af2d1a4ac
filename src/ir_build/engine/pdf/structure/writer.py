"""Writes a table of objects as a PDF file (ISO 32000-1, 7.5), in the order of the table.

The order stays, because programs may depend on it. If a field has two widgets, some libraries write into the one
with the lower number.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np

from . import memory
from .filters import deflated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .table import Body, Table

#: Objects in one object stream. More objects take fewer bytes, but a reader unpacks all of them to read one. 12 PDF
#: files of documentation sites came to 0.1 % more bytes with 100, and to the same with 2,000
#: (`python benchmarks FOLDER --sweep pdf.structure.writer:_PACK 100 2000`).
_PACK = 600
_BINARY = b"%\xe2\xe3\xcf\xd3\n"


def write(table: Table, version: str, identifier: bytes | None, *, packed: bool) -> bytes:
    """The PDF file with the objects of `table`. `packed` puts objects into object streams (PDF 1.5).

    `identifier` is the first part of the /ID of the source; None if it has none. The second part is made from what is
    written. So the same objects give the same file. Each stream is taken out of the table when it is written, so
    that a large document is not held twice.
    """
    small = [key for key, body in table.bodies.items() if body.data is None]
    large = [key for key, body in table.bodies.items() if body.data is not None]
    order = [*small, *large]
    numbers = {key: number for number, key in enumerate(order, 1)}
    out = _File(f"%PDF-{version}\n".encode() + _BINARY)
    if packed:
        first_pack = len(order) + 1
        packs = [small[at : at + _PACK] for at in range(0, len(small), _PACK)]
        for at, members in enumerate(packs):
            out.pack(
                first_pack + at,
                [(numbers[key], _text(table.bodies[key], numbers)) for key in members],
            )
    else:
        for key in small:
            out.plain(numbers[key], _text(table.bodies[key], numbers))
    freed = 0
    for key in large:
        body = table.bodies.pop(key)
        assert body.data is not None
        out.stream(numbers[key], _text(body, numbers), body.data)
        freed += len(body.data)
        if freed > memory.LARGE:
            memory.release()
            freed = 0
    trailer = _text(table.trailer, numbers)[2:-2]
    if identifier is not None:
        second = out.digest().hex()[:32]
        trailer += b"/ID[<%s><%s>]" % (identifier.hex().encode(), second.encode())
    return out.finish(trailer, packed=packed)


def _text(body: Body, numbers: dict[int, int]) -> bytes:
    return body.render(numbers.__getitem__)


class _File:
    """The file as far as it is written, and the places of its objects."""

    def __init__(self, header: bytes) -> None:
        self._file = io.BytesIO()
        self._file.write(header)
        #: the entry of each object by its number: type, offset or object stream, generation or index in that
        self._entries: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}

    def digest(self) -> bytes:
        """The SHA-256 of what is written so far."""
        return hashlib.sha256(self._file.getbuffer()).digest()

    def plain(self, number: int, text: bytes) -> None:
        self._entries[number] = (1, self._file.tell(), 0)
        self._add(b"%d 0 obj\n" % number, text, b"\nendobj\n")

    def stream(self, number: int, dictionary: bytes, data: bytes) -> None:
        self._entries[number] = (1, self._file.tell(), 0)
        head = b"%d 0 obj\n%s/Length %d>>\nstream\n" % (number, dictionary[:-2], len(data))
        self._add(head, data, b"\nendstream\nendobj\n")

    def pack(self, number: int, members: Sequence[tuple[int, bytes]]) -> None:
        """Add an object stream of `members`: their numbers and texts."""
        offsets, at = [], 0
        for index, (member, text) in enumerate(members):
            self._entries[member] = (2, number, index)
            offsets.append(b"%d %d" % (member, at))
            at += len(text) + 1
        head = b" ".join(offsets) + b"\n"
        body = deflated(head + b"\n".join(text for _, text in members))
        sizes = len(members), len(head)
        self.stream(number, b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode>>" % sizes, body)

    def finish(self, trailer: bytes, *, packed: bool) -> bytes:
        start = self._file.tell()
        if packed:
            self._xref_stream(trailer)
        else:
            rows = [
                b"%010d %05d %s \n" % (one[1], one[2], b"n" if one[0] else b"f")
                for one in self._rows()
            ]
            self._add(b"xref\n0 %d\n" % len(rows), *rows)
            self._add(b"trailer\n<<%s/Size %d>>\n" % (trailer, len(rows)))
        self._add(b"startxref\n%d\n%%%%EOF\n" % start)
        return self._file.getvalue()

    def _rows(self) -> list[tuple[int, int, int]]:
        return [self._entries[number] for number in sorted(self._entries)]

    def _xref_stream(self, trailer: bytes) -> None:
        number = len(self._entries)
        self._entries[number] = (1, self._file.tell(), 0)
        rows = self._rows()
        rows[0] = (0, 0, 0)
        dictionary, data = _reference_stream(rows)
        self.stream(number, b"<<%s/Size %d%s" % (trailer, len(rows), dictionary[2:]), data)

    def _add(self, *chunks: bytes) -> None:
        self._file.writelines(chunks)


def _reference_stream(entries: Sequence[tuple[int, int, int]]) -> tuple[bytes, bytes]:
    """Dictionary and data of the cross-reference stream with these entries (ISO 32000-1, 7.5.8)."""
    rows = np.array(entries, np.int64)
    widths = (1, max(1, (int(rows[:, 1].max()).bit_length() + 7) // 8), 2)
    columns = [
        (rows[:, at] >> 8 * shift & 255).astype(np.uint8)
        for at, width in enumerate(widths)
        for shift in reversed(range(width))
    ]
    table = np.stack(columns, axis=1)
    # A row differs little from the one above. So PNG's filter Up makes them smaller.
    above = np.zeros_like(table)
    above[1:] = table[:-1]
    filtered = np.concatenate([np.full((len(table), 1), 2, np.uint8), table - above], axis=1)
    dictionary = (
        b"<</Type/XRef/W[1 %d 2]/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns %d>>>>"
        % (widths[1], sum(widths))
    )
    return dictionary, deflated(filtered.tobytes())
