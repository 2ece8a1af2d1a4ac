"""A WebP file taken apart: its pictures, its metadata and what it says about itself.

Source: RFC 9649, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...containers import riff
from ...containers.riff import RiffChunk
from ...errors import CorruptFile, FileSkipped, Reason
from ..shared import content_credentials

#: flags of VP8X (2.7), and bytes of an ANMF chunk before its picture (2.7.1.1)
_ANIMATION, _XMP, _EXIF, _ALPHA, _ICC = 0x02, 0x04, 0x08, 0x10, 0x20
_FRAME_HEADER = 16


@dataclass(frozen=True, slots=True)
class Bitstream:
    """One coded picture."""

    width: int  #: pixels
    height: int  #: pixels
    lossless: bool  #: whether it is coded as VP8L
    data: bytes  #: the VP8 or VP8L data
    alpha: bytes | None = None  #: the ALPH data beside a VP8 picture; None if there are none

    @property
    def has_alpha(self) -> bool:
        """Whether the data say that pixels may be transparent."""
        return bool(self.data[4] & 0x10) if self.lossless else self.alpha is not None

    def chunks(self) -> list[RiffChunk]:
        """The picture as chunks."""
        image = RiffChunk(b"VP8L" if self.lossless else b"VP8 ", self.data)
        return [image] if self.alpha is None else [RiffChunk(b"ALPH", self.alpha), image]

    def file(self) -> bytes:
        """The picture as a file of its own."""
        return WebPFile(self.width, self.height, (WebPFrame(b"", self),)).write()


@dataclass(frozen=True, slots=True)
class WebPFrame:
    """A picture and how it is shown."""

    #: place, size, duration, blending and disposal, as in an ANMF chunk; empty for a still picture
    header: bytes
    image: Bitstream


@dataclass(frozen=True, slots=True)
class WebPFile:
    """A still picture or an animation."""

    width: int
    height: int
    frames: tuple[WebPFrame, ...]
    animation: bytes | None = None  #: background and loop count; None for a still picture
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    unknown: tuple[RiffChunk, ...] = ()  #: chunks that no specification knows

    @property
    def image(self) -> Bitstream:
        """The picture of a file that is no animation."""
        return self.frames[0].image

    def with_image(self, image: Bitstream) -> WebPFile:
        """The same file with another picture. It must not be an animation."""
        return replace(
            self, width=image.width, height=image.height, frames=(WebPFrame(b"", image),)
        )

    def write(self) -> bytes:
        """The bytes of the file. Its layout is the simple one, unless something needs the extended one."""
        extras = (self.animation, self.icc, self.exif, self.xmp)
        if all(extra is None for extra in extras) and not self.unknown:
            chunks = self.image.chunks()
            if len(chunks) == 1:
                return riff.write(chunks)
        return riff.write(self._extended())

    def _extended(self) -> list[RiffChunk]:
        alpha = any(frame.image.has_alpha for frame in self.frames)
        there = {_ANIMATION: self.animation, _XMP: self.xmp, _EXIF: self.exif, _ICC: self.icc}
        flags = sum(flag for flag, part in there.items() if part is not None)
        flags |= _ALPHA if alpha else 0
        canvas = riff.canvas(self.width, self.height)
        chunks = [RiffChunk(b"VP8X", bytes([flags, 0, 0, 0]) + canvas)]
        if self.icc is not None:
            chunks.append(RiffChunk(b"ICCP", self.icc))
        if self.animation is None:
            chunks += self.image.chunks()
        else:
            chunks.append(RiffChunk(b"ANIM", self.animation))
            chunks += [
                RiffChunk(b"ANMF", frame.header + riff.write_chunks(frame.image.chunks()))
                for frame in self.frames
            ]
        if self.exif is not None:
            chunks.append(RiffChunk(b"EXIF", self.exif))
        if self.xmp is not None:
            chunks.append(RiffChunk(b"XMP ", self.xmp))
        return [*chunks, *self.unknown]


def read(data: bytes) -> WebPFile:
    """Take the WebP `data` apart.

    Raises `CorruptFile` if its parts contradict each other. Raises `FileSkipped` if it is signed, or if viewers
    do not agree on what it shows.
    """
    chunks = riff.read(data)
    if not chunks:
        raise CorruptFile("a WebP without a picture")
    if any(chunk.code == b"C2PA" for chunk in chunks):
        raise content_credentials.signed()
    if chunks[0].code != b"VP8X":
        image = _bitstream(chunks)
        unknown = tuple(chunk for chunk in chunks if chunk.code not in (b"VP8 ", b"VP8L"))
        if unknown and unknown[0].code == b"ALPH":
            raise FileSkipped(
                Reason.UNSUPPORTED_VARIANT, "transparency outside the extended layout"
            )
        # In the simple layout nobody reads what follows the picture.
        return WebPFile(image.width, image.height, (WebPFrame(b"", image),))
    head = chunks[0].data
    width, height = riff.picture_size(b"VP8X", head)
    flags = head[0]
    extras: dict[bytes, bytes] = {}
    unknown_chunks = []
    for chunk in chunks[1:]:
        if chunk.code in (b"ICCP", b"ANIM", b"EXIF", b"XMP "):
            extras.setdefault(chunk.code, chunk.data)
        elif chunk.code not in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"VP8X"):
            unknown_chunks.append(chunk)
    animation = None
    if flags & _ANIMATION:
        animation = extras.get(b"ANIM", b"")
        frames = tuple(_frame(chunk) for chunk in chunks if chunk.code == b"ANMF")
        if len(animation) != 6 or not frames:
            raise CorruptFile("an animation without frames")
    else:
        frames = (WebPFrame(b"", _bitstream(chunks)),)
        if (frames[0].image.width, frames[0].image.height) != (width, height):
            raise CorruptFile("the picture is not as large as the header says")
    if not flags & _ALPHA and any(frame.image.has_alpha for frame in frames):
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "transparency that the header denies")
    return WebPFile(
        width,
        height,
        frames,
        animation,
        extras.get(b"ICCP") if flags & _ICC else None,
        extras.get(b"EXIF"),
        extras.get(b"XMP "),
        tuple(unknown_chunks),
    )


def _frame(chunk: RiffChunk) -> WebPFrame:
    header = chunk.data[:_FRAME_HEADER]
    if len(header) < _FRAME_HEADER:
        raise CorruptFile("a frame is cut short")
    image = _bitstream(riff.read_chunks(chunk.data[_FRAME_HEADER:]))
    if (image.width, image.height) != (_uint24(header, 6) + 1, _uint24(header, 9) + 1):
        raise CorruptFile("a frame is not as large as its header says")
    return WebPFrame(header, image)


def _bitstream(chunks: list[RiffChunk]) -> Bitstream:
    alpha = None
    for chunk in chunks:
        if chunk.code == b"ALPH":
            alpha = chunk.data
        elif chunk.code in (b"VP8 ", b"VP8L"):
            size = riff.picture_size(chunk.code, chunk.data)
            if chunk.code == b"VP8L":
                return Bitstream(*size, lossless=True, data=chunk.data)
            return Bitstream(*size, lossless=False, data=chunk.data, alpha=alpha)
    raise CorruptFile("a WebP without a picture")


def _uint24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
