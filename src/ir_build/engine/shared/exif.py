"""Exif metadata: how a picture is turned and sized, and a block with only what is kept.

Exif is a TIFF file without a picture (TIFF 6.0, section 2; CIPA DC-008, section 4.6). Values are copied
byte for byte, because texts in them may have any encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...options import Meta

# The numbers of types and tags below are those of TIFF 6.0 and of CIPA DC-008, 4.6.
_HEADER = b"Exif\0\0"
_MAGIC: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
#: bytes of one value, by the number of its type
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_INTEGERS = frozenset({1, 3, 4})
_LONG = 4

_ORIENTATION = 0x0112
_RESOLUTIONS, _UNIT = (0x011A, 0x011B), 0x0128
_PIXELS = (0xA002, 0xA003)
_RATIONAL, _INCH = 5, 2
#: pixels an inch at which a picture is as large as its pixels (HTML Standard, 4.8.4.3)
_PLAIN = 72
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_EXIF_VERSION = 0x9000
_GPS_TAGS = range(0x20)
#: the tags of each kind of metadata, in the main directory and in the Exif directory
_MAIN_TAGS: dict[Meta, tuple[int, ...]] = {
    Meta.DATETIME: (0x0132,),
    Meta.COPYRIGHT: (0x013B, 0x8298),
    Meta.ORIENTATION: (_ORIENTATION,),
    Meta.DENSITY: (*_RESOLUTIONS, _UNIT),
}
_EXIF_TAGS: dict[Meta, tuple[int, ...]] = {
    Meta.DATETIME: (0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9292),
}


#: which of the kinds that `preserve_metas` names XMP may hold, the newer form of metadata
IN_XMP = frozenset({Meta.DATETIME, Meta.LOCATION, Meta.COPYRIGHT})


@dataclass(frozen=True, slots=True)
class _Field:
    """A tag's value, in the byte order of its block."""

    kind: int
    count: int
    value: bytes


_Directory = dict[int, _Field]


class _Block:
    """An Exif block. A damaged part of it counts as missing."""

    def __init__(self, block: bytes) -> None:
        self._data = block.removeprefix(_HEADER)
        self.magic = self._data[:4]
        self.order = _MAGIC.get(self.magic)
        self.main = self._directory(self.number(self._data[4:8])) if self.order else {}

    def number(self, digits: bytes) -> int:
        return int.from_bytes(digits, self.order or "big")

    def below(self, pointer: int) -> _Directory:
        """The directory that the tag `pointer` of the main one points to."""
        field = self.main.get(pointer)
        return self._directory(self.number(field.value)) if field else {}

    def _directory(self, at: int) -> _Directory:
        data = self._data
        found: _Directory = {}
        count = self.number(data[at : at + 2])
        for start in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):
            tag, kind = (self.number(data[start + i : start + i + 2]) for i in (0, 2))
            number = self.number(data[start + 4 : start + 8])
            size = _SIZES.get(kind, 0) * number
            where = start + 8 if size <= 4 else self.number(data[start + 8 : start + 12])
            value = data[where : where + size]
            if size and len(value) == size:
                found[tag] = _Field(kind, number, value)
        return found


def orientation(block: bytes) -> int:
    """The orientation in the Exif data `block`, 1 to 8. It is 1 if the block says none."""
    return _orientation(_Block(block))


def keep(
    block: bytes,
    metas: frozenset[Meta],
    size: tuple[int, int] = (0, 0),
    resized: tuple[int, int] | None = None,
) -> bytes | None:
    """The Exif data `block` with only what `metas` names, from its TIFF header on; None if nothing is left.

    `size` is the width and height of the picture as it is stored, in pixels. `resized` is its new width and
    height, or None if it keeps its own. Tags that make browsers show the picture in another size always stay.
    A damaged part of the block counts as missing.
    """
    source = _Block(block)
    main = _chosen(source.main, _MAIN_TAGS, metas)
    if _orientation(source) == 1:
        main.pop(_ORIENTATION, None)
    all_details = source.below(_EXIF_IFD)
    details = _chosen(all_details, _EXIF_TAGS, metas)
    shown = _shown_size(source, all_details, size)
    if shown is not None:
        main |= _chosen(source.main, _MAIN_TAGS, frozenset({Meta.DENSITY}))
        details |= {tag: all_details[tag] for tag in _PIXELS}
        if resized is not None and source.order is not None:
            _scale(main, details, shown, (size, resized), source.order)
    if details and _EXIF_VERSION in all_details:
        details[_EXIF_VERSION] = all_details[_EXIF_VERSION]
    place = source.below(_GPS_IFD) if Meta.LOCATION in metas else {}
    place = {tag: field for tag, field in place.items() if tag in _GPS_TAGS}
    if source.order is None or not (main or details or place):
        return None
    return _written(source.magic, source.order, main, details, place)


def _orientation(block: _Block) -> int:
    field = block.main.get(_ORIENTATION)
    if field is None or field.kind not in _INTEGERS or field.count != 1:
        return 1
    value = block.number(field.value)
    return value if 1 <= value <= 8 else 1


def _shown_size(block: _Block, details: _Directory, size: tuple[int, int]) -> list[int] | None:
    """The width and height at which browsers show a picture of `size`; None if that is `size`.

    HTML Standard, 4.8.4.3, "density-corrected natural width and height": the density counts only if the size
    that follows from it is in the block, too. Chromium does so with JPEG only, but the standard names no format.
    """
    unit = block.main.get(_UNIT)
    shown = []
    for side, tag, pixels in zip(size, _RESOLUTIONS, _PIXELS, strict=True):
        density = block.main.get(tag)
        length = details.get(pixels)
        if density is None or density.kind != _RATIONAL or density.count != 1:
            return None
        if length is None or length.kind not in _INTEGERS or length.count != 1:
            return None
        dividend, divisor = (block.number(density.value[at : at + 4]) for at in (0, 4))
        shown.append(block.number(length.value))
        if not dividend or not divisor or round(side * _PLAIN * divisor / dividend) != shown[-1]:
            return None
    if unit is None or block.number(unit.value) != _INCH or shown == [*size] or 0 in shown:
        return None
    return shown


def _scale(
    main: _Directory,
    details: _Directory,
    shown: list[int],
    sizes: tuple[tuple[int, int], tuple[int, int]],
    order: Literal["little", "big"],
) -> None:
    """Make browsers show a picture smaller, by the factor by which its sides lose pixels. The density is exact."""
    for tag, pixels, length, before, after in zip(
        _RESOLUTIONS, _PIXELS, shown, *sizes, strict=True
    ):
        smaller = max(1, round(length * after / before))
        density = (_PLAIN * after).to_bytes(4, order) + smaller.to_bytes(4, order)
        main[tag] = _Field(_RATIONAL, 1, density)
        details[pixels] = _Field(_LONG, 1, smaller.to_bytes(4, order))


def _chosen(
    directory: _Directory, tags: dict[Meta, tuple[int, ...]], metas: frozenset[Meta]
) -> _Directory:
    wanted = [tag for meta in metas for tag in tags.get(meta, ())]
    return {tag: directory[tag] for tag in wanted if tag in directory}


def _written(
    magic: bytes,
    order: Literal["little", "big"],
    main: _Directory,
    details: _Directory,
    place: _Directory,
) -> bytes:
    """The block: first all directories, then all values that do not fit into these."""

    def pointer(at: int) -> _Field:
        return _Field(_LONG, 1, at.to_bytes(4, order))

    pointers = bool(details) + bool(place)
    details_at = 8 + _size(len(main) + pointers)
    place_at = details_at + (_size(len(details)) if details else 0)
    values_at = place_at + (_size(len(place)) if place else 0)
    if details:
        main = {**main, _EXIF_IFD: pointer(details_at)}
    if place:
        main = {**main, _GPS_IFD: pointer(place_at)}
    head, values = magic + (8).to_bytes(4, order), b""
    for directory in (main, details, place):
        if not directory:
            continue
        head += len(directory).to_bytes(2, order)
        for tag, field in sorted(directory.items()):
            head += tag.to_bytes(2, order) + field.kind.to_bytes(2, order)
            head += field.count.to_bytes(4, order)
            if len(field.value) <= 4:
                head += field.value.ljust(4, b"\0")
            else:
                head += (values_at + len(values)).to_bytes(4, order)
                # A value begins at an even offset (TIFF 6.0, section 2).
                values += field.value + bytes(len(field.value) % 2)
        head += bytes(4)
    return head + values


def _size(fields: int) -> int:
    """How many bytes a directory of so many fields has."""
    return 2 + 12 * fields + 4
