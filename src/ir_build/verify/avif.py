"""What Pillow does not say about an AVIF: its coded pictures, its colour tags, and its gain map.

The boxes are those of ISO/IEC 14496-12 (ISOBMFF) and of ISO/IEC 23008-12 (HEIF).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Code points of ITU-T H.273 that browsers show as sRGB. 2 means "unspecified".
_SRGB_PRIMARIES = frozenset({1, 2})
_SRGB_TRANSFERS = frozenset({1, 2, 6, 13, 14, 15})
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
_METADATA = (b"Exif", b"mime")
# Boxes with the bytes of items or the table of their places, and boxes of free space.
_CONTENT = frozenset({b"meta", b"mdat", b"iloc", b"idat", b"free", b"skip"})
# More entries than any still picture has. Not fitted: a limit of work for files that would take long to read.
_MOST = 10_000


class _Senseless(Exception):
    """A table is cut short."""


def coded(data: bytes) -> object:
    """What the AVIF `data` is made of; None if that cannot be told, as for a sequence.

    If this is equal for two files, they have the same coded pictures and the same tables. So every viewer shows
    them alike. Metadata is left out. It counts only if there is an auxiliary picture other than transparency,
    because metadata may say how to use that picture.
    """
    table = _table(data)
    every = [*boxes(data, 0, len(data)), *boxes(data, *table)]
    if any(kind == b"moov" for kind, _, _ in every):
        return None
    try:
        kinds = dict(_kinds(data))
        digests = dict(_digests(data, table))
    except _Senseless:
        return None
    auxiliary = [content for kind, content in _properties(data) if kind == b"auxC"]
    if all(content[4:].startswith(_ALPHA) for content in auxiliary):
        kinds = {item: kind for item, kind in kinds.items() if kind not in _METADATA}
    if not kinds.keys() <= digests.keys() or not kinds:
        return None
    tables = [(kind, data[at:end]) for kind, at, end in every if kind not in _CONTENT]
    return tables, {item: digests[item] for item in kinds}


def colour_tag(data: bytes) -> tuple[object, ...] | None:
    """The colour tags of the AVIF `data` that are not sRGB; None if there are none.

    The result is "cicp", then the primaries and the transfer of each tag, as ITU-T H.273 numbers them. It is None,
    too, if the boxes make no sense. The decoder will say so then.
    """
    found = {
        (int.from_bytes(content[4:6], "big"), int.from_bytes(content[6:8], "big"))
        for kind, content in _properties(data)
        if kind == b"colr" and content[:4] == b"nclx"
    }
    others = [
        (primaries, transfer)
        for primaries, transfer in sorted(found)
        if primaries not in _SRGB_PRIMARIES or transfer not in _SRGB_TRANSFERS
    ]
    return ("cicp", *others) if others else None


def has_gain_map(data: bytes) -> bool:
    """Whether the AVIF `data` has a derived picture for brighter screens (a `tmap` item)."""
    return b"tmap" in dict(_kinds(data)).values()


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes in `data` between the offsets `start` and `end`: the type of each, and the offsets of its content.

    It stops at the first box that makes no sense.
    """
    at = start
    while at + 8 <= end:
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield data[at + 4 : at + 8], at + head, at + size
        at += size


def _find(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int]:
    """The start and the end of the content of the first box of this type; both 0 if there is none."""
    found = ((at, stop) for one, at, stop in boxes(data, start, end) if one == kind)
    return next(found, (0, 0))


def _table(data: bytes) -> tuple[int, int]:
    """The start and the end of the boxes in the table of items."""
    start, end = _find(data, 0, len(data), b"meta")
    return min(start + 4, end), end


def _kinds(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and the type of each item."""
    start, end = _find(data, *_table(data), b"iinf")
    # Version 0 counts the entries in 2 bytes, and later versions in 4.
    for kind, at, _ in boxes(data, start + (8 if any(data[start : start + 1]) else 6), end):
        # The number of an item has 2 bytes in version 2 and 4 in version 3. The protection index comes next.
        size = 2 if data[at : at + 1] == b"\x02" else 4
        if kind == b"infe":
            number = int.from_bytes(data[at + 4 : at + 4 + size], "big")
            yield number, data[at + 6 + size : at + 10 + size]


def _properties(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The type and the content of every property."""
    place = _find(data, *_find(data, *_table(data), b"iprp"), b"ipco")
    return ((kind, data[at:end]) for kind, at, end in boxes(data, *place))


def _digests(data: bytes, table: tuple[int, int]) -> Iterator[tuple[int, bytes]]:
    """The number and a digest of the bytes of each item. An item is left out if its bytes are elsewhere."""
    fields = _Fields(data, *_find(data, *table, b"iloc"))
    version, sizes = fields.next(4) >> 24, fields.next(2)
    inside = _find(data, *table, b"idat")
    total = 0
    for _ in range(min(_MOST, fields.next(4 if version > 1 else 2))):
        item = fields.next(4 if version > 1 else 2)
        method = fields.next(2) & 15 if version else 0
        elsewhere = fields.next(2)
        start, end = inside if method else (0, len(data))
        start += fields.next(sizes >> 4 & 15)
        digest = hashlib.sha256()
        for _ in range(min(_MOST, fields.next(2))):
            fields.next(sizes & 15 if version else 0)
            at = start + fields.next(sizes >> 12)
            size = fields.next(sizes >> 8 & 15)
            total += size
            # Equal tiles may be stored once. They may not be used so often that reading them takes long.
            if not size or at + size > end or total > 10 * len(data):
                raise _Senseless
            digest.update(data[at : at + size])
        if method < 2 and not elsewhere:
            yield item, digest.digest()


class _Fields:
    """The numbers of a table, one after the other."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._at, self._end = data, start, end

    def next(self, size: int) -> int:
        """The number in the next `size` bytes. Raises `_Senseless` if they are not there."""
        if self._at + size > self._end:
            raise _Senseless
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big")
