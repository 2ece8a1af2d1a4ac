"""The boxes of an AVIF file, as far as they say what kind of picture it is.

Sources: ISO/IEC 14496-12 (boxes, items), 23008-12 (HEIF), the AVIF specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CorruptFile

if TYPE_CHECKING:
    from collections.abc import Iterator

#: more boxes, items or associations than any still picture has
_MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Box:
    """A type and the content that follows it."""

    kind: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the item table with its properties, in the order of their association."""

    kind: bytes
    properties: tuple[Box, ...]

    def first(self, kind: bytes) -> bytes | None:
        """The content of the first property of this type."""
        return next((box.data for box in self.properties if box.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Picture:
    """The items of an AVIF file and how they hang together."""

    #: major brand first
    brands: tuple[bytes, ...]
    #: types of the boxes at the top of the file
    boxes: tuple[bytes, ...]
    primary: int
    items: dict[int, Item]
    #: type, the item that refers, those it refers to
    references: tuple[tuple[bytes, int, tuple[int, ...]], ...]


def read(data: bytes) -> Picture:
    """The structure of an AVIF file; raises `CorruptFile` where a box does not hold together."""
    top = list(boxes(data))
    if not top or top[0].kind != b"ftyp" or len(top[0].data) < 8:
        raise CorruptFile("not an AVIF file")
    head = top[0].data
    brands = tuple(head[at : at + 4] for at in (0, *range(8, len(head) - 3, 4)))
    meta = next((box.data for box in top if box.kind == b"meta"), None)
    if meta is None:
        raise CorruptFile("no table of items")
    kinds: dict[int, bytes] = {}
    links: dict[int, list[Box]] = {}
    references: list[tuple[bytes, int, tuple[int, ...]]] = []
    primary = 0
    for box in boxes(meta[4:]):
        if box.kind == b"pitm":
            primary = _Reader(box.data).versioned_id(1)
        elif box.kind == b"iinf":
            kinds = dict(_item_kinds(box.data))
        elif box.kind == b"iprp":
            links = _properties(box.data)
        elif box.kind == b"iref":
            references = list(_references(box.data))
    items = {item: Item(kind, tuple(links.get(item, ()))) for item, kind in kinds.items()}
    if primary not in items:
        raise CorruptFile("no primary item")
    return Picture(brands, tuple(box.kind for box in top), primary, items, tuple(references))


def boxes(data: bytes) -> Iterator[Box]:
    """The boxes that fill `data`."""
    at = count = 0
    while at < len(data):
        count += 1
        size, kind, header = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < header or at + size > len(data) or count > _MAX_ENTRIES:
            raise CorruptFile("a box of the AVIF is cut short")
        yield Box(kind, data[at + header : at + size])
        at += size


class _Reader:
    """Big-endian numbers, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, size: int) -> int:
        """The next `size` bytes."""
        if self._at + size > len(self._data):
            raise CorruptFile("a table of the AVIF is cut short")
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big")

    def versioned_id(self, wide_from: int) -> int:
        """An item after the version and flags of its box, four bytes wide from that version."""
        version = self.number(1)
        self.number(3)
        return self.number(4 if version >= wide_from else 2)

    def count(self, size: int) -> range:
        """As many turns as the next number says."""
        value = self.number(size)
        if value > _MAX_ENTRIES:
            raise CorruptFile("a table of the AVIF is too long")
        return range(value)

    @property
    def rest(self) -> bytes:
        """What has not been read."""
        return self._data[self._at :]


def _item_kinds(data: bytes) -> Iterator[tuple[int, bytes]]:
    reader = _Reader(data)
    version = reader.number(4) >> 24
    reader.count(4 if version else 2)
    for entry in boxes(reader.rest):
        fields = _Reader(entry.data)
        version = fields.number(4) >> 24
        if version < 2:
            raise CorruptFile("an item without a type")
        item = fields.number(4 if version > 2 else 2)
        fields.number(2)
        yield item, fields.number(4).to_bytes(4, "big")


def _properties(data: bytes) -> dict[int, list[Box]]:
    known: list[Box] = []
    links: dict[int, list[Box]] = {}
    for box in boxes(data):
        if box.kind == b"ipco":
            known = list(boxes(box.data))
    for box in boxes(data):
        if box.kind != b"ipma":
            continue
        reader = _Reader(box.data)
        full = reader.number(4)
        version, wide = full >> 24, full & 1
        total = 0
        for _ in reader.count(4):
            item = reader.number(4 if version else 2)
            for _ in reader.count(1):
                index = reader.number(2) & 0x7FFF if wide else reader.number(1) & 0x7F
                total += 1
                if index > len(known) or total > _MAX_ENTRIES:
                    raise CorruptFile("a property that is not there")
                if index:
                    links.setdefault(item, []).append(known[index - 1])
    return links


def _references(data: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    reader = _Reader(data)
    size = 4 if reader.number(4) >> 24 else 2
    for box in boxes(reader.rest):
        fields = _Reader(box.data)
        source = fields.number(size)
        yield box.kind, source, tuple(fields.number(size) for _ in fields.count(2))
