"""An AVIF file with less metadata. All else stays as it is, byte for byte.

Exif and XMP are shortened in their places, and the table of places is changed to match. So a file may hold
anything else, as long as nothing but that table says where something is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..shared import exif

if TYPE_CHECKING:
    from ...options import Options
    from .file import AvifFile, Extent, Item, Span

_XMP = b"application/rdf+xml"
#: boxes that do not say where something is
_TOP = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip", b"uuid"})
#: what is left of metadata: a directory without entries (TIFF 6.0, section 2), and an empty XMP packet
_NO_EXIF = b"II*\0\x08\0\0\0" + bytes(6)
_NO_XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
#: kinds of auxiliary pictures that are transparency
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")


def only_transparency(picture: AvifFile) -> bool:
    """Whether all auxiliary pictures are transparency.

    XMP alone may say what other auxiliary pictures are for. So it is with Adobe's gain maps.
    """
    kinds = [box.data[4:] for box in picture.properties if box.kind == b"auxC"]
    return all(kind.startswith(_ALPHA) for kind in kinds)


def without_metadata(
    picture: AvifFile, size: tuple[int, int], options: Options
) -> tuple[bytes, tuple[str, ...]]:
    """The file without the metadata that may go, and notes that say what went.

    `size` is the width and height of the picture as it is stored, in pixels. The file comes back as it is if
    its metadata is in an unusual place.
    """
    kept: list[tuple[Extent, bytes]] = []
    notes = []
    for number, item in picture.items.items():
        content = picture.bytes_of(number)
        less, name = _less(item, content, size, options)
        if name and len(less) < len(content):
            kept += [(extent, less) for extent in picture.extents[number]]
            notes.append(f"stripped {name}")
    if len(kept) != len(notes) or not _may_be_cut(picture, [extent for extent, _ in kept]):
        return picture.data, ()
    cut = _cut(picture, kept)
    return (picture.data, ()) if cut is None else (cut, tuple(notes))


def _less(item: Item, content: bytes, size: tuple[int, int], options: Options) -> tuple[bytes, str]:
    """What stays of the content of an item, and its name. The name is empty if the item is no metadata."""
    metas = options.preserve_metas
    if item.kind == b"Exif":
        # The first four bytes say where the TIFF header is. Viewers use irot and imir, and never the
        # orientation in the Exif (ISO/IEC 23000-22, 7.3.6.6).
        block = content[4 + int.from_bytes(content[:4], "big") :]
        return bytes(4) + (exif.keep(block, metas, size) or _NO_EXIF), "Exif"
    if item.kind == b"mime" and item.content_type == _XMP and not metas & exif.IN_XMP:
        return _NO_XMP, "XMP"
    return b"", ""


def _may_be_cut(picture: AvifFile, extents: list[Extent]) -> bool:
    """Whether only the table of places says where things are, and nothing else shares these extents."""
    every = [one for extents in picture.extents.values() for one in extents]
    holders = [_holder(picture, one) for one in extents]
    return (
        only_transparency(picture)
        and {box.kind for box in picture.top} <= _TOP
        # A length of 0 would mean the whole file.
        and all(one.size for one in every)
        and None not in holders
        and len({*holders}) == 1
        and not any(
            one is not other
            and one.start < other.start + other.size
            and other.start < one.start + one.size
            for one in extents
            for other in every
        )
    )


def _holder(picture: AvifFile, extent: Extent) -> Span | None:
    """The `mdat` box that holds an extent; None if none holds it."""
    return next(
        (
            box
            for box in picture.top
            if box.kind == b"mdat"
            and box.content <= extent.start
            and extent.start + extent.size <= box.end
        ),
        None,
    )


def _cut(picture: AvifFile, kept: list[tuple[Extent, bytes]]) -> bytes | None:
    """The file with less in these extents; None if a number in the table cannot say where something is then."""
    out = bytearray(picture.data)
    gone = {extent.start + len(less): extent.size - len(less) for extent, less in kept}
    for extent, less in kept:
        out[extent.start : extent.start + len(less)] = less
        _set(out, extent.length, len(less))
    for extents in picture.extents.values():
        for extent in extents:
            before = sum(count for at, count in gone.items() if at < extent.start)
            if before and not extent.in_idat:
                offset = int.from_bytes(out[extent.offset], "big") - before
                if offset < 0:
                    return None
                _set(out, extent.offset, offset)
    box = _holder(picture, kept[0][0])
    assert box is not None
    # A long size follows the type of the box. A size of 0 means that the box ends with the file.
    field = slice(box.start + 8, box.content) if box.content - box.start == 16 else None
    field = field or slice(box.start, box.start + 4)
    if any(out[field]):
        _set(out, field, box.end - box.start - sum(gone.values()))
    for at in sorted(gone, reverse=True):
        del out[at : at + gone[at]]
    return bytes(out)


def _set(data: bytearray, field: slice, value: int) -> None:
    data[field] = value.to_bytes(field.stop - field.start, "big")
