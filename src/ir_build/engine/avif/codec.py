"""AVIF: plain 8-bit stills are coded again up to a score. All others only lose metadata."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ...candidate import Candidate
from ...containers import iso_bmff
from ...errors import CorruptFile
from ...options import Compression, Effort, Meta, Options
from ..shared import colour_profile, exif, raster
from ..shared.scorer import Scorer, target_of_resized
from ..shared.search import Found, Search
from . import av1, strip
from . import file as avif_file

if TYPE_CHECKING:
    from PIL import Image

    from ...containers.iso_bmff import Box
    from ...quality import Pixels
    from .file import AvifFile

#: A new file must be smaller than the old one by this share. Each generation costs some quality, and a small
#: saving is not worth it. This is a choice: not fitted.
_WORTH_LOSS = 0.10
#: Speeds of libaom, each with the largest number of pixels that it is used for, by effort. Speeds 4, 6 and 8 take
#: 5, 1 and 0.4 CPU seconds for a megapixel, and a search takes three or four encodes. docs/effort.md draws what
#: they gain: `python benchmarks FOLDER --curve effort.svg`.
_MOST = 12_000_000
_SPEEDS = {
    Effort.FAST: ((_MOST, 8),),
    Effort.DEFAULT: ((4_000_000, 6), (_MOST, 8)),
    Effort.BEST: ((1_500_000, 4), (4_000_000, 6), (_MOST, 8)),
}
#: The part of the encoder's scale of 0 to 100 that is searched. (Of 5 AVIF files a lowest quality of 5 or 40
#: came to the same bytes: `python benchmarks FOLDER --sweep avif.codec:_LOWEST 5 40`.)
_LOWEST, _HIGHEST = 15, 97
#: The levels of transparency as they look in a viewer that takes 16 for clear and 235 for opaque, as in the limited
#: range of video (ITU-T H.273, 8.3).
_STRETCHED = [min(255, max(0, round((level - 16) * 255 / 219))) for level in range(256)]
_PROPERTIES = frozenset({b"ispe", b"pixi", b"av1C", b"colr", b"irot", b"imir", b"auxC"})
#: Primaries and transfers by ITU-T H.273: BT.709 and sRGB, or not said. Every viewer shows these as sRGB.
_SRGB_PRIMARIES, _SRGB_TRANSFERS = frozenset({1, 2}), frozenset({2, 13})


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest AVIF that shows the same as `data`, or that reaches the score.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` if neither can be made.
    """
    picture = avif_file.read(data)
    raster.check_size(*iso_bmff.dimensions(data), options.max_pixels)
    if not all(map(colour_profile.is_whole, picture.profiles)):
        # Browsers are not as strict with any other format.
        raise CorruptFile("its colour profile is damaged: browsers do not show the picture")
    unusual = what_is_unusual(picture)
    try:
        image = raster.decode(data, "AVIF")
    except CorruptFile:
        if unusual:
            raise avif_file.left(unusual) from None
        raise
    exact, notes = strip.without_metadata(picture, image.size, options)
    if len(exact) > (1 - options.min_saving) * len(data):
        exact, notes = data, ()
    size, new = _size(image, options)
    lossy = options.compression_type is Compression.LOSSY
    if new != size or (lossy and raster.can_be_scored(*size)):
        unusual = unusual or _too_large(size)
        if not unusual:
            coded = _coded_again(picture, image, new, options, len(exact))
            if coded is not None:
                return coded
        elif exact is data:
            raise avif_file.left(unusual)
    return Candidate(exact, lossy=False, notes=notes)


def _size(image: Image.Image, options: Options) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of a picture as it is stored, now and after `resize`, whose box is for it as it is shown."""
    # Pillow gives irot and imir as the orientation of the Exif.
    turned = exif.orientation(image.info.get("exif", b"")) > 4
    shown = image.size[::-1] if turned else image.size
    new = options.resize.fit(*shown) if options.resize is not None else shown
    return image.size, new[::-1] if turned else new


def _too_large(size: tuple[int, int]) -> str:
    width, height = size
    if width * height > _MOST:
        return f"{width} x {height} pixels, which would take too long to code"
    return ""


def _coded_again(
    picture: AvifFile, image: Image.Image, new: tuple[int, int], options: Options, exact: int
) -> Candidate | None:
    """A file of the size `new` that reaches the score; None if it is not worth the loss.

    `exact` is the number of bytes of the file without loss.
    """
    resized = new != image.size
    target = target_of_resized(options) if resized else options.quality
    metadata, notes = _metadata(image, options, new if resized else None)
    if resized:
        image = raster.resized(image, new)
    encoder = _Encoder(image, _subsampling(picture), options.effort, metadata)
    coded = encoder.up_to_score(target)
    if resized:
        return Candidate(coded or encoder.encode(_HIGHEST), lossy=True, notes=notes)
    if coded is None or len(coded) >= (1 - _WORTH_LOSS) * exact:
        return None
    return Candidate(coded, lossy=True, notes=notes)


def what_is_unusual(picture: AvifFile) -> str:
    """What keeps a file from being one plain still: 8 bits in sRGB, perhaps with transparency. Empty if nothing."""
    if b"avis" in picture.brands or any(box.kind == b"moov" for box in picture.top):
        return "an image sequence"
    kinds = [item.kind for item in picture.items.values()]
    if b"tmap" in picture.brands or b"tmap" in kinds:
        return "a gain map"
    strange = {*kinds} - {b"av01", b"Exif", b"mime"}
    if strange:
        names = sorted(kind.decode("ascii", "backslashreplace") for kind in strange)
        return f"parts of the kind {', '.join(names)}"
    if kinds.count(b"av01") > 1 + (b"auxl" in picture.references):
        return "more than one picture"
    if not all(map(_is_plain, picture.properties)) or not strip.only_transparency(picture):
        return "properties that may change how it looks"
    if any(_codec(box) & 0x60 for box in picture.properties):
        return "more than 8 bits per channel"
    if b"prem" in picture.references:
        return "premultiplied transparency"
    return _unusual_samples(picture)


def _unusual_samples(picture: AvifFile) -> str:
    """What is unusual about the meaning of the samples. It is empty if nothing is."""
    headers = {
        number: av1.sequence(picture.bytes_of(number))
        for number, item in picture.items.items()
        if item.kind == b"av01"
    }
    for number, header in headers.items():
        # The AVIF specification (4.1) forbids this, and viewers differ in what they show.
        if number != picture.primary and (header is None or not header.full_range):
            return "transparency in limited range"
    colours = {
        (int.from_bytes(box.data[4:6], "big"), int.from_bytes(box.data[6:8], "big"))
        for box in picture.properties
        if box.kind == b"colr" and box.data[:4] == b"nclx"
    }
    # When the file says nothing of colours, viewers use the header.
    header = headers.get(picture.primary)
    if header is not None:
        colours.add(header[:2])
    for primaries, transfer in colours or {(0, 0)}:
        if primaries not in _SRGB_PRIMARIES or transfer not in _SRGB_TRANSFERS:
            return f"colours of another kind ({primaries}/{transfer})"
    return ""


def _is_plain(prop: Box) -> bool:
    if prop.kind == b"pixi":
        # With a flag it may say more than depths. Browsers do not know that yet.
        return not any(prop.data[:4])
    # Some viewers stretch pixels that are not square.
    return prop.kind in _PROPERTIES or (
        prop.kind == b"pasp" and len(prop.data) == 8 and prop.data[:4] == prop.data[4:]
    )


def _codec(prop: Box) -> int:
    """A byte of `av1C`: tier, high_bitdepth, twelve_bit, monochrome, subsampling x, y, position."""
    return prop.data[2] if prop.kind == b"av1C" and len(prop.data) >= 4 else 0


def _subsampling(picture: AvifFile) -> str:
    # When a picture in colour has transparency, only the transparency is monochrome.
    codecs = [_codec(box) for box in picture.properties if box.kind == b"av1C"]
    coloured = [codec & 0x0C for codec in codecs if not codec & 0x10]
    return {0x00: "4:4:4", 0x08: "4:2:2"}.get(min(coloured), "4:2:0") if coloured else "4:0:0"


def _metadata(
    image: Image.Image, options: Options, resized: tuple[int, int] | None
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The metadata of the new file, by Pillow's names, and notes that say what went."""
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
        # Pillow gives irot and imir as the orientation of the Exif, and takes them in the same way.
        kept["exif"] = (
            exif.keep(found["exif"], metas | {Meta.ORIENTATION}, image.size, resized) or b""
        )
        notes.append("stripped Exif")
    if found["xmp"] and not metas & exif.IN_XMP:
        kept["xmp"] = b""
        notes.append("stripped XMP")
    return kept, tuple(notes)


class _Encoder:
    """An encoder for one picture, at any quality."""

    def __init__(
        self, image: Image.Image, subsampling: str, effort: Effort, metadata: dict[str, bytes]
    ) -> None:
        # Pillow's libavif rounds RGB down, which turns dark greys green. With colour at full resolution it rounds
        # RGBA to the nearest level. Opaque transparency is left out of the file.
        exact = image.mode == "RGB" and subsampling == "4:4:4"
        self._image, self._coded = image, image.convert("RGBA") if exact else image
        self._subsampling = subsampling
        area = image.width * image.height
        self._speed = next(speed for limit, speed in _SPEEDS[effort] if area <= limit)
        self._metadata = metadata

    def encode(self, quality: int) -> bytes:
        """The picture as an AVIF file at a quality of 0 to 100."""
        buffer = io.BytesIO()
        self._coded.save(
            buffer,
            "AVIF",
            quality=quality,
            speed=self._speed,
            subsampling=self._subsampling,
            # Several workers run at the same time already.
            max_threads=1,
            **self._metadata,
        )
        return buffer.getvalue()

    def up_to_score(self, target: float) -> bytes | None:
        """The smallest file whose score against the picture reaches `target`; None if there is none.

        It scores more if a place would have another colour otherwise.
        """
        found = self._scorer(Scorer, target).holding(self._smallest)
        return found.data if found else None

    def _smallest(self, target: float, least: Found | None) -> Found | None:
        """The smallest file that scores `target` in whichever way viewers show it; none smaller than `least`."""
        found = self._search(Scorer, target, least)
        if found is not None and is_translucent(self._image):
            # The second scorer follows the first, because both together would need too much memory.
            found = self._search(Stretching, target, found)
        return found

    def _search(self, kind: type[Scorer], target: float, least: Found | None) -> Found | None:
        """The smallest file that scores `target` with a scorer of this kind; none smaller than `least`."""
        scorer = self._scorer(kind, target)
        known = {} if least is None else {least.quality: least.data}
        low, guess = (least.quality, least.quality) if least else (_LOWEST, 62)

        def encode(quality: int) -> bytes:
            return known.get(quality) or self.encode(quality)

        search = Search(encode, scorer.score, target, low=low, high=_HIGHEST, guess=guess)
        return search.within()

    def _scorer(self, kind: type[Scorer], target: float) -> Scorer:
        return kind(self._image, "AVIF", target, self._metadata["icc_profile"])


class Stretching(Scorer):
    """Scores transparency as some builds of Chromium show it, which take it for limited range."""

    def _shown(self, image: Image.Image) -> Pixels:
        stretched = image.copy()
        stretched.putalpha(image.getchannel("A").point(_STRETCHED))
        return super()._shown(stretched)


def is_translucent(image: Image.Image) -> bool:
    return image.mode == "RGBA" and any(image.getchannel("A").histogram()[1:-1])
