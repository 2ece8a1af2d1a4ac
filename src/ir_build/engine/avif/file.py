"""An AVIF file taken apart: what its tables say of its items, and where the bytes of the items are.

Sources: ISO/IEC 14496-12 (items), ISO/IEC 23008-12 (HEIF), the AVIF specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...containers.iso_bmff import Box, boxes, spans
from ...errors import CorruptFile, FileSkipped, Reason
from ..shared import content_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Not fitted: more items or extents than any still picture has. More are an attack.
_MAX_ENTRIES = 10_000
#: the box of content credentials (C2PA specification, A.5)
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_PROFILES = (b"prof", b"rICC")


@dataclass(frozen=True, slots=True)
class Span:
    """A box that is in no other box: its type, where it begins, where its content begins, and where it ends."""

    kind: bytes
    start: int
    content: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the table of items."""

    #: a type of four characters
    kind: bytes
    #: the media type of a `mime` item
    content_type: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of an item, and the fields of the table that say where it is."""

    start: int
    size: int
    #: whether it is in the box `idat`, and its offset counts from there
    in_idat: bool
    #: the bytes of the file that hold its offset and its length
    offset: slice
    length: slice


@dataclass(frozen=True, slots=True)
class AvifFile:
    """The tables of an AVIF file."""

    data: bytes
    #: major brand first
    brands: tuple[bytes, ...]
    top: tuple[Span, ...]
    primary: int
    items: dict[int, Item]
    #: the pieces of the items whose bytes are in this file
    extents: dict[int, tuple[Extent, ...]]
    #: the properties of all items together
    properties: tuple[Box, ...]
    #: the types of references from item to item
    references: frozenset[bytes]

    @property
    def profiles(self) -> list[bytes]:
        """The colour profiles of all items."""
        found = [box.data for box in self.properties if box.kind == b"colr"]
        return [one[4:] for one in found if one[:4] in _PROFILES]

    def bytes_of(self, number: int) -> bytes:
        """The content of an item: a coded picture or metadata. It is empty if it is not in the file."""
        pieces = self.extents.get(number, ())
        return b"".join(self.data[one.start : one.start + one.size] for one in pieces)


def left(what: str) -> FileSkipped:
    """The error for an AVIF that must stay as it is because of `what`."""
    return FileSkipped(Reason.UNSUPPORTED_VARIANT, f"AVIF with {what}")


def read(data: bytes) -> AvifFile:
    """The tables of the AVIF file `data`.

    Raises `CorruptFile` if a box is damaged, and `FileSkipped` if the file is signed or has parts that are
    protected or in other files.
    """
    top = tuple(Span(*span) for span in spans(data))
    if not top or top[0].kind != b"ftyp" or top[0].end - top[0].content < 8:
        raise CorruptFile("not an AVIF file")
    head = data[top[0].content : top[0].end]
    brands = tuple(head[at : at + 4] for at in (0, *range(8, len(head) - 3, 4)))
    table = next((one for one in top if one.kind == b"meta"), None)
    if table is None:
        raise CorruptFile("no table of items")
    if any(one.kind == b"uuid" and data.startswith(_C2PA, one.content) for one in top):
        raise content_credentials.signed()
    meta = {
        kind: _Fields(data, table.content + 4 + start, table.content + 4 + end)
        for kind, _, start, end in spans(data[table.content + 4 : table.end])
    }
    if b"hdlr" in meta and any(meta[b"hdlr"].rest[12:24]):
        # Other decoders accept such a file.
        raise CorruptFile("what is reserved in its handler is set: browsers don't show it")
    idat = meta[b"idat"].span if b"idat" in meta else (0, 0)
    items = dict(_items(meta[b"iinf"])) if b"iinf" in meta else {}
    primary = meta[b"pitm"].versioned_number(1) if b"pitm" in meta else 0
    if primary not in items and b"avis" not in brands:
        raise CorruptFile("no primary item")
    return AvifFile(
        data,
        brands,
        top,
        primary,
        items,
        dict(_extents(meta[b"iloc"], idat, (0, len(data)))) if b"iloc" in meta else {},
        tuple(_properties(meta[b"iprp"].rest)) if b"iprp" in meta else (),
        frozenset(box.kind for box in boxes(meta[b"iref"].rest[4:]))
        if b"iref" in meta
        else frozenset(),
    )


class _Fields:
    """The big-endian numbers of a box, one after the other."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self.at, self._end = data, at, end

    def number(self, size: int) -> int:
        """The next number, of `size` bytes. Raises `CorruptFile` at the end of the box."""
        if self.at + size > self._end:
            raise CorruptFile("a table of the AVIF is cut short")
        self.at += size
        return int.from_bytes(self._data[self.at - size : self.at], "big")

    def versioned_number(self, wide_from: int) -> int:
        """The number after the version and flags of a box: four bytes from the version `wide_from` on, else two."""
        return self.number(4 if self.number(4) >> 24 >= wide_from else 2)

    def count(self, size: int) -> range:
        """As many turns as the next number says, a number of `size` bytes. Raises `CorruptFile`."""
        value = self.number(size)
        if value > _MAX_ENTRIES:
            raise CorruptFile("a table of the AVIF is too long")
        return range(value)

    @property
    def span(self) -> tuple[int, int]:
        """Where what has not been read begins and ends."""
        return self.at, self._end

    @property
    def rest(self) -> bytes:
        """What has not been read."""
        return self._data[self.at : self._end]


def _items(table: _Fields) -> Iterator[tuple[int, Item]]:
    table.versioned_number(1)
    for entry in boxes(table.rest):
        fields = _Fields(entry.data, 0, len(entry.data))
        item = fields.versioned_number(3)
        if fields.number(2):
            raise left("protected parts")
        kind = fields.number(4).to_bytes(4, "big")
        # The name of an item follows its type, and the media type follows its name.
        yield item, Item(kind, b"".join(fields.rest.split(b"\0")[1:2]))


def _properties(tables: bytes) -> Iterator[Box]:
    for box in boxes(tables):
        if box.kind == b"ipco":
            yield from boxes(box.data)


def _extents(
    fields: _Fields, idat: tuple[int, int], file: tuple[int, int]
) -> Iterator[tuple[int, tuple[Extent, ...]]]:
    """The extents of each item. `idat` and `file` are where the bytes of that box and of all begin and end.

    Decoders differ in what they make of places that are not there, so nothing may be built on these.
    """
    version = fields.number(4) >> 24
    sizes = fields.number(2)
    offset_width, length_width, base_width, index_width = (sizes >> at & 15 for at in (12, 8, 4, 0))
    for _ in fields.count(4 if version > 1 else 2):
        item = fields.number(4 if version > 1 else 2)
        method = fields.number(2) & 15 if version else 0
        if fields.number(2) or method > 1:
            raise left("parts in other files, or made of other parts")
        base, end = idat if method else file
        base += fields.number(base_width)
        extents = []
        for _ in fields.count(2):
            fields.number(index_width if version else 0)
            at = fields.at
            start = base + fields.number(offset_width)
            size = fields.number(length_width)
            if not size or start + size > end:
                raise CorruptFile("a part of the AVIF is empty, or behind its end")
            offset, length = slice(at, at + offset_width), slice(at + offset_width, fields.at)
            extents.append(Extent(start, size, method == 1, offset, length))
        yield item, tuple(extents)
