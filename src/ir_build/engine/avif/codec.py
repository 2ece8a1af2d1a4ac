"""AVIF: plain 8-bit stills are coded again up to a score; of others only what is unseen goes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ...candidate import Candidate
from ...errors import CorruptFile, FileSkipped
from ...options import Compression, Effort, Meta, Options
from ..shared import colour_profile, exif, raster
from ..shared.scorer import Scorer
from ..shared.search import Found, smallest
from . import av1, strip
from . import file as avif_file

if TYPE_CHECKING:
    from PIL import Image

    from ...quality import Pixels
    from .file import AvifFile, Item, Property

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
#: how much more score is tried in turn until all places keep their colours
_MORE = (0, 4, 8, 12)
#: what levels from 16 to 235 become where they are taken for all there are
_STRETCHED = [min(255, max(0, round((level - 16) * 255 / 219))) for level in range(256)]
_PROPERTIES = frozenset({b"ispe", b"pixi", b"av1C", b"colr", b"irot", b"imir", b"auxC"})


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest AVIF that shows the same, or that reaches the score.

    Raises `FileSkipped` where neither can be had.
    """
    picture = avif_file.read(data)
    raster.check_size(*picture.size, options.max_pixels)
    if not all(colour_profile.is_whole(one[4:]) for one in strip.profiles(picture)):
        # As in no other format.
        raise CorruptFile("its colour profile is damaged: browsers do not show the picture")
    exact, problem = Candidate(data, lossy=False), None
    try:
        stripped, notes = strip.without_unseen(picture, options)
    except FileSkipped as left:
        problem = left
    else:
        if len(stripped) < len(data) and len(stripped) <= (1 - options.min_saving) * len(data):
            exact = Candidate(stripped, lossy=False, notes=notes)
    try:
        coded = _coded_again(picture, options, len(exact.data))
    except FileSkipped as left:
        coded, problem = None, left
    if coded is not None:
        return coded
    if problem is not None and exact.data == data:
        raise problem
    # What is damaged is to be reported, even where nothing has to be decoded.
    raster.decode(data, "AVIF")
    return exact


def _coded_again(picture: AvifFile, options: Options, exact: int) -> Candidate | None:
    """A smaller file that reaches the score; None if that is not worth it or not wanted.

    `exact` is the number of bytes that it takes without loss.
    """
    item = picture.items[picture.primary]
    width, height = picture.size
    lossy = options.compression_type is Compression.LOSSY
    turned = (item.first(b"irot") or b"\0")[-1] & 1
    shown = (height, width) if turned else (width, height)
    size = options.resize.fit(*shown) if options.resize is not None else shown
    if size == shown and not (lossy and raster.can_be_scored(width, height)):
        return None
    _check_plain(picture)
    if width * height > _MOST:
        raise avif_file.left(f"{width} x {height} pixels, which would take too long to code")
    image = raster.decode(picture.data, "AVIF")
    target = options.quality if lossy else max(options.quality, _RESIZED_TARGET)
    new = size[::-1] if turned else size
    metadata, notes = _metadata(image, options, new if size != shown else None)
    if size != shown:
        image = raster.resized(image, new)
    encoder = _Encoder(image, _subsampling(item), options.effort, metadata)
    coded = encoder.up_to_score(target)
    if size != shown:
        return Candidate(coded or encoder.encode(_HIGHEST), lossy=True, notes=notes)
    if coded is None or len(coded) >= (1 - _WORTH_LOSS) * exact:
        return None
    return Candidate(coded, lossy=True, notes=notes)


def _check_plain(picture: AvifFile) -> None:
    """Raise `FileSkipped` for all but a still of one 8-bit picture, perhaps with transparency."""
    if b"avis" in picture.brands or any(box.kind == b"moov" for box in picture.boxes):
        raise avif_file.left("an image sequence")
    kinds = {item.kind for item in picture.items.values()}
    if b"tmap" in picture.brands or b"tmap" in kinds:
        raise avif_file.left("a gain map")
    item = picture.items[picture.primary]
    strange = kinds - {b"av01", b"Exif", b"mime"}
    if item.kind != b"av01" or strange:
        parts = sorted(kind.decode("ascii", "backslashreplace") for kind in {item.kind, *strange})
        raise avif_file.left(f"parts of the kind {', '.join(parts)}")
    thumbnails = {source for kind, source, _ in picture.references if kind == b"thmb"}
    for number, other in picture.items.items():
        if other.kind != b"av01" or number in thumbnails:
            continue
        if number != picture.primary:
            _check_alpha(picture, other)
        if any(not _is_plain(prop) for prop in other.properties):
            raise avif_file.left("properties that may change how it looks")
        if not _is_8_bit(other):
            raise avif_file.left("more than 8 bits per channel")
    if any(kind == b"prem" for kind, _, _ in picture.references):
        raise avif_file.left("premultiplied transparency")
    colours = strip.colours(picture)
    if not strip.are_srgb(colours):
        raise avif_file.left(f"colours of another kind ({'/'.join(map(str, colours or ()))})")


def _check_alpha(picture: AvifFile, item: Item) -> None:
    if not strip.is_alpha(item):
        raise avif_file.left("more than one picture")
    coded = av1.sequence(picture.bytes_of(item))
    # Against the AVIF specification (4.1), and viewers differ in what they make of it.
    if coded is None or not coded.full_range:
        raise avif_file.left("transparency in limited range")


def _is_plain(prop: Property) -> bool:
    # Pixels that are not square are stretched by some viewers.
    return prop.kind in _PROPERTIES or (
        prop.kind == b"pasp" and len(prop.data) == 8 and prop.data[:4] == prop.data[4:]
    )


def _is_8_bit(item: Item) -> bool:
    # byte 2 of av1C: tier, high_bitdepth, twelve_bit, monochrome, subsampling x, y, position
    codec = item.first(b"av1C") or b""
    return len(codec) >= 4 and not codec[2] & 0x60


def _subsampling(item: Item) -> str:
    codec = item.first(b"av1C") or bytes(4)
    if codec[2] & 0x10:
        return "4:0:0"
    return {0x00: "4:4:4", 0x08: "4:2:2"}.get(codec[2] & 0x0C, "4:2:0")


def _metadata(
    image: Image.Image, options: Options, resized: tuple[int, int] | None
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """What goes into the new file beside the pixels, and notes on what does not."""
    metas = options.preserve_metas
    found = {name: image.info.get(name) or b"" for name in ("icc_profile", "exif", "xmp")}
    kept = dict(found)
    notes = []
    if (
        found["icc_profile"]
        and Meta.ICC not in metas
        and colour_profile.is_srgb(found["icc_profile"])
    ):
        kept["icc_profile"] = b""
        notes.append("stripped sRGB profile")
    if found["exif"]:
        # Pillow hands over irot and imir as the orientation of the Exif, and takes them so.
        kept["exif"] = (
            exif.keep(found["exif"], metas | {Meta.ORIENTATION}, image.size, resized) or b""
        )
        notes.append("stripped Exif")
    if found["xmp"] and not metas & strip.IN_XMP:
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
        """The smallest file that scores `target` against the picture, None if there is none.

        It scores more where a place would have another colour.
        """
        found: Found | None = None
        for more in _MORE:
            found = self._search(Scorer, target + more, found)
            if found is not None and _is_translucent(self._image):
                # One after the other: what both keep of a large picture would be too much memory.
                found = self._search(_Stretching, target + more, found)
            if found is None:
                return None
            if self._scorer(Scorer, target).holds(found.data):
                return found.data
        return None

    def _search(
        self, kind: type[Scorer], target: float, least: Found | None = None
    ) -> Found | None:
        """The smallest file that a scorer of this kind accepts, none below `least`."""
        scorer = self._scorer(kind, target)
        known = {} if least is None else {least.quality: least.data}
        low, guess = (least.quality, least.quality) if least else (_LOWEST, 62)

        def encode(quality: int) -> bytes:
            return known.get(quality) or self.encode(quality)

        return smallest(encode, scorer.score, target, low=low, high=_HIGHEST, guess=guess)

    def _scorer(self, kind: type[Scorer], target: float) -> Scorer:
        return kind(self._image, "AVIF", target, self._metadata["icc_profile"])


class _Stretching(Scorer):
    """Sees transparency as some builds of Chromium show it, who take it for limited range."""

    def _shown(self, image: Image.Image) -> Pixels:
        stretched = image.copy()
        stretched.putalpha(image.getchannel("A").point(_STRETCHED))
        return super()._shown(stretched)


def _is_translucent(image: Image.Image) -> bool:
    return image.mode == "RGBA" and any(image.getchannel("A").histogram()[1:-1])
