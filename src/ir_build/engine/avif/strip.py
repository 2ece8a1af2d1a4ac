"""An AVIF file without what no viewer shows; its coded pictures stay as they are, byte for byte.

What goes: metadata, thumbnails, hidden items nobody refers to, free space, names. A file with
boxes or items of a kind unknown here, or that says anything twice, stays whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...containers.iso_bmff import Box
from ...options import Meta, Options
from ..shared import colour_profile, exif
from . import av1
from .file import Item, left

if TYPE_CHECKING:
    from .file import AvifFile, Property

#: whatever the free boxes and the private ones hold, no picture needs it
_PASSED_OVER = frozenset({b"free", b"skip", b"uuid"})
_TOP = frozenset({b"ftyp", b"meta", b"mdat"})
_META = frozenset({b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat", b"free", b"skip"})
_PICTURES = frozenset({b"av01", b"grid"})
_REFERENCES = frozenset({b"auxl", b"cdsc", b"dimg", b"prem", b"thmb"})
#: kinds of auxiliary pictures that are transparency
_ALPHA = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
)
_XMP = b"application/rdf+xml"
#: what XMP may hold of what `preserve_metas` names
IN_XMP = frozenset({Meta.DATETIME, Meta.LOCATION, Meta.COPYRIGHT})
#: ITU-T H.273: BT.709 or not said; sRGB, or not said
PRIMARIES, TRANSFERS = frozenset({1, 2}), frozenset({2, 13})
_PROFILES = (b"prof", b"rICC")
#: a handler box up to its name
_HANDLER = 24
_MOST = 0xFFFFFFFF


def without_unseen(picture: AvifFile, options: Options) -> tuple[bytes, tuple[str, ...]]:
    """The file again, and notes on what went. Raises `FileSkipped` for what is not understood."""
    _check(picture)
    shown = _shown(picture)
    profile = _needless_profile(picture, options)
    contents = _contents(picture)
    kept: dict[int, tuple[Item, bytes]] = {}
    notes = []
    for number, item in picture.items.items():
        content = contents[number]
        if number in shown:
            properties = tuple(one for one in item.properties if one.data != profile)
            if properties != item.properties:
                notes.append("stripped sRGB profile")
            kept[number] = replace(item, properties=properties), content
        elif item.kind in _PICTURES:
            if not item.hidden and number not in _thumbnails(picture):
                raise left("more than one picture")
        else:
            left_over, name = _metadata(picture, item, content, options)
            if left_over != content:
                notes.append(f"stripped {name}")
            if left_over:
                kept[number] = item, left_over
    return _written(picture, kept), tuple(dict.fromkeys(notes))


def colours(picture: AvifFile) -> tuple[int, int] | None:
    """Primaries and transfer of the picture, by ITU-T H.273; None where it is not clear."""
    item = picture.items[picture.primary]
    for prop in item.properties:
        if prop.kind == b"colr" and prop.data[:4] == b"nclx":
            return int.from_bytes(prop.data[4:6], "big"), int.from_bytes(prop.data[6:8], "big")
    coded = av1.sequence(picture.bytes_of(item)) if item.kind == b"av01" else None
    return None if coded is None else (coded.primaries, coded.transfer)


def profiles(picture: AvifFile) -> list[bytes]:
    """The `colr` properties of the picture that hold a profile."""
    return [
        one.data
        for one in picture.items[picture.primary].properties
        if one.kind == b"colr" and one.data[:4] in _PROFILES
    ]


def are_srgb(found: tuple[int, int] | None) -> bool:
    """Whether these primaries and this transfer are sRGB's for every viewer."""
    return found is not None and found[0] in PRIMARIES and found[1] in TRANSFERS


def is_alpha(item: Item) -> bool:
    """Whether an auxiliary picture is transparency."""
    return (item.first(b"auxC") or b"")[4:].split(b"\0")[0] in _ALPHA


def _check(picture: AvifFile) -> None:
    """Raise `FileSkipped` where there is more to the file than is known here."""
    if b"avis" in picture.brands:
        raise left("an image sequence")
    if b"tmap" in picture.brands:
        raise left("a gain map")
    top = [box.kind for box in picture.boxes if box.kind not in _PASSED_OVER]
    meta = [box.kind for box in picture.meta if box.kind not in _PASSED_OVER]
    strange = {*top} - _TOP | {box.kind for box in picture.meta} - _META
    strange |= {kind for kind, _, _ in picture.references} - _REFERENCES
    if strange:
        names = sorted(kind.decode("ascii", "backslashreplace") for kind in strange)
        raise left(f"boxes of the kind {', '.join(names)}")
    if len(meta) != len({*meta}) or top.count(b"ftyp") != 1 or top.count(b"meta") != 1:
        raise left("boxes that are there twice")
    if any(
        kind == b"auxl" and source in picture.items and not is_alpha(picture.items[source])
        for kind, source, _ in picture.references
    ):
        # Adobe's gain maps are told from others only by XMP.
        raise left("an auxiliary picture that is not its transparency")
    if any(not {source, *to} <= picture.items.keys() for _, source, to in picture.references):
        raise left("references to nothing")
    head = next(box.data for box in picture.boxes if box.kind == b"meta")[:4]
    handler = next((box.data for box in picture.meta if box.kind == b"hdlr"), b"")
    if any(head) or handler[8:12] != b"pict" or len(handler) < _HANDLER:
        raise left("a table of another kind")
    if max(picture.items) > 0xFFFF:
        raise left("numbers of items that are too large")


def _shown(picture: AvifFile) -> set[int]:
    """The items that the picture is made of."""
    found: set[int] = set()
    more = {picture.primary}
    while more - found:
        found |= more
        for kind, source, to in picture.references:
            if kind in (b"dimg", b"prem") and source in found:
                more |= {*to}
            elif kind == b"auxl" and not found.isdisjoint(to):
                more.add(source)
    strange = {picture.items[number].kind for number in found} - _PICTURES
    if strange:
        names = sorted(kind.decode("ascii", "backslashreplace") for kind in strange)
        raise left(f"parts of the kind {', '.join(names)}")
    return found


def _contents(picture: AvifFile) -> dict[int, bytes]:
    """The bytes of every item; equal tiles may be stored once."""
    known: dict[object, bytes] = {}
    total = 0
    for item in picture.items.values():
        if item.location not in known:
            known[item.location] = picture.bytes_of(item)
            total += len(known[item.location])
        if total > len(picture.data):
            raise left("parts that overlap")
    return {number: known[item.location] for number, item in picture.items.items()}


def _thumbnails(picture: AvifFile) -> set[int]:
    return {source for kind, source, _ in picture.references if kind == b"thmb"}


def _needless_profile(picture: AvifFile, options: Options) -> bytes | None:
    """The `colr` property with a profile that changes nothing, if it may go."""
    found = profiles(picture)
    if len(found) != 1 or Meta.ICC in options.preserve_metas:
        return None
    plain = are_srgb(colours(picture)) and colour_profile.is_srgb(found[0][4:])
    return found[0] if plain else None


def _metadata(picture: AvifFile, item: Item, content: bytes, options: Options) -> tuple[bytes, str]:
    """What stays of an item that is no picture, and its name."""
    metas = options.preserve_metas
    if item.kind == b"Exif":
        # The first four bytes say where the TIFF header is. Viewers go by irot and imir, never
        # by the orientation that stands here (ISO/IEC 23000-22, 7.3.6.6).
        start = 4 + int.from_bytes(content[:4], "big")
        kept = exif.keep(content[start:], metas, picture.size)
        return (bytes(4) + kept if kept else b""), "Exif"
    if item.kind == b"mime" and item.description.split(b"\0")[1:2] == [_XMP]:
        return (content if metas & IN_XMP else b""), "XMP"
    raise left(f"parts of the kind {item.kind.decode('ascii', 'backslashreplace')}")


def _written(picture: AvifFile, kept: dict[int, tuple[Item, bytes]]) -> bytes:
    handler = next(box.data for box in picture.meta if box.kind == b"hdlr")
    entries = [_entry(number, item) for number, (item, _) in kept.items()]
    references = [
        _numbers(source, len(to), *to, kind=kind)
        for kind, source, targets in picture.references
        if source in kept and (to := [number for number in targets if number in kept])
    ]
    before = [
        Box(b"hdlr", handler[:_HANDLER] + b"\0"),
        Box(b"pitm", bytes(4) + picture.primary.to_bytes(2, "big")),
    ]
    after = [
        Box(b"iinf", bytes(4) + len(entries).to_bytes(2, "big") + _encoded(entries)),
        *([Box(b"iref", bytes(4) + _encoded(references))] if references else []),
        _properties({number: item.properties for number, (item, _) in kept.items()}),
    ]
    places: dict[int, int] = {}
    content = bytearray()
    shared: dict[bytes, int] = {}
    for number in sorted(kept, key=lambda one: (_order(kept[one][0]), one)):
        data = kept[number][1]
        if data not in shared:
            shared[data] = len(content)
            content += data
        places[number] = shared[data]

    def head(start: int) -> bytes:
        # Offsets and lengths of four bytes each, and no base.
        table = bytes(4) + b"\x44\0" + len(kept).to_bytes(2, "big")
        for number, at in places.items():
            table += number.to_bytes(2, "big") + b"\0\0\0\1"
            table += (start + at).to_bytes(4, "big") + len(kept[number][1]).to_bytes(4, "big")
        meta = Box(b"meta", bytes(4) + _encoded([*before, Box(b"iloc", table), *after]))
        return picture.boxes[0].encode() + meta.encode()

    start = len(head(0)) + 8
    if start + len(content) > _MOST:
        raise left("more bytes than fit")
    return head(start) + Box(b"mdat", bytes(content)).encode()


def _order(item: Item) -> tuple[int, int]:
    """Where the bytes of an item come: what the file has first, stays first."""
    place = item.location
    assert place is not None
    return place.method, place.extents[0][0] if place.extents else 0


def _entry(number: int, item: Item) -> Box:
    # Names say what an item is in English; behind that of metadata stands what it is.
    description = item.description if item.kind == b"mime" else b"\0"
    fields = bytes((2, 0, 0, item.hidden)) + number.to_bytes(2, "big") + bytes(2)
    return Box(b"infe", fields + item.kind + description)


def _properties(items: dict[int, tuple[Property, ...]]) -> Box:
    """The box of these properties, each there once, and of the items they belong to."""
    known: dict[tuple[bytes, bytes], int] = {}
    for properties in items.values():
        for one in properties:
            known.setdefault((one.kind, one.data), len(known) + 1)
    size = 1 if len(known) < 0x80 else 2
    table = bytes((0, 0, 0, size - 1)) + len(items).to_bytes(4, "big")
    for number, properties in sorted(items.items()):
        table += number.to_bytes(2, "big") + bytes([len(properties)])
        for one in properties:
            flag = one.essential << 8 * size - 1
            table += (known[one.kind, one.data] | flag).to_bytes(size, "big")
    container = Box(b"ipco", _encoded([Box(*one) for one in known]))
    return Box(b"iprp", _encoded([container, Box(b"ipma", table)]))


def _numbers(*values: int, kind: bytes) -> Box:
    return Box(kind, b"".join(value.to_bytes(2, "big") for value in values))


def _encoded(boxes: list[Box]) -> bytes:
    return b"".join(box.encode() for box in boxes)
