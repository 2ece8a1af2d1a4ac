"""What coded pictures an AVIF shows, and with what properties, before anything is decoded."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .avif_boxes import boxes, find, primary_item

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
# A grid, its transparency, tiles of that; a ring of references has no end.
_DEEPEST = 4
_MOST = 10_000
_PROFILES = (b"prof", b"rICC")

#: type, content, and whether it is marked as essential
_Property = tuple[bytes, bytes, bool]


class _Senseless(Exception):
    """A table is cut short or points to nothing."""


def coded(data: bytes) -> object:
    """What the AVIF `data` is made of; None where the boxes make no sense.

    Files for which this is equal have the same coded pictures, transparency and properties, so no
    viewer shows one unlike the other. Profiles, names and places are not part of it, nor metadata
    unless it may say how to use an auxiliary picture other than transparency.
    """
    try:
        return _Parts(data).all()
    except _Senseless:
        return None


class _Fields:
    """The numbers of a table, one after the other."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.at, self.end = data, start, end

    def next(self, size: int) -> int:
        if self.at + size > self.end:
            raise _Senseless
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def times(self, size: int) -> range:
        count = self.next(size)
        if count > _MOST:
            raise _Senseless
        return range(count)


class _Parts:
    """The items of a file and what is said of them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        meta = find(data, 0, len(data), b"meta")
        primary = meta and primary_item(data, meta[0] + 4, meta[1])
        if not meta or primary is None:
            raise _Senseless
        self._table = meta[0] + 4, meta[1]
        self._primary = primary
        self._kinds = dict(self._read_kinds())
        self._digests = dict(self._read_places())
        self._properties = dict(self._read_properties())
        self._refers: dict[int, list[tuple[bytes, list[int]]]] = {}
        self._beside: dict[int, list[int]] = {}
        for kind, source, to in self._read_references():
            self._refers.setdefault(source, []).append((kind, to))
            for one in to if kind == b"auxl" else ():
                self._beside.setdefault(one, []).append(source)
        self._described = 0

    def all(self) -> object:
        """The picture, and all else there is if it may matter."""
        shown = self._describe(self._primary, 0)
        if all(self._is_alpha(one) for beside in self._beside.values() for one in beside):
            return shown
        return shown, sorted((kind, self._digests.get(one)) for one, kind in self._kinds.items())

    def _describe(self, item: int, depth: int) -> object:
        self._described += 1
        if depth > _DEEPEST or self._described > _MOST or item not in self._digests:
            raise _Senseless
        made_of = [
            (kind, [self._describe(one, depth + 1) for one in to])
            for kind, to in self._refers.get(item, [])
            if kind not in (b"auxl", b"thmb", b"cdsc")
        ]
        beside = [self._describe(one, depth + 1) for one in self._beside.get(item, [])]
        properties = self._properties.get(item, [])
        return self._kinds.get(item), self._digests[item], properties, made_of, beside

    def _is_alpha(self, item: int) -> bool:
        return any(
            kind == b"auxC" and content[4:].startswith(_ALPHA)
            for kind, content, _ in self._properties.get(item, [])
        )

    def _box(self, kind: bytes) -> tuple[_Fields, int, int] | None:
        """A full box of the table of items, its version, and its flags."""
        place = find(self._data, *self._table, kind)
        if place is None:
            return None
        fields = _Fields(self._data, *place)
        return fields, fields.next(1), fields.next(3)

    def _read_kinds(self) -> Iterator[tuple[int, bytes]]:
        box = self._box(b"iinf")
        if box is None:
            raise _Senseless
        fields, version, _ = box
        fields.next(4 if version else 2)
        for _, start, end in boxes(self._data, fields.at, fields.end):
            entry = _Fields(self._data, start, end)
            version = entry.next(1)
            entry.next(3)
            item = entry.next(4 if version > 2 else 2)
            entry.next(2)
            yield item, entry.next(4).to_bytes(4, "big")

    def _read_places(self) -> Iterator[tuple[int, bytes]]:
        """A digest of each item's bytes; items whose bytes are not simply there have none."""
        box = self._box(b"iloc")
        if box is None:
            raise _Senseless
        fields, version, _ = box
        sizes = fields.next(2)
        inside = find(self._data, *self._table, b"idat") or (0, 0)
        known: dict[object, bytes] = {}
        total = 0
        for _ in fields.times(4 if version > 1 else 2):
            item = fields.next(4 if version > 1 else 2)
            method = fields.next(2) & 15 if version else 0
            elsewhere = fields.next(2)
            base = fields.next(sizes >> 4 & 15)
            extents = []
            for _ in fields.times(2):
                fields.next(sizes & 15 if version else 0)
                at = base + fields.next(sizes >> 12)
                extents.append((at, fields.next(sizes >> 8 & 15)))
            if method > 1 or elsewhere:
                continue
            place = (method, tuple(extents))
            if place not in known:
                total += sum(size for _, size in extents)
                if total > len(self._data):
                    raise _Senseless
                start, end = inside if method else (0, len(self._data))
                known[place] = self._digest(start, end, extents)
            yield item, known[place]

    def _digest(self, start: int, end: int, extents: list[tuple[int, int]]) -> bytes:
        digest = hashlib.sha256()
        for at, size in extents:
            if not size or start + at + size > end:
                raise _Senseless
            digest.update(self._data[start + at : start + at + size])
        return digest.digest()

    def _read_properties(self) -> Iterator[tuple[int, list[_Property]]]:
        place = find(self._data, *self._table, b"iprp")
        known = place and find(self._data, *place, b"ipco")
        owners = place and find(self._data, *place, b"ipma")
        if not known or not owners:
            raise _Senseless
        every = [(kind, self._data[at:end]) for kind, at, end in boxes(self._data, *known)]
        fields = _Fields(self._data, *owners)
        version, flags = fields.next(1), fields.next(3)
        bits = 15 if flags & 1 else 7
        for _ in fields.times(4):
            item = fields.next(4 if version else 2)
            found = []
            for _ in range(fields.next(1)):
                essential, number = divmod(fields.next((bits + 1) // 8), 1 << bits)
                if number > len(every):
                    raise _Senseless
                if number:
                    kind, content = every[number - 1]
                    if kind != b"colr" or content[:4] not in _PROFILES:
                        found.append((kind, content, bool(essential)))
            yield item, found

    def _read_references(self) -> Iterator[tuple[bytes, int, list[int]]]:
        box = self._box(b"iref")
        if box is None:
            return
        fields, version, _ = box
        size = 4 if version else 2
        for kind, start, end in boxes(self._data, fields.at, fields.end):
            one = _Fields(self._data, start, end)
            yield kind, one.next(size), [one.next(size) for _ in one.times(2)]
