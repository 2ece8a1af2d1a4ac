"""The objects of a document in PDF syntax. Each object in use comes once, ready to get a new number.

The texts come from qpdf's writer, whose syntax is known: there is one space between tokens, parentheses in strings
are always escaped, and references look like `12 0 R`. So a regular expression takes them apart. That takes a
fraction of the time of walking through the objects in Python.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pikepdf

from . import sharing
from .table import Body, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .table import Parts

_TOKEN = re.compile(rb"(\((?:[^\\()]++|\\.)*+\)|<[0-9a-f]*+>|\b\d++ \d++ R\b)", re.DOTALL)
_TIGHTER = tuple((pair, pair.strip()) for pair in (b" /", b"[ ", b" ]", b" [", b"] ", b"<< ", b" >>", b" <<", b">> "))  # fmt: skip
_SCALAR = re.compile(rb"[-+]?[\d.]++|true|false|null")
# Line ends are escaped, too. Readers take a bare \r for \n, and Ghostscript takes two bare \n for one.
_ESCAPES = re.compile(rb"[\\()\r\n]")
_LETTERS = {b"\r": b"r", b"\n": b"n"}
# These entries of the trailer are about the source file, not about the document.
_TRAILER_KEPT_OUT = frozenset({
    "/Size", "/Prev", "/XRefStm", "/Type", "/W", "/Index", "/Filter", "/DecodeParms", "/Length",
    "/DocChecksum", "/ID",
})  # fmt: skip


def moved(stream: pikepdf.Stream) -> bytes:
    """The raw data of a stream. The stream is empty afterwards, so that the data are not held twice."""
    data = stream.read_raw_bytes()
    stream.write(b"")
    return data


def read(
    pdf: pikepdf.Pdf, data: Callable[[pikepdf.Stream], bytes] = pikepdf.Object.read_raw_bytes
) -> Table:
    """The objects of `pdf` as they are now. `data` gives the data of each stream."""
    keys: dict[tuple[int, int], int] = {}
    waiting: list[tuple[int, int]] = []

    def key(reference: tuple[int, int]) -> int:
        if reference not in keys:
            keys[reference] = len(keys)
            waiting.append(reference)
        return keys[reference]

    entries = {name: value for name, value in pdf.trailer.items() if name not in _TRAILER_KEPT_OUT}
    trailer = Body(_parts(pikepdf.Dictionary(entries).unparse(), key))
    bodies: dict[int, Body] = {}
    while waiting:
        reference = waiting.pop()
        value = pdf.get_object(*reference)
        bodies[keys[reference]] = _body(value, key, data)
    return Table({keys[one]: bodies[keys[one]] for one in sorted(keys)}, trailer)


def merged(table: Table) -> Table:
    """The table with equal resources as one object. A reference to a plain value is replaced by the value."""
    bodies = dict(table.bodies)
    may_be_one = sharing.shareable(table)
    stands: dict[int, int] = {}
    while True:
        first: dict[bytes, int] = {}
        again = {}
        for key, body in bodies.items():
            if key in may_be_one:
                again[key] = first.setdefault(_digest(body), key)
        doubles = {key: other for key, other in again.items() if key != other}
        if not doubles:
            break
        stands |= doubles
        bodies = {
            key: Body(_redirected(body.parts, doubles), body.data)
            for key, body in bodies.items()
            if key not in doubles
        }
    plain = {
        key: text
        for key, body in bodies.items()
        if body.data is None and len(body.parts) == 1
        for text in (body.parts[0],)
        if isinstance(text, bytes) and _SCALAR.fullmatch(text)
    }
    trailer = Body(_redirected(table.trailer.parts, stands))
    return _reachable(
        {key: Body(_inlined(body.parts, plain), body.data) for key, body in bodies.items()},
        Body(_inlined(trailer.parts, plain)),
    )


def _reachable(bodies: Mapping[int, Body], trailer: Body) -> Table:
    found: set[int] = set()
    waiting = list(trailer.references)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(bodies[key].references)
    return Table({key: body for key, body in bodies.items() if key in found}, trailer)


def _body(
    value: pikepdf.Object | None,
    key: Callable[[tuple[int, int]], int],
    data: Callable[[pikepdf.Stream], bytes],
) -> Body:
    if value is None:
        return Body((b"null",))
    if not isinstance(value, pikepdf.Stream):
        return Body(_parts(value.unparse(resolved=True), key), None, sharing.is_resource(value))
    entries = {name: one for name, one in value.stream_dict.items() if name != "/Length"}
    parts = _parts(pikepdf.Dictionary(entries).unparse(), key)
    return Body(parts, data(value), sharing.is_resource(value))


def _parts(text: bytes, key: Callable[[tuple[int, int]], int]) -> Parts:
    parts: list[bytes | int] = []
    held: list[bytes] = []
    # Every second piece is a string or a reference. The others are plain syntax.
    pieces = _TOKEN.split(text)
    for at, piece in enumerate(pieces):
        if at % 2 and piece[-1:] == b"R":
            number, generation, _ = piece.split(b" ")
            if held:
                parts.append(b"".join(held))
                held = []
            parts.append(key((int(number), int(generation))))
        elif at % 2:
            held.append(_string(piece))
        else:
            after_string = at > 0 and pieces[at - 1][-1:] in b")>"
            before_string = at + 1 < len(pieces) and pieces[at + 1][:1] in b"(<"
            held.append(_tight(piece, after_string=after_string, before_string=before_string))
    if held:
        parts.append(b"".join(held))
    return tuple(parts)


def _tight(text: bytes, *, after_string: bool, before_string: bool) -> bytes:
    """Plain syntax without the spaces that are needless beside delimiters."""
    for wide, narrow in _TIGHTER:
        text = text.replace(wide, narrow)
    if after_string:
        text = text.lstrip(b" ")
    return text.rstrip(b" ") if before_string else text


def _string(text: bytes) -> bytes:
    """A string token in its shorter form."""
    if text[:1] != b"<":
        return text
    plain = bytes.fromhex(text[1:-1].decode())
    escaped = b"(" + _ESCAPES.sub(_escape, plain) + b")"
    return min(escaped, text, key=len)


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\" + _LETTERS.get(found[0], found[0])


def _digest(body: Body) -> bytes:
    digest = hashlib.sha256(body.render(lambda key: key))
    if body.data is not None:
        digest.update(b"\nstream\n" + hashlib.sha256(body.data).digest())
    return digest.digest()


def _redirected(parts: Parts, stands: Mapping[int, int]) -> Parts:
    def last(key: int) -> int:
        while key in stands:
            key = stands[key]
        return key

    return tuple(last(part) if isinstance(part, int) else part for part in parts)


def _inlined(parts: Parts, plain: Mapping[int, bytes]) -> Parts:
    return tuple(plain.get(part, part) if isinstance(part, int) else part for part in parts)
