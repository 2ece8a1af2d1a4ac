"""A linearized file as qpdf writes it, in fewer bytes: the same objects in the same order."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np

from . import linear_hints, objects, writer
from .filters import deflated

_PARAMETERS = re.compile(
    rb"(\d+) 0 obj\n<< /Linearized 1 /L \d+ /H \[ (\d+) (\d+) \] /O (\d+) /E (\d+) /N (\d+) /T \d+ >>"
)
_REFERENCES = re.compile(
    rb"(\d+) 0 obj\n<< /Type /XRef /Length (\d+) /Filter /FlateDecode"
    rb" /DecodeParms << /Columns (\d+) /Predictor 12 >> /W \[ 1 (\d) 1 \](?: /Index \[ (\d+) \d+ \])?"
    rb" ([^\0]*?) >>\nstream\n"
)
_PREVIOUS = re.compile(rb"/Prev (\d+) *")
_LENGTH = re.compile(rb" /Length (\d+)")
_METADATA = re.compile(rb"/Type /Metadata\b")
_END = b"\nendobj"
#: space for the linearization parameters, which tell places that are only known later
_SPACE = 160

Entries = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class _References:
    """A cross-reference stream."""

    number: int
    first: int  #: the number of the first object in it
    entries: Entries
    trailer: bytes  #: the rest of its dictionary


def tightened(data: bytes, *, plain_metadata: bool) -> bytes:
    """The file with tight syntax, object streams packed best, and hints that follow.

    `plain_metadata` leaves XMP without a filter, as qpdf writes it. Raises `ValueError` or
    `KeyError` for a file that is not as expected.
    """
    parameters = _match(_PARAMETERS, data, data.index(b"obj\n") - 10)
    number, hints_at, hints_size, page, first_end, pages = map(int, parameters.groups())
    first = _references(data, parameters.end())
    last_at = int(_match(_PREVIOUS, first.trailer)[1])
    last = _references(data, last_at)
    places = _places(first) | _places(last)
    for one in (number, first.number, last.number):
        places.pop(one, None)
    hints_number = {place: key for key, place in places.items()}[hints_at]
    second = places.get(1, 0)
    del places[hints_number]
    order = sorted(places, key=places.__getitem__)
    ends = [*(places[one] for one in order[1:]), last_at]
    texts = [
        _text(data[places[one] : end], one, plain_metadata=plain_metadata)
        for one, end in zip(order, ends, strict=True)
    ]

    def shift(place: int) -> int:
        """The place as hints tell it: as if they were not there themselves."""
        return place - hints_size if place > hints_at else place

    before = sum(place < hints_at for place in places.values())
    header = data[: parameters.start()]
    space = 0
    while True:
        at, moved = len(header) + _SPACE + space, {}
        for one, text in zip(order, texts, strict=True):
            moved[shift(places[one])] = at
            at += len(text)
        moved[shift(last_at)] = at
        hint = _hints(
            data[hints_at : hints_at + hints_size], hints_number, pages, shift(second), moved
        )
        now = {
            one: moved[shift(place)] + (len(hint) if place > hints_at else 0)
            for one, place in places.items()
        }
        end = at + len(hint)
        now |= {number: len(header), first.number: len(header) + _SPACE, last.number: end}
        now[hints_number] = moved[hints_at]
        head = _rewritten(first, now, end)
        if len(head) <= space:
            break
        space = len(head) + 8
    tail = _rewritten(last, now, None) + b"startxref\n%d\n%%%%EOF\n" % now[first.number]
    told = b"%d 0 obj\n<</Linearized 1/L %d/H[%d %d]/O %d/E %d/N %d/T %d>>\nendobj" % (
        number, end + len(tail), now[hints_number], len(hint), page,
        moved[shift(first_end)] + len(hint), pages, end - 1,
    )  # fmt: skip
    return b"".join((
        header, told.ljust(_SPACE - 1), b"\n", head.ljust(space), *texts[:before], hint,
        *texts[before:], tail,
    ))  # fmt: skip


def _match(pattern: re.Pattern[bytes], data: bytes, start: int = 0) -> re.Match[bytes]:
    found = pattern.search(data, start)
    if found is None:
        raise ValueError("not as qpdf writes it")
    return found


def _references(data: bytes, start: int) -> _References:
    found = _match(_REFERENCES, data, start)
    number, length, columns, width = (int(one) for one in found.group(1, 2, 3, 4))
    plain = zlib.decompress(data[found.end() : found.end() + length])
    # All rows have PNG's filter Up.
    rows = np.frombuffer(plain, np.uint8).reshape(-1, columns + 1)[:, 1:].cumsum(0, np.uint8)
    entries = [
        (int(row[0]), int.from_bytes(row[1 : 1 + width].tobytes(), "big"), int(row[-1]))
        for row in rows
    ]
    return _References(number, int(found[5] or 0), entries, found[6])


def _places(references: _References) -> dict[int, int]:
    return {
        number: place
        for number, (kind, place, _) in enumerate(references.entries, references.first)
        if kind == 1
    }


def _rewritten(references: _References, now: dict[int, int], previous: int | None) -> bytes:
    """The cross-reference stream with new places, and of the stream before it."""
    rows = [
        (1, now[number], 0) if entry[0] == 1 else (entry if entry[0] else (0, 0, 0))
        for number, entry in enumerate(references.entries, references.first)
    ]
    trailer = references.trailer
    if previous is not None:
        trailer = _PREVIOUS.sub(b"/Prev %d " % previous, trailer)
    dictionary, data = writer.reference_stream(rows)
    index = b"/Index[%d %d]" % (references.first, len(rows))
    tight = objects.tight(b"<< %s >>" % trailer)[2:-2]
    text = b"<<%s%s%s" % (tight, index, dictionary[2:])
    return writer.stream_text(references.number, text, data)


def _hints(text: bytes, number: int, pages: int, second: int, moved: dict[int, int]) -> bytes:
    dictionary, data = _stream(text, number)
    found = re.findall(rb"/[SO] (\d+)", dictionary)  # qpdf sorts the keys but for /S
    names = re.findall(rb"/([SO]) \d+", dictionary)
    starts = sorted(int(one) for one in found)
    tables, starts = linear_hints.moved(
        zlib.decompress(data), starts, pages, second, moved.__getitem__
    )
    told = b"".join(b"/%s %d" % pair for pair in zip(names, starts, strict=True))
    return writer.stream_text(number, b"<</Filter/FlateDecode%s>>" % told, deflated(tables))


def _stream(text: bytes, number: int) -> tuple[bytes, bytes]:
    """The dictionary of a stream without its length, and the data."""
    head, _, rest = text.removeprefix(b"%d 0 obj\n" % number).partition(b"\nstream\n")
    for found in _LENGTH.finditer(head):
        length = int(found[1])
        if rest[length:].lstrip(b"\n").startswith(b"endstream\nendobj"):
            return head[: found.start()] + head[found.end() :], rest[:length]
    raise ValueError("a stream of another length")


def _text(text: bytes, number: int, *, plain_metadata: bool) -> bytes:
    """An object in tight syntax."""
    head = b"%d 0 obj\n" % number
    if not text.startswith(head):
        raise ValueError("no object where there should be one")
    if b"\nstream\n" not in text:
        return head + objects.tight(text[len(head) : text.rindex(_END)]) + _END + b"\n"
    dictionary, data = _stream(text, number)
    if dictionary.startswith(b"<< /Type /ObjStm"):
        return writer.stream_text(number, *writer.object_stream(_members(dictionary, data)))
    if _METADATA.search(dictionary) and b"/Filter" not in dictionary and not plain_metadata:
        dictionary, data = b"<< /Filter /FlateDecode" + dictionary[2:], deflated(data)
    return writer.stream_text(number, objects.tight(dictionary), data)


def _members(dictionary: bytes, data: bytes) -> list[tuple[int, bytes]]:
    plain = zlib.decompress(data)
    first = int(_match(re.compile(rb"/First (\d+)"), dictionary)[1])
    numbers = [int(one) for one in plain[:first].split()]
    starts = numbers[1::2]
    ends = [*starts[1:], len(plain) - first]
    return [
        (number, objects.tight(plain[first + start : first + end].strip()))
        for number, start, end in zip(numbers[::2], starts, ends, strict=True)
    ]
