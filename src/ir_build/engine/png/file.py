"""A PNG file taken apart, and which of its chunks a picture needs (W3C PNG, third edition)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...containers.png_chunks import SIGNATURE, PngChunk, spans
from ...errors import CorruptFile, FileSkipped, Reason, TooLarge
from ...options import Meta
from ..shared import content_credentials, exif
from . import colours as png_colours

if TYPE_CHECKING:
    from .colours import ColourTags

# Not fitted: a file of 100 MB in chunks of a kilobyte has so many. More are an attack.
_MAX_CHUNKS = 100_000

#: chunks that the picture is made of
_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
#: chunks that no viewer uses
_USELESS = frozenset({
    b"tIME", b"bKGD", b"hIST", b"sPLT", b"sBIT", b"oFFs", b"pCAL", b"sCAL", b"gIFg", b"gIFx",
    b"sTER", b"dSIG",
    # Some programs write these. They only describe the writer.
    b"vpAg", b"caNv", b"prVW", b"iDOT", b"orNT", b"alPh", b"CgBI",
})  # fmt: skip
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})

#: keywords of texts that hold the source of a picture, which a program can edit
_SOURCES = (
    b"mxfile", b"mxGraphModel", b"application/vnd.excalidraw+json", b"tldraw", b"BDF", b"chara",
    b"ccv3",
)  # fmt: skip
_KEYWORDS = {
    Meta.COPYRIGHT: (b"Copyright", b"Author", b"Artist"),
    Meta.DATETIME: (b"Creation Time", b"date:create", b"date:modify"),
}


@dataclass(frozen=True, slots=True)
class PngFile:
    """A PNG file taken apart."""

    chunks: tuple[PngChunk, ...]
    width: int
    height: int
    bit_depth: int
    colour_type: int

    @property
    def indexed(self) -> bool:
        """Whether the pixels are indices into a palette."""
        return self.colour_type == 3

    @property
    def grey(self) -> bool:
        """Whether the colour type is one of the two for grey."""
        return self.colour_type in (0, 4)

    @property
    def animated(self) -> bool:
        """Whether there are chunks of an animation."""
        return any(chunk.kind in _ANIMATION for chunk in self.chunks)

    def find(self, kind: bytes) -> bytes | None:
        """The data of the first chunk of a type; None if there is none."""
        return next((chunk.data for chunk in self.chunks if chunk.kind == kind), None)


def parse(data: bytes) -> PngFile:
    """Take the PNG `data` apart.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` for a file that must stay as it is.
    """
    chunks: list[PngChunk] = []
    at = 0
    for kind, start, at in spans(data):
        body = data[start + 8 : at - 4]
        # A viewer stops at a critical chunk that is damaged. Nobody misses a text that is.
        if kind[:1].isupper() and zlib.crc32(kind + body) != int.from_bytes(
            data[at - 4 : at], "big"
        ):
            raise CorruptFile(f"the checksum of its {kind.decode('latin-1')} chunk is wrong")
        chunks.append(PngChunk(kind, body))
        if len(chunks) > _MAX_CHUNKS:
            raise TooLarge(f"more than {_MAX_CHUNKS} chunks")
    if data[at:].strip(b"\0\r\n "):
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, f"{len(data) - at} bytes after the picture")
    kinds = {chunk.kind for chunk in chunks}
    if b"caBX" in kinds:
        raise content_credentials.signed()
    header = chunks[0].data
    if chunks[0].kind != b"IHDR" or len(header) != 13 or b"IDAT" not in kinds:
        raise CorruptFile("has no picture")
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (0, 4))
    if not width or not height:
        raise CorruptFile("has no pixels")
    return PngFile(tuple(chunks), width, height, header[8], header[9])


@dataclass(frozen=True, slots=True)
class Extras:
    """What stays of a file besides its picture."""

    before: tuple[PngChunk, ...]  #: chunks that go before the palette
    after: tuple[PngChunk, ...]  #: chunks that go before the end
    stripped: tuple[str, ...]
    #: whether the file may be more than a picture, so that its pixels must stay
    payload: bool
    #: whether chunks of unknown meaning are kept, so that its size must stay
    unknown: bool
    colours: ColourTags


def extras(file: PngFile, metas: frozenset[Meta], resized: tuple[int, int] | None = None) -> Extras:
    """What has to stay of `file`, and the names of what is stripped.

    `metas` are the kinds that the user keeps. `resized` is the new width and height in pixels, or None if
    the picture keeps its own.
    """
    before: list[PngChunk] = []
    after: list[PngChunk] = []
    stripped: list[str] = []
    unknown = False
    payload = (file.width, file.height) == (160, 205)  # a PICO-8 cartridge hides in such pixels
    colours = png_colours.read({chunk.kind: chunk.data for chunk in reversed(file.chunks)})
    looks = colours.kinds | (png_colours.KINDS if Meta.ICC in metas else frozenset())
    wanted = {keyword for meta in metas for keyword in _KEYWORDS.get(meta, ())}
    for chunk in file.chunks:
        name = chunk.kind.decode("latin-1")
        if chunk.kind in _PICTURE or chunk.kind in _ANIMATION:
            continue
        if chunk.kind in png_colours.KINDS or chunk.kind == b"pHYs":
            # Pixels of equal density both ways are square, as pixels without a density are.
            if chunk.kind in looks or (
                chunk.kind == b"pHYs"
                and (Meta.DENSITY in metas or chunk.data[:4] != chunk.data[4:8])
            ):
                before.append(chunk)
            else:
                stripped.append(name)
        elif chunk.kind == b"eXIf":
            size = file.width, file.height
            block = exif.keep(chunk.data, metas | {Meta.ORIENTATION}, size, resized)
            if block:
                before.append(PngChunk(b"eXIf", block))
            if block != chunk.data:
                stripped.append(name)
        elif chunk.kind in _TEXTS:
            if chunk.data.split(b"\0", 1)[0] in _SOURCES:
                payload = True
                after.append(chunk)
            elif chunk.data.split(b"\0", 1)[0] in wanted:
                after.append(chunk)
            else:
                stripped.append(name)
        elif chunk.kind == b"tIME" and Meta.DATETIME in metas:
            after.append(chunk)
        elif chunk.kind in _USELESS:
            stripped.append(name)
        else:
            # Some tools keep programs or layers in chunks of their own. These stay. The pixels may still
            # change if the chunk is ancillary and safe to copy: then it does not depend on them (PNG,
            # third edition, 5.4: bit 5 of the first and of the fourth byte).
            unknown = True
            payload = payload or not (chunk.kind[:1].islower() and chunk.kind[3:].islower())
            after.append(chunk)
    named = tuple(dict.fromkeys(stripped))
    return Extras(tuple(before), tuple(after), named, payload, unknown, colours)


def assembled(picture: bytes, kept: Extras) -> bytes:
    """The file `picture`, which holds nothing but a picture, with the chunks that have to stay."""
    chunks = parse(picture).chunks
    before = [chunk.encode() for chunk in kept.before]
    after = [chunk.encode() for chunk in kept.after]
    middle = [chunk.encode() for chunk in chunks[1:-1]]
    return b"".join([SIGNATURE, chunks[0].encode(), *before, *middle, *after, chunks[-1].encode()])


def bare(file: PngFile) -> bytes:
    """A PNG file with the chunks of the picture only."""
    return SIGNATURE + b"".join(one.encode() for one in file.chunks if one.kind in _PICTURE)


def with_data(picture: bytes, data: bytes) -> bytes:
    """The file `picture`, which holds nothing but a picture, with the zlib data `data` as its rows."""
    chunks = [one for one in parse(picture).chunks if one.kind != b"IDAT"]
    chunks.insert(-1, PngChunk(b"IDAT", data))
    return SIGNATURE + b"".join(one.encode() for one in chunks)
