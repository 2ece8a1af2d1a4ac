"""An AVIF file taken apart: its pictures, what belongs to them, and where their bytes are.

Sources: ISO/IEC 14496-12 (items), 23008-12 (HEIF), the AVIF specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ...containers.iso_bmff import Box, boxes
from ...errors import CorruptFile, FileSkipped, Reason
from ..shared import content_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_T = TypeVar("_T")

#: more items or associations than any still picture has
_MAX_ENTRIES = 10_000
#: the box of content credentials (C2PA specification, A.5)
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@dataclass(frozen=True, slots=True)
class Property(Box):
    """A box about an item."""

    #: a viewer that does not know it must not show the item
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """Where the bytes of an item are."""

    #: 0 in the file, 1 in the box `idat`, 2 in another item
    method: int
    #: starts and lengths
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the item table with its properties, in the order of their association."""

    kind: bytes
    properties: tuple[Property, ...]
    #: what the entry says of the item after its type: its name and more
    description: bytes = b""
    hidden: bool = False
    location: Location | None = None

    def first(self, kind: bytes) -> bytes | None:
        """The content of the first property of this type."""
        return next((box.data for box in self.properties if box.kind == kind), None)


@dataclass(frozen=True, slots=True)
class AvifFile:
    """The items of an AVIF file and how they hang together."""

    data: bytes
    #: major brand first
    brands: tuple[bytes, ...]
    #: the boxes at the top of the file, and those of the table of items
    boxes: tuple[Box, ...]
    meta: tuple[Box, ...]
    primary: int
    items: dict[int, Item]
    #: type, the item that refers, those it refers to
    references: tuple[tuple[bytes, int, tuple[int, ...]], ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the primary item, before it is turned."""
        extents = self.items[self.primary].first(b"ispe") or b""
        if len(extents) < 12:
            raise left("no size")
        return int.from_bytes(extents[4:8]), int.from_bytes(extents[8:12])

    def bytes_of(self, item: Item) -> bytes:
        """The coded picture or metadata that an item is. Raises `CorruptFile`, `FileSkipped`."""
        place = item.location
        if place is None or place.method > 1:
            raise left("bytes in an unusual place")
        source = self.data
        if place.method == 1:
            source = b"".join(box.data for box in self.meta if box.kind == b"idat")
        sizes = [size for _, size in place.extents]
        if not all(sizes) or sum(sizes) > len(source):
            raise left("bytes of unknown length")
        if any(start + size > len(source) for start, size in place.extents):
            raise CorruptFile("the AVIF is cut short")
        return b"".join(source[start : start + size] for start, size in place.extents)


def left(what: str) -> FileSkipped:
    """The error for an AVIF that must stay as it is because of `what`."""
    return FileSkipped(Reason.UNSUPPORTED_VARIANT, f"AVIF with {what}")


def read(data: bytes) -> AvifFile:
    """The structure of an AVIF file; raises `CorruptFile` where a box does not hold together."""
    top = tuple(boxes(data))
    if not top or top[0].kind != b"ftyp" or len(top[0].data) < 8:
        raise CorruptFile("not an AVIF file")
    head = top[0].data
    brands = tuple(head[at : at + 4] for at in (0, *range(8, len(head) - 3, 4)))
    table = next((box.data for box in top if box.kind == b"meta"), None)
    if table is None:
        raise CorruptFile("no table of items")
    if any(box.kind == b"uuid" and box.data.startswith(_C2PA) for box in top):
        raise content_credentials.signed()
    meta = tuple(boxes(table[4:]))
    _check_handler(meta)
    items: dict[int, Item] = {}
    links: dict[int, tuple[Property, ...]] = {}
    places: dict[int, Location] = {}
    references: list[tuple[bytes, int, tuple[int, ...]]] = []
    primary = 0
    for box in meta:
        if box.kind == b"pitm":
            primary = _FieldReader(box.data).versioned_id(1)
        elif box.kind == b"iinf":
            items = _unique(_items(box.data))
        elif box.kind == b"iprp":
            links = _unique(_properties(box.data))
        elif box.kind == b"iloc":
            places = _unique(_locations(box.data))
        elif box.kind == b"iref":
            references = list(_references(box.data))
    items = {
        number: Item(
            item.kind,
            links.get(number, ()),
            item.description,
            item.hidden,
            places.get(number),
        )
        for number, item in items.items()
    }
    if primary not in items:
        if b"avis" in brands:
            raise left("an image sequence")
        raise CorruptFile("no primary item")
    # What else than depths this box may say with a flag, browsers do not know yet.
    if any(any((item.first(b"pixi") or b"")[:4]) for item in items.values()):
        raise left("depths of another kind")
    return AvifFile(data, brands, top, meta, primary, items, tuple(references))


def _check_handler(meta: tuple[Box, ...]) -> None:
    """Raise `CorruptFile` for a handler that browsers don't take, though other decoders do."""
    handler = next((box.data for box in meta if box.kind == b"hdlr"), b"")
    if any(handler[12:24]):
        raise CorruptFile("what is reserved in its handler is set: browsers don't show it")


def _unique(entries: Iterable[tuple[int, _T]]) -> dict[int, _T]:
    found: dict[int, _T] = {}
    for number, entry in entries:
        if number in found:
            raise CorruptFile("an item of the AVIF is there twice")
        found[number] = entry
    return found


class _FieldReader:
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


def _items(data: bytes) -> Iterator[tuple[int, Item]]:
    reader = _FieldReader(data)
    version = reader.number(4) >> 24
    reader.count(4 if version else 2)
    for entry in boxes(reader.rest):
        fields = _FieldReader(entry.data)
        full = fields.number(4)
        if full >> 24 < 2:
            raise CorruptFile("an item without a type")
        item = fields.number(4 if full >> 24 > 2 else 2)
        if fields.number(2):
            raise left("protected parts")
        kind = fields.number(4).to_bytes(4, "big")
        yield item, Item(kind, (), fields.rest, hidden=bool(full & 1))


def _properties(data: bytes) -> Iterator[tuple[int, tuple[Property, ...]]]:
    tables = list(boxes(data))
    if [box.kind for box in tables] != [b"ipco", b"ipma"]:
        raise left("properties in an unusual order")
    known = list(boxes(tables[0].data))
    reader = _FieldReader(tables[1].data)
    full = reader.number(4)
    version, size = full >> 24, 2 if full & 1 else 1
    total = 0
    for _ in reader.count(4):
        item = reader.number(4 if version else 2)
        found = []
        for _ in reader.count(1):
            essential, index = divmod(reader.number(size), 1 << 8 * size - 1)
            total += 1
            if index > len(known) or total > _MAX_ENTRIES:
                raise CorruptFile("a property that is not there")
            if index:
                box = known[index - 1]
                found.append(Property(box.kind, box.data, bool(essential)))
        yield item, tuple(found)


def _locations(data: bytes) -> Iterator[tuple[int, Location]]:
    reader = _FieldReader(data)
    version = reader.number(4) >> 24
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> at & 15 for at in (12, 8, 4, 0))
    total = 0
    for _ in reader.count(4 if version > 1 else 2):
        item = reader.number(4 if version > 1 else 2)
        method = reader.number(2) & 15 if version else 0
        # Bytes in another file are as unusual as those in another item.
        method = 2 if reader.number(2) else method
        base = reader.number(base_size)
        extents = []
        for _ in reader.count(2):
            if version:
                reader.number(index_size)
            offset = base + reader.number(offset_size)
            extents.append((offset, reader.number(length_size)))
            total += 1
            if total > _MAX_ENTRIES:
                raise CorruptFile("a table of the AVIF is too long")
        yield item, Location(method, tuple(extents))


def _references(data: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    reader = _FieldReader(data)
    size = 4 if reader.number(4) >> 24 else 2
    for box in boxes(reader.rest):
        fields = _FieldReader(box.data)
        source = fields.number(size)
        yield box.kind, source, tuple(fields.number(size) for _ in fields.count(2))
