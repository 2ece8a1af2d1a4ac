"""The colour tag of an AVIF, which Pillow does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Code points of ITU-T H.273 that browsers show as sRGB; 2 is "unspecified".
_SRGB_PRIMARIES = frozenset({1, 2})
_SRGB_TRANSFERS = frozenset({1, 2, 6, 13, 14, 15})


def colour_tag(data: bytes) -> tuple[object, ...] | None:
    """("cicp", primaries, transfer) of the primary item of the AVIF `data`, None for sRGB.

    None, too, where the boxes make no sense: the decoder will say so.
    """
    meta = find(data, 0, len(data), b"meta")
    if meta is None:
        return None
    start, end = meta[0] + 4, meta[1]
    item = primary_item(data, start, end)
    properties = find(data, start, end, b"iprp")
    if item is None or properties is None:
        return None
    container = find(data, *properties, b"ipco")
    associations = find(data, *properties, b"ipma")
    if container is None or associations is None:
        return None
    owned = _associated(data[slice(*associations)], item)
    for number, (kind, at, _) in enumerate(boxes(data, *container), 1):
        if kind == b"colr" and number in owned and data[at : at + 4] == b"nclx":
            primaries = int.from_bytes(data[at + 4 : at + 6], "big")
            transfer = int.from_bytes(data[at + 6 : at + 8], "big")
            if primaries in _SRGB_PRIMARIES and transfer in _SRGB_TRANSFERS:
                return None
            return ("cicp", primaries, transfer)
    return None


def has_gain_map(data: bytes) -> bool:
    """Whether the AVIF `data` has a derived picture for brighter screens (a `tmap` item)."""
    meta = find(data, 0, len(data), b"meta")
    items = meta and find(data, meta[0] + 4, meta[1], b"iinf")
    if not items:
        return False
    # Version 0 counts the entries in 2 bytes, later ones in 4.
    start = items[0] + (6 if data[items[0]] == 0 else 8)
    for kind, at, end in boxes(data, start, items[1]):
        # Item ids have 2 bytes in version 2 and 4 in version 3; then the protection index.
        type_at = at + (8 if data[at : at + 1] == b"\x02" else 10)
        if kind == b"infe" and data[type_at : min(type_at + 4, end)] == b"tmap":
            return True
    return False


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box; stops at the first that makes no sense."""
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


def find(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int] | None:
    """Start and end of the content of the first box of this type."""
    for found, at, stop in boxes(data, start, end):
        if found == kind:
            return at, stop
    return None


def primary_item(data: bytes, start: int, end: int) -> int | None:
    """The number of the item that is shown, by the table of items from `start` to `end`."""
    box = find(data, start, end, b"pitm")
    if box is None:
        return None
    size = 2 if data[box[0] : box[0] + 1] == b"\0" else 4
    return int.from_bytes(data[box[0] + 4 : box[0] + 4 + size], "big")


def _associated(ipma: bytes, item: int) -> frozenset[int]:
    """The 1-based numbers of the properties that belong to `item` (ISO/IEC 23008-12, 9.3.1)."""
    id_size = 2 if ipma[:1] == b"\0" else 4
    wide = bool(ipma[3:4] and ipma[3] & 1)
    at = 8
    for _ in range(int.from_bytes(ipma[4:8], "big")):
        if at + id_size >= len(ipma):
            break
        number = int.from_bytes(ipma[at : at + id_size], "big")
        count = ipma[at + id_size]
        at += id_size + 1
        size = 2 if wide else 1
        if number == item:
            entries = ipma[at : at + count * size]
            mask = 0x7FFF if wide else 0x7F
            return frozenset(
                int.from_bytes(entries[place : place + size], "big") & mask
                for place in range(0, len(entries), size)
            )
        at += count * size
    return frozenset()
