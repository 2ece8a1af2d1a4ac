"""The blocks of a GIF file (GIF89a specification), each frame's coded pixels left coded."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import CorruptFile, LeftAlone, Reason, TooLarge

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL, _COMMENT, _PLAIN_TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
#: application extensions that change what is shown: how often it repeats, and its profile
_KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_MAX_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One image with the graphic control that belongs to it."""

    control: bytes  #: the extension blocks before it that have to stay, its graphic control last
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
            flags |= 0x80 | (len(self.table) // 3).bit_length() - 2
        places = (self.left, self.top, self.width, self.height)
        return b"".join(
            (
                self.control,
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

    header: bytes  #: signature, screen descriptor and global colour table
    width: int
    height: int
    table: bytes  #: the global colour table
    frames: tuple[Frame, ...]
    rest: bytes  #: extension blocks after the last frame that have to stay
    stripped: tuple[str, ...]

    def encode(self, frames: tuple[Frame, ...]) -> bytes:
        """The file with other frames."""
        blocks = (frame.encode() for frame in frames)
        return b"".join((self.header, *blocks, self.rest, b"\x3b"))


def sub_blocks(data: bytes) -> bytes:
    """`data` in blocks of up to 255 bytes, each with its length, and the empty last one."""
    parts = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def parse(data: bytes) -> GifFile:
    """Take the file apart. Raises `CorruptFile`, `TooLarge`, and `LeftAlone`."""
    if len(data) < 13:
        raise CorruptFile("ends before the picture begins")
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    at = 13 + _table_size(data[10])
    header = b"GIF89a" + data[6:at]
    frames: list[Frame] = []
    stripped: list[str] = []
    control = b""
    while True:
        kind = data[at] if at < len(data) else None
        if kind == _TRAILER:
            break
        if kind == _EXTENSION and at + 2 <= len(data):
            label = data[at + 1]
            content, end = _sub_blocks(data, at + 2)
            block = data[at:end]
            if label == _GRAPHIC_CONTROL or (
                label == _APPLICATION and content.startswith(_KEPT_APPLICATIONS)
            ):
                control += block
            elif label == _PLAIN_TEXT:
                raise LeftAlone(Reason.UNSUPPORTED_VARIANT, "plain text blocks")
            else:
                stripped.append("comment" if label == _COMMENT else "application data")
            at = end
        elif kind == _IMAGE:
            frame, at = _frame(data, at, control)
            frames.append(frame)
            control = b""
            if len(frames) > _MAX_FRAMES:
                raise TooLarge(f"more than {_MAX_FRAMES} frames")
        else:
            raise CorruptFile("ends before its trailer" if kind is None else "has an unknown block")
    if not frames or not width or not height:
        raise CorruptFile("has no picture")
    if data[at + 1 :].strip(b"\0\x3b\r\n "):
        raise LeftAlone(Reason.UNSUPPORTED_VARIANT, f"{len(data) - at - 1} bytes after the picture")
    names = tuple(dict.fromkeys(stripped))
    return GifFile(header, width, height, header[13:], tuple(frames), control, names)


def _table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _frame(data: bytes, at: int, control: bytes) -> tuple[Frame, int]:
    if at + 10 > len(data):
        raise CorruptFile("ends in the middle of a frame")
    left, top, width, height = (
        int.from_bytes(data[place : place + 2], "little") for place in range(at + 1, at + 9, 2)
    )
    flags = data[at + 9]
    start = at + 10 + _table_size(flags)
    if start >= len(data):
        raise CorruptFile("ends in the middle of a frame")
    codes, end = _sub_blocks(data, start + 1)
    table = data[at + 10 : start]
    frame = Frame(control, left, top, width, height, bool(flags & 0x40), table, data[start], codes)
    return frame, end


def _sub_blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of the sub-blocks at `at`, and where they end."""
    parts: list[bytes] = []
    while True:
        if at >= len(data):
            raise CorruptFile("ends in the middle of a block")
        size = data[at]
        if not size:
            return b"".join(parts), at + 1
        parts.append(data[at + 1 : at + 1 + size])
        at += 1 + size
