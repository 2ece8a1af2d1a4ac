"""The blocks of a GIF file (GIF89a specification), each frame's coded pixels left coded."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import CorruptFile, FileSkipped, Reason, TooLarge

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL, _COMMENT, _PLAIN_TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
#: application extensions that change what is shown: how often it repeats, and its profile
_KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_MAX_FRAMES = 20_000
_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class Control:
    """How long a frame is shown and what becomes of it."""

    #: 0 or 1 leaves it, 2 clears its rectangle, 3 puts back what was there
    disposal: int = 0
    delay: int = 0  #: hundredths of a second
    transparent: int | None = None  #: the index that leaves a pixel as it was
    waits: bool = False  #: for the user

    def encode(self) -> bytes:
        """The graphic control extension, empty where it would say nothing."""
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
    table: bytes  #: the local colour table, empty when the global one serves
    code_size: int  #: minimum LZW code size
    codes: bytes  #: the LZW data without its sub-block lengths

    def encode(self) -> bytes:
        """The frame as it stands in a file."""
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
    table: bytes  #: the global colour table, empty when there is none
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


def table_depth(table: bytes) -> int:
    """The size of a colour table the way its flags say it."""
    return (len(table) // 3).bit_length() - 2


def sub_blocks(data: bytes) -> bytes:
    """`data` in blocks of up to 255 bytes, each with its length, and the empty last one."""
    rest = len(data) % 255
    parts = [data[at : at + 255] for at in range(0, len(data) - rest, 255)]
    # Each of them is followed by what begins the next one.
    full = b"\xff" + b"\xff".join(parts) if parts else b""
    return full + (bytes((rest,)) + data[-rest:] if rest else b"") + b"\0"


def parse(data: bytes) -> GifFile:
    """Take the file apart. Raises `CorruptFile`, `TooLarge`, and `FileSkipped`."""
    if len(data) < 13:
        raise CorruptFile("ends before the picture begins")
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    at = 13 + _table_size(data[10])
    table = data[13:at]
    frames: list[GifFrame] = []
    stripped: list[str] = []
    extensions: list[bytes] = []
    said = b""
    control = Control()
    while True:
        kind = data[at] if at < len(data) else None
        if kind == _TRAILER:
            break
        if kind == _EXTENSION and at + 2 <= len(data):
            label = data[at + 1]
            content, end = joined(data, at + 2)
            if label == _GRAPHIC_CONTROL:
                control = _control(content)
            elif label == _APPLICATION and content.startswith(_KEPT_APPLICATIONS):
                if data[at:end] != said:
                    said = data[at:end]
                    extensions.append(said)
            elif label == _PLAIN_TEXT:
                raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "plain text blocks")
            else:
                stripped.append("comment" if label == _COMMENT else "application data")
            at = end
        elif kind == _IMAGE:
            frame, at = _frame(data, at, b"".join(extensions), control)
            frames.append(frame)
            extensions, control = [], Control()
            if len(frames) > _MAX_FRAMES:
                raise TooLarge(f"more than {_MAX_FRAMES} frames")
        else:
            raise CorruptFile("ends before its trailer" if kind is None else "has an unknown block")
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
        table,
        tuple(frames),
        data[11],
        b"".join(extensions),
        tuple(dict.fromkeys(stripped)),
    )


def joined(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of the sub-blocks at `at`, and where they end."""
    parts: list[bytes] = []
    while at < len(data):
        size = data[at]
        if not size:
            return b"".join(parts), at + 1
        whole = 0
        if size == 255:
            # Most blocks are full: they are counted many at a time.
            lengths = data[at : at + 256 * _AT_A_TIME : 256]
            whole = min(len(lengths) - len(lengths.lstrip(b"\xff")), (len(data) - at) // 256)
        parts += [data[start + 1 : start + 256] for start in range(at, at + 256 * whole, 256)]
        at += 256 * whole
        if not whole:
            parts.append(data[at + 1 : at + 1 + size])
            at += 1 + size
    raise CorruptFile("ends in the middle of a block")


def _table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _control(content: bytes) -> Control:
    if len(content) < 4:
        raise CorruptFile("has a graphic control that is cut short")
    flags = content[0]
    delay = int.from_bytes(content[1:3], "little")
    return Control(flags >> 2 & 7, delay, content[3] if flags & 1 else None, waits=bool(flags & 2))


def _frame(data: bytes, at: int, extensions: bytes, control: Control) -> tuple[GifFrame, int]:
    if at + 10 > len(data):
        raise CorruptFile("ends in the middle of a frame")
    left, top, width, height = (
        int.from_bytes(data[place : place + 2], "little") for place in range(at + 1, at + 9, 2)
    )
    flags = data[at + 9]
    start = at + 10 + _table_size(flags)
    if start >= len(data):
        raise CorruptFile("ends in the middle of a frame")
    codes, end = joined(data, start + 1)
    table = data[at + 10 : start]
    interlaced = bool(flags & 0x40)
    place = (left, top, width, height)
    return GifFrame(extensions, control, *place, interlaced, table, data[start], codes), end
