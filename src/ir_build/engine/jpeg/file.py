"""A JPEG file taken apart, and which of its segments a picture needs (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...containers.jpeg_segments import EOI, FRAMES, SOS, STANDALONE, Segment, spans
from ...errors import CorruptFile, FileSkipped, Reason
from ...options import Meta
from ..shared import colour_profile, content_credentials, exif

if TYPE_CHECKING:
    from collections.abc import Iterable

# Markers (T.81, table B.1).
_DHT = 0xC4
_APP0, _APP1, _APP2, _APP11, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xFE
_HUFFMAN_FRAMES = frozenset({0xC0, 0xC1, 0xC2})

#: where the unit and the density are in a JFIF header (ITU-T T.871), and the value that says only that pixels
#: are square
_DENSITY, _NO_DENSITY = slice(7, 12), b"\0\0\1\0\1"
_JFIF, _EXIF, _ICC, _MPF = b"JFIF\0", b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
#: the type of a box of content credentials (C2PA specification, 11.1.4.2)
_C2PA = bytes.fromhex("6332706100110010800000aa00389b71")
_GAIN_MAPS = (b"hdr-gain-map", b"hdrgm:", b"urn:iso:std:iso:ts:21496")
_NAMES = {_APP11: "JUMBF", 0xED: "IPTC", _COM: "comment"}

# A marker in the coded picture, other than a restart, a stuffed byte or a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MAX_SEGMENT = 65_533  # bytes after its length field of two (T.81, B.1.1.4)
# The places where mozjpeg's search for the best scans may cut the spectrum of lightness
# (`jpeg_search_progression` in its jcparam.c). 63 is no cut.
_CUTS = frozenset({2, 5, 8, 12, 18, 63})
# The mean of the luminance table of T.81, annex K.1. libjpeg uses this table at quality 50, and scales it for
# other qualities.
_MEAN_AT_50 = 57.6
# The most bits of a difference of two DC coefficients, and of an AC coefficient (T.81, F.1.2).
_DC_BITS, _AC_BITS = 11, 10


@dataclass(frozen=True, slots=True)
class JpegFile:
    """A JPEG file taken apart."""

    segments: tuple[Segment, ...]  #: those before the first scan
    coded: bytes  #: from the first scan to the end of the picture
    width: int
    height: int
    components: int
    scans: tuple[bytes, ...]  #: their headers: components, spectral band, bits

    @property
    def is_well_coded(self) -> bool:
        """Whether the scans look like a result of mozjpeg's search for the best ones.

        Another search then gains 0.1 % (on 32 files, 0.5 % at most). Over the scans that other encoders
        always write it gains 4 %.
        """
        scans = [(one[0], one[-3], one[-2], one[-1]) for one in self.scans]
        averages = [one for one in scans if one[1:3] == (0, 0)]
        rest = scans[len(averages) :]
        return (
            bool(averages and rest)
            and sum(count for count, *_ in averages) == self.components
            and all(bits == 0 for *_, bits in averages)
            and rest[0][:2] == (1, 1)
            and rest[0][2] in _CUTS
        )

    @property
    def has_half_the_colour(self) -> bool:
        """Whether colours are stored at half the resolution, or less, in both directions."""
        frame = next(one.data for one in self.segments if one.marker in FRAMES)
        luma, *colours = (frame[at] for at in range(7, 6 + 3 * self.components, 3))
        return all(2 * (one >> 4) <= luma >> 4 and 2 * (one & 15) <= luma & 15 for one in colours)

    @property
    def exif(self) -> bytes:
        """The Exif block, from its TIFF header on. It is empty if there is none."""
        return next(
            (
                one.data[6:]
                for one in self.segments
                if one.marker == _APP1 and one.data.startswith(_EXIF)
            ),
            b"",
        )

    @property
    def jfif(self) -> Segment | None:
        """The JFIF header; None if there is none."""
        return next((one for one in self.segments if _is_jfif(one)), None)

    @property
    def adobe(self) -> Segment | None:
        """The segment of Adobe, which says how colours are stored; None if there is none."""
        return next((one for one in self.segments if _is_adobe(one)), None)

    @property
    def quality(self) -> float | None:
        """The quality of 0 to 100 at which libjpeg would have made the file; None if it has no tables."""
        tables = self.tables()
        if not tables:
            return None
        scale = 100 * sum(tables[0]) / (len(tables[0]) * _MEAN_AT_50)
        return 100 - scale / 2 if scale <= 100 else 5000 / scale

    def tables(self) -> list[list[int]]:
        """The quantisation tables, 64 numbers each, in zigzag order."""
        found = []
        for one in self.segments:
            data = one.data if one.marker == 0xDB else b""
            while len(data) >= 65:
                wide = 2 if data[0] >> 4 else 1
                values = data[1 : 1 + 64 * wide]
                found.append(
                    [
                        int.from_bytes(values[at : at + wide], "big")
                        for at in range(0, len(values), wide)
                    ]
                )
                data = data[1 + 64 * wide :]
        return found


def parse(data: bytes) -> JpegFile:
    """Take the JPEG `data` apart.

    Raises `CorruptFile`, and `FileSkipped` for a file that must stay as it is.
    """
    segments: list[Segment] = []
    start = 0
    for marker, start, end in spans(data):
        if marker != SOS:
            segments.append(Segment(marker, data[start + 4 : end]))
    _refuse_special(segments)
    width, height, components = _frame(segments)
    for one in segments:
        if one.marker == _DHT:
            _check_tables(one.data)
    end, scans = _end_of_picture(data, start)
    if data[end:].strip(b"\0\xff\r\n "):
        raise FileSkipped(
            Reason.UNSUPPORTED_VARIANT,
            f"{len(data) - end} bytes after the picture (a motion photo, or another file)",
        )
    return JpegFile(tuple(segments), data[start:end], width, height, components, scans)


def _end_of_picture(data: bytes, at: int) -> tuple[int, tuple[bytes, ...]]:
    """Where the picture ends, and the headers of the scans between `at` and there."""
    scans: list[bytes] = []
    while found := _MARKER.search(data, at):
        at = found.end()
        marker = data[at - 1]
        if marker == EOI:
            return at, tuple(scans)
        if marker not in STANDALONE:
            length = max(2, int.from_bytes(data[at : at + 2], "big"))
            if marker == _DHT:
                _check_tables(data[at + 2 : at + length])
            elif marker == SOS and length >= 6:
                scans.append(data[at + 2 : at + length])
            at += length
    raise CorruptFile("ends in the middle of the picture")


def _check_tables(data: bytes) -> None:
    """Raise `CorruptFile` for Huffman tables with larger numbers than 8-bit pictures have.

    A decoder accepts such a table. The transcoder would end the process.
    """
    while len(data) >= 17:
        is_ac, count = data[0] >> 4, sum(data[1:17])
        symbols = data[17 : 17 + count]
        if any((one & 15) > _AC_BITS if is_ac else one > _DC_BITS for one in symbols):
            raise CorruptFile("a Huffman table is damaged")
        data = data[17 + count :]


def _refuse_special(segments: list[Segment]) -> None:
    for one in segments:
        if one.marker == _APP2 and one.data.startswith(_MPF):
            raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "several pictures in one file (MPO)")
        if one.marker == _APP11 and one.data[12:16] == b"jumb" and _C2PA in one.data:
            raise content_credentials.signed()
        if one.marker in (_APP1, _APP2) and any(sign in one.data for sign in _GAIN_MAPS):
            raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "Ultra HDR (a gain map)")


def _frame(segments: list[Segment]) -> tuple[int, int, int]:
    frames = [one for one in segments if one.marker in FRAMES]
    if len(frames) != 1 or len(frames[0].data) < 6:
        raise CorruptFile("has no picture")
    (frame,) = frames
    if frame.marker not in _HUFFMAN_FRAMES:
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "lossless, hierarchical or arithmetic coding")
    if frame.data[0] != 8:
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, f"{frame.data[0]} bits a sample")
    height, width = (int.from_bytes(frame.data[at : at + 2], "big") for at in (1, 3))
    if not height or not width:
        raise CorruptFile("has no pixels")
    return width, height, frame.data[5]


def profile(segments: Iterable[Segment]) -> bytes:
    """The ICC profile in `segments`. It is empty if there is none, or if a part of it is missing."""
    parts = {
        one.data[12]: one.data
        for one in segments
        if one.marker == _APP2 and one.data.startswith(_ICC) and len(one.data) >= 14
    }
    if not parts or sorted(parts) != list(range(1, next(iter(parts.values()))[13] + 1)):
        return b""
    return b"".join(parts[number][14:] for number in sorted(parts))


def metadata(
    file: JpegFile, metas: frozenset[Meta], resized: tuple[int, int] | None = None
) -> tuple[list[Segment], tuple[str, ...]]:
    """The segments that have to stay, and the names of what is stripped.

    `metas` are the kinds that the user keeps. `resized` is the new width and height in pixels, or None if
    the picture keeps its own.
    """
    kept: list[Segment] = []
    stripped = []
    # The orientation always stays: without it the picture would be turned.
    size = file.width, file.height
    block = exif.keep(file.exif, metas | {Meta.ORIENTATION}, size, resized) if file.exif else None
    if block:
        kept.append(Segment(_APP1, _EXIF + block))
    icc = profile(file.segments)
    if icc and (Meta.ICC in metas or not colour_profile.changes_nothing(icc)):
        most = _MAX_SEGMENT - 14
        parts = [icc[at : at + most] for at in range(0, len(icc), most)]
        for number, part in enumerate(parts, 1):
            kept.append(Segment(_APP2, _ICC + bytes((number, len(parts))) + part))
    elif icc:
        stripped.append("sRGB profile")
    for one in file.segments:
        if one.marker == _APP1 and one.data.startswith(_EXIF):
            stripped.append("Exif")
        elif one.marker == _APP1 and one.data.startswith(_XMP):
            stripped.append("XMP")
        elif one.marker in _NAMES:
            stripped.append(_NAMES[one.marker])
    return kept, tuple(dict.fromkeys(stripped))


def with_segments(data: bytes, kept: list[Segment], source: JpegFile) -> bytes:
    """`data`, a JPEG file without metadata, with the segments `kept` after its JFIF header.

    The header gets the density that `source` has. A picture of four colours has Adobe's segment only if
    `source` has it: programs that make PDFs invert the colours by it.
    """
    if source.components == 4 and source.adobe is None:
        data = _without_adobe(data)
    at = 2
    if data[2:4] == b"\xff\xe0":
        at += 2 + int.from_bytes(data[4:6], "big")
        density = source.jfif.data[_DENSITY] if source.jfif else _NO_DENSITY
        data = data[: 6 + _DENSITY.start] + density + data[6 + _DENSITY.stop :]
    return data[:at] + b"".join(one.encode() for one in kept) + data[at:]


def _without_adobe(data: bytes) -> bytes:
    for marker, start, end in spans(data):
        if _is_adobe(Segment(marker, data[start + 4 : end])):
            return data[:start] + data[end:]
    return data


def _is_jfif(segment: Segment) -> bool:
    return segment.marker == _APP0 and segment.data.startswith(_JFIF) and len(segment.data) >= 14


def _is_adobe(segment: Segment) -> bool:
    return segment.marker == _APP14 and segment.data.startswith(b"Adobe")
