"""A GIF file taken apart (GIF89a specification). The pixels of its frames stay coded."""

from __future__ import annotations

from dataclasses import dataclass

from ...containers.gif_blocks import (
    EXTENSION,
    HEADER_BYTES,
    IMAGE,
    Block,
    blocks,
    code_size_at,
    dimensions,
    sub_blocks,
    table_depth,
    table_size,
)
from ...errors import CorruptFile, FileSkipped, Reason, TooLarge
from ..shared import content_credentials

#: labels of extensions (GIF89a, 23 to 26)
_GRAPHIC_CONTROL, _COMMENT, _PLAIN_TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
#: application extensions that change what is shown: how often it repeats, and its profile
_KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
#: Not fitted: more frames are an attack. At ten frames a second so many take half an hour.
_MAX_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class Control:
    """How long a frame is shown and what becomes of it."""

    #: 0 and 1 leave the frame, 2 clears its rectangle, and 3 puts back what was there before (GIF89a, 23)
    disposal: int = 0
    delay: int = 0  #: hundredths of a second
    transparent: int | None = None  #: the index that leaves a pixel as it was
    waits: bool = False  #: whether it is shown until the user does something

    def encode(self) -> bytes:
        """The graphic control extension. It is empty if it would say nothing."""
        if self == Control():
            return b""
        flags = self.disposal << 2 | self.waits << 1 | (self.transparent is not None)
        delay = self.delay.to_bytes(2, "little")
        return b"\x21\xf9\x04" + bytes((flags, *delay, self.transparent or 0, 0))


@dataclass(frozen=True, slots=True)
class GifFrame:
    """One image with the graphic control that belongs to it."""

    extensions: bytes  #: the application extensions before it that have to stay
    control: Control
    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    table: bytes  #: the local colour table; empty if the frame uses the global one
    code_size: int  #: minimum LZW code size
    codes: bytes  #: the LZW data without its sub-block lengths

    def encode(self) -> bytes:
        """The frame as it is in a file, with its extensions."""
        flags = 0x40 if self.interlaced else 0
        if self.table:
            flags |= 0x80 | table_depth(self.table)
        places = (self.left, self.top, self.width, self.height)
        return b"".join(
            (
                self.extensions,
                self.control.encode(),
                b"\x2c",
                *(place.to_bytes(2, "little") for place in places),
                bytes((flags,)),
                self.table,
                bytes((self.code_size,)),
                sub_blocks(self.codes),
            )
        )


@dataclass(frozen=True, slots=True)
class GifFile:
    """A GIF file taken apart."""

    width: int
    height: int
    aspect: int  #: the pixel aspect ratio as stored
    table: bytes  #: the global colour table; empty if there is none
    frames: tuple[GifFrame, ...]
    background: int = 0  #: an index that no browser looks at
    rest: bytes = b""  #: application extensions after the last frame that have to stay
    stripped: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The whole file."""
        flags = 0x80 | table_depth(self.table) if self.table else 0
        return b"".join(
            (
                b"GIF89a",
                self.width.to_bytes(2, "little"),
                self.height.to_bytes(2, "little"),
                bytes((flags, self.background, self.aspect)),
                self.table,
                *(frame.encode() for frame in self.frames),
                self.rest,
                b"\x3b",
            )
        )


def parse(data: bytes) -> GifFile:
    """Take the GIF `data` apart.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` for a file that must stay as it is.
    """
    frames: list[GifFrame] = []
    stripped: list[str] = []
    extensions: list[bytes] = []
    said = b""
    control = Control()
    at = 0
    for block in blocks(data):
        at = block.start
        if block.kind == IMAGE:
            frames.append(_frame(data, block, b"".join(extensions), control))
            extensions, control = [], Control()
            if len(frames) > _MAX_FRAMES:
                raise TooLarge(f"more than {_MAX_FRAMES} frames")
        elif block.kind == EXTENSION:
            label = data[at + 1]
            if label == _GRAPHIC_CONTROL:
                control = _control(block.content)
            elif label == _APPLICATION and block.content.startswith(b"C2PA_GIF"):
                raise content_credentials.signed()
            elif label == _APPLICATION and block.content.startswith(_KEPT_APPLICATIONS):
                if data[at : block.end] != said:
                    said = data[at : block.end]
                    extensions.append(said)
            elif label == _PLAIN_TEXT:
                raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "plain text blocks")
            else:
                stripped.append("comment" if label == _COMMENT else "application data")
    width, height = dimensions(data)
    if not frames or not width or not height:
        raise CorruptFile("has no picture")
    if data[at + 1 :].strip(b"\0\x3b\r\n "):
        raise FileSkipped(
            Reason.UNSUPPORTED_VARIANT, f"{len(data) - at - 1} bytes after the picture"
        )
    return GifFile(
        width,
        height,
        data[12],
        data[HEADER_BYTES : HEADER_BYTES + table_size(data[10])],
        tuple(frames),
        data[11],
        b"".join(extensions),
        tuple(dict.fromkeys(stripped)),
    )


def _control(content: bytes) -> Control:
    if len(content) < 4:
        raise CorruptFile("has a graphic control that is cut short")
    flags = content[0]
    delay = int.from_bytes(content[1:3], "little")
    return Control(flags >> 2 & 7, delay, content[3] if flags & 1 else None, waits=bool(flags & 2))


def _frame(data: bytes, block: Block, extensions: bytes, control: Control) -> GifFrame:
    at = block.start
    left, top, width, height = (
        int.from_bytes(data[place : place + 2], "little") for place in range(at + 1, at + 9, 2)
    )
    start = code_size_at(data, at)
    return GifFrame(
        extensions,
        control,
        left,
        top,
        width,
        height,
        interlaced=bool(data[at + 9] & 0x40),
        table=data[at + 10 : start],
        code_size=data[start],
        codes=block.content,
    )
