"""The note inside a lossy result by which every machine knows not to compress it again.

Each format has a place for it that decoders skip. The places are found by walking the file's
structure, so that a picture which happens to contain the same bytes is not taken for marked.
A file whose structure is not understood is left as it is and counts as unmarked.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Literal

from .formats import MediaType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOTE = b"ir-build"


class _Malformed(Exception):
    """The structure ends early or makes no sense."""


def mark(data: bytes, media: MediaType) -> bytes:
    """`data`, a file of type `media`, with the note; unchanged where it cannot carry one."""
    if is_marked(data, media):
        return data
    try:
        return _MARK[media](data)
    except _Malformed:
        return data


def is_marked(data: bytes, media: MediaType) -> bool:
    """Whether `data`, a file of type `media`, carries the note."""
    # Most files end here, without a walk.
    if _NOTE not in data:
        return False
    try:
        if media is MediaType.SVG:
            return _svg_is_marked(data)
        if media is MediaType.PDF:
            return _pdf_is_marked(data)
        blocks, note = _BLOCKS[media]
        return any(data[start:end] == note for start, end in blocks(data))
    except _Malformed:
        return False


def _number(data: bytes, at: int, size: int, order: Literal["big", "little"] = "big") -> int:
    field = data[at : at + size]
    if len(field) != size:
        raise _Malformed
    return int.from_bytes(field, order)


# JPEG: a COM segment after the application segments, which some readers want first.

_JPEG_COMMENT = b"\xff\xfe" + (len(_NOTE) + 2).to_bytes(2, "big") + _NOTE


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each segment between SOI and the first scan."""
    at = 2
    if data[:2] != b"\xff\xd8":
        raise _Malformed
    while True:
        code = _number(data, at, 2)
        if code & 0xFF00 != 0xFF00:
            raise _Malformed
        if code == 0xFFFF:
            at += 1
            continue
        if code in (0xFFDA, 0xFFD9):
            return
        size = _number(data, at + 2, 2)
        end = at + 2 + size
        if size < 2 or end > len(data):
            raise _Malformed
        yield at, end
        at = end


def _jpeg_mark(data: bytes) -> bytes:
    place = 2
    for start, end in _jpeg_segments(data):
        # The offsets of a multi-picture file would all be off.
        if data[start : start + 2] == b"\xff\xe2" and data[start + 4 : start + 8] == b"MPF\0":
            return data
        if start == place and 0xE0 <= data[start + 1] <= 0xEF:
            place = end
    return data[:place] + _JPEG_COMMENT + data[place:]


# PNG: a tEXt chunk after IHDR.

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT = b"tEXt" + b"Software\0" + _NOTE
_PNG_CHUNK = (
    (len(_PNG_TEXT) - 4).to_bytes(4, "big") + _PNG_TEXT + zlib.crc32(_PNG_TEXT).to_bytes(4, "big")
)


def _png_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each chunk before the first IDAT."""
    at = len(_PNG_SIGNATURE)
    if not data.startswith(_PNG_SIGNATURE) or data[12:16] != b"IHDR":
        raise _Malformed
    while data[at + 4 : at + 8] != b"IDAT":
        end = at + 12 + _number(data, at, 4)
        if end > len(data):
            raise _Malformed
        yield at, end
        at = end


def _png_mark(data: bytes) -> bytes:
    (_, place), *_ = _png_chunks(data)
    return data[:place] + _PNG_CHUNK + data[place:]


# GIF: a comment extension before the trailer.

_GIF_COMMENT = b"\x21\xfe" + bytes([len(_NOTE)]) + _NOTE + b"\0"


def _gif_blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each block; the last is the trailer."""
    at = 13 + _gif_table(_number(data, 10, 1))
    while True:
        start, kind = at, _number(data, at, 1)
        if kind == 0x3B:
            yield start, start + 1
            return
        if kind == 0x21:
            at += 2
        elif kind == 0x2C:
            at += 11 + _gif_table(_number(data, at + 9, 1))
        else:
            raise _Malformed
        while size := _number(data, at, 1):
            at += 1 + size
        at += 1
        yield start, at


def _gif_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_mark(data: bytes) -> bytes:
    *_, (trailer, _) = _gif_blocks(data)
    # Extensions came with version 89a.
    return b"GIF89a" + data[6:trailer] + _GIF_COMMENT + data[trailer:]


# WebP: a chunk of our own at the end. Only the extended form may have unknown chunks, so a file
# of the simple form gets a VP8X header (RFC 9649, section 2.7).

_WEBP_CHUNK = b"IRBD" + len(_NOTE).to_bytes(4, "little") + _NOTE


def _webp_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each chunk, padding included."""
    limit = 8 + _number(data, 4, 4, "little")
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or limit > len(data):
        raise _Malformed
    at = 12
    while at < limit:
        size = _number(data, at + 4, 4, "little")
        end = at + 8 + size + size % 2
        if end > limit:
            raise _Malformed
        yield at, end
        at = end


def _webp_mark(data: bytes) -> bytes:
    chunks = list(_webp_chunks(data))
    if not chunks:
        raise _Malformed
    start, end = chunks[0]
    kind = data[start : start + 4]
    body, rest = data[12 : chunks[-1][1]], data[chunks[-1][1] :]
    if kind == b"VP8 ":
        width = _number(data, start + 14, 2, "little") & 0x3FFF
        height = _number(data, start + 16, 2, "little") & 0x3FFF
        body = _webp_header(width, height, alpha=False) + data[start:end]
    elif kind == b"VP8L":
        bits = _number(data, start + 9, 4, "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        body = _webp_header(width, height, alpha=bool(bits >> 28 & 1)) + data[start:end]
    elif kind != b"VP8X":
        raise _Malformed
    body = b"WEBP" + body + _WEBP_CHUNK
    return b"RIFF" + len(body).to_bytes(4, "little") + body + rest


def _webp_header(width: int, height: int, *, alpha: bool) -> bytes:
    if not width or not height:
        raise _Malformed
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X\x0a\0\0\0" + bytes([0x10 if alpha else 0, 0, 0, 0]) + size


# AVIF: a `free` box at the end.

_AVIF_BOX = (len(_NOTE) + 8).to_bytes(4, "big") + b"free" + _NOTE


def _avif_boxes(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each top-level box."""
    at = 0
    while at < len(data):
        size = _number(data, at, 4)
        least = 8
        if size == 1:
            size, least = _number(data, at + 8, 8), 16
        # Size 0, to the end of the file, is also turned down here: nothing may follow that box.
        if size < least or at + size > len(data):
            raise _Malformed
        yield at, at + size
        at += size


def _avif_mark(data: bytes) -> bytes:
    for _ in _avif_boxes(data):
        pass
    return data + _AVIF_BOX


# SVG: a comment after the root element, nothing but white space behind it.

_SVG_COMMENT = b"<!--" + _NOTE + b"-->"
_SVG_TAIL_BYTES = 4096
_SVG_END = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?svg\s*>(?:\s|<!--(?:(?!--).)*-->)*\Z", re.DOTALL)


def _svg_mark(data: bytes) -> bytes:
    if not _SVG_END.search(data[-_SVG_TAIL_BYTES:]):
        raise _Malformed
    return data.rstrip() + _SVG_COMMENT + b"\n"


def _svg_is_marked(data: bytes) -> bool:
    return data[-_SVG_TAIL_BYTES:].rstrip().endswith(_SVG_COMMENT)


# PDF: a comment line before the last `startxref`. No offset points behind it, and the file still
# ends with %%EOF, behind which PDF/A allows nothing.

_PDF_COMMENT = b"%" + _NOTE + b"\n"
_PDF_TAIL_BYTES = 1024
_PDF_END = re.compile(rb"(?<=[\r\n])startxref[\r\n ]+\d+[\r\n ]+%%EOF\s*\Z")
_PDF_LENGTH = re.compile(rb"(?<=/L)\s+(\d+)(?=[\s/>])")


def _pdf_place(data: bytes) -> int:
    tail_at = max(0, len(data) - _PDF_TAIL_BYTES)
    match = _PDF_END.search(data[tail_at:])
    if match is None:
        raise _Malformed
    return tail_at + match.start()


def _pdf_mark(data: bytes) -> bytes:
    place = _pdf_place(data)
    head = data[:place]
    if b"/Linearized" in data[:1024]:
        head = _pdf_with_length(head, len(data), len(data) + len(_PDF_COMMENT))
    return head + _PDF_COMMENT + data[place:]


def _pdf_with_length(head: bytes, before: int, after: int) -> bytes:
    """Correct the file length in the linearization dictionary, which must not move anything."""
    match = _PDF_LENGTH.search(head, head.index(b"/Linearized"), 1024) or _PDF_LENGTH.search(
        head, 0, 1024
    )
    old, new = b"%d" % before, b"%d" % after
    if match is None or match[1] != old or len(old) != len(new):
        raise _Malformed
    return head[: match.start(1)] + new + head[match.end(1) :]


def _pdf_is_marked(data: bytes) -> bool:
    return data[: _pdf_place(data)].endswith(_PDF_COMMENT)


_MARK: dict[MediaType, Callable[[bytes], bytes]] = {
    MediaType.JPEG: _jpeg_mark,
    MediaType.PNG: _png_mark,
    MediaType.GIF: _gif_mark,
    MediaType.WEBP: _webp_mark,
    MediaType.AVIF: _avif_mark,
    MediaType.SVG: _svg_mark,
    MediaType.PDF: _pdf_mark,
}
#: where the note is a block of its own: what lists the blocks, and the note's
_BLOCKS: dict[MediaType, tuple[Callable[[bytes], Iterator[tuple[int, int]]], bytes]] = {
    MediaType.JPEG: (_jpeg_segments, _JPEG_COMMENT),
    MediaType.PNG: (_png_chunks, _PNG_CHUNK),
    MediaType.GIF: (_gif_blocks, _GIF_COMMENT),
    MediaType.WEBP: (_webp_chunks, _WEBP_CHUNK),
    MediaType.AVIF: (_avif_boxes, _AVIF_BOX),
}
