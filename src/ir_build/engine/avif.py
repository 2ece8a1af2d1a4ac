"""AVIF: plain 8-bit stills are coded again up to a score; all other kinds are left whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ..candidate import Candidate
from ..errors import LeftAlone, Reason
from ..options import Compression, Effort, Meta, Options
from . import colour, exif, isobmff, raster
from .judge import Judge
from .search import smallest

if TYPE_CHECKING:
    from PIL import Image

    from .isobmff import Item, Picture

#: the new file must be smaller by this share of the old one
_WORTH_LOSS = 0.10
_RESIZED_TARGET = 90.0
#: encoder speeds and the pixels up to which they are affordable: 5, 1 and 0.4 CPU seconds each
#: megapixel, three or four times
_MOST = 12_000_000
_SPEEDS = {
    Effort.FAST: ((_MOST, 8),),
    Effort.DEFAULT: ((4_000_000, 6), (_MOST, 8)),
    Effort.BEST: ((1_500_000, 4), (4_000_000, 6), (_MOST, 8)),
}
_LOWEST, _HIGHEST = 15, 97
#: what XMP may hold of what `preserve_metas` names
_IN_XMP = frozenset({Meta.DATETIME, Meta.LOCATION, Meta.COPYRIGHT})
_ALPHA = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
)
_PROPERTIES = frozenset({b"ispe", b"pixi", b"av1C", b"colr", b"irot", b"imir", b"auxC"})
#: ITU-T H.273: BT.709 or not said; sRGB, or not said
_PRIMARIES, _TRANSFERS = (1, 2), (2, 13)


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest AVIF that reaches the score; raises `LeftAlone` where it can't be had."""
    picture = isobmff.read(data)
    item = _plain(picture)
    width, height = _size(item)
    raster.check_size(width, height, options.max_pixels)
    lossy = options.compression_type is Compression.LOSSY
    turned = (item.first(b"irot") or b"\0")[-1] & 1
    shown = (height, width) if turned else (width, height)
    size = options.resize.fit(*shown) if options.resize is not None else shown
    if size == shown and not (lossy and raster.can_be_scored(width, height)):
        raise LeftAlone(Reason.UNSUPPORTED_VARIANT, "AVIF cannot be coded again without loss")
    if width * height > _MOST:
        raise _left(f"{width} x {height} pixels would take too long to code")
    image = raster.decode(data, "AVIF")
    target = options.quality if lossy else max(options.quality, _RESIZED_TARGET)
    metadata, notes = _metadata(image, options)
    if size != shown:
        image = raster.resized(image, size[::-1] if turned else size)
    encoder = _Encoder(image, _subsampling(item), options.effort, metadata)
    coded = encoder.up_to_score(target)
    if size != shown:
        return Candidate(coded or encoder.encode(_HIGHEST), lossy=True, notes=notes)
    if coded is None or len(coded) >= (1 - _WORTH_LOSS) * len(data):
        return Candidate(data, lossy=False)
    return Candidate(coded, lossy=True, notes=notes)


def _plain(picture: Picture) -> Item:
    """The primary item of a still of one 8-bit picture, perhaps with transparency."""
    if b"avis" in picture.brands or b"moov" in picture.boxes:
        raise _left("an image sequence")
    kinds = {item.kind for item in picture.items.values()}
    if b"tmap" in picture.brands or b"tmap" in kinds:
        raise _left("a gain map")
    item = picture.items[picture.primary]
    strange = kinds - {b"av01", b"Exif", b"mime"}
    if item.kind != b"av01" or strange:
        parts = sorted(kind.decode("ascii", "backslashreplace") for kind in {item.kind, *strange})
        raise _left(f"parts of the kind {', '.join(parts)}")
    thumbnails = {source for kind, source, _ in picture.references if kind == b"thmb"}
    for number, other in picture.items.items():
        if other.kind != b"av01" or number in thumbnails:
            continue
        if number != picture.primary and not _is_alpha(other):
            raise _left("more than one picture")
        if any(prop.kind not in _PROPERTIES for prop in other.properties):
            raise _left("properties that may change how it looks")
        if not _is_8_bit(other):
            raise _left("more than 8 bits per channel")
    if any(kind == b"prem" for kind, _, _ in picture.references):
        raise _left("premultiplied transparency")
    for prop in item.properties:
        if prop.kind == b"colr" and prop.data[:4] == b"nclx":
            primaries, transfer = (int.from_bytes(prop.data[at : at + 2]) for at in (4, 6))
            if primaries not in _PRIMARIES or transfer not in _TRANSFERS:
                raise _left(f"colours of another kind ({primaries}/{transfer})")
    return item


def _left(what: str) -> LeftAlone:
    return LeftAlone(Reason.UNSUPPORTED_VARIANT, f"AVIF with {what}")


def _is_alpha(item: Item) -> bool:
    return (item.first(b"auxC") or b"")[4:].split(b"\0")[0] in _ALPHA


def _is_8_bit(item: Item) -> bool:
    # byte 2 of av1C: tier, high_bitdepth, twelve_bit, monochrome, subsampling x, y, position
    codec = item.first(b"av1C") or b""
    return len(codec) >= 4 and not codec[2] & 0x60


def _size(item: Item) -> tuple[int, int]:
    extents = item.first(b"ispe") or b""
    if len(extents) < 12:
        raise _left("no size")
    return int.from_bytes(extents[4:8]), int.from_bytes(extents[8:12])


def _subsampling(item: Item) -> str:
    codec = item.first(b"av1C") or bytes(4)
    if codec[2] & 0x10:
        return "4:0:0"
    return {0x00: "4:4:4", 0x08: "4:2:2"}.get(codec[2] & 0x0C, "4:2:0")


def _metadata(image: Image.Image, options: Options) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """What goes into the new file beside the pixels, and notes on what does not."""
    metas = options.preserve_metas
    found = {name: image.info.get(name) or b"" for name in ("icc_profile", "exif", "xmp")}
    kept = dict(found)
    notes = []
    if found["icc_profile"] and Meta.ICC not in metas and colour.is_srgb(found["icc_profile"]):
        kept["icc_profile"] = b""
        notes.append("stripped sRGB profile")
    if found["exif"]:
        # Pillow hands over irot and imir as the orientation of the Exif, and takes them so.
        kept["exif"] = exif.keep(found["exif"], metas | {Meta.ORIENTATION}) or b""
        notes.append("stripped Exif")
    if found["xmp"] and not metas & _IN_XMP:
        kept["xmp"] = b""
        notes.append("stripped XMP")
    return kept, tuple(notes)


class _Encoder:
    """One picture, coded as often as it takes."""

    def __init__(
        self, image: Image.Image, subsampling: str, effort: Effort, metadata: dict[str, bytes]
    ) -> None:
        self._image = image
        self._subsampling = subsampling
        area = image.width * image.height
        self._speed = next(speed for limit, speed in _SPEEDS[effort] if area <= limit)
        self._metadata = metadata

    def encode(self, quality: int) -> bytes:
        """The picture at a quality of 0 to 100."""
        buffer = io.BytesIO()
        self._image.save(
            buffer,
            "AVIF",
            quality=quality,
            speed=self._speed,
            subsampling=self._subsampling,
            # workers run side by side already
            max_threads=1,
            **self._metadata,
        )
        return buffer.getvalue()

    def up_to_score(self, target: float) -> bytes | None:
        """The smallest file that scores `target` against the picture, None if there is none."""
        judge = Judge(self._image, "AVIF", target, self._metadata["icc_profile"])
        found = smallest(self.encode, judge.score, target, low=_LOWEST, high=_HIGHEST, guess=62)
        return None if found is None else found.data
