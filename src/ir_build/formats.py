"""What a file is, read from its bytes and never from its suffix."""

from __future__ import annotations

import re
from enum import StrEnum

#: how many of a file's first bytes `sniff` wants to see
HEAD_BYTES = 64 * 1024


class MediaType(StrEnum):
    """The formats ir-build works on. The value is the name used in options and reports."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    AVIF = "avif"
    SVG = "svg"
    PDF = "pdf"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The usual suffixes, lower case, the commonest first."""
        return _SUFFIXES[self]

    @property
    def mime(self) -> str:
        """The registered media type, as in a `Content-Type` header."""
        return _MIMES[self]


_SUFFIXES = {
    MediaType.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif"),
    MediaType.PNG: (".png", ".apng"),
    MediaType.GIF: (".gif",),
    MediaType.WEBP: (".webp",),
    MediaType.AVIF: (".avif", ".avifs"),
    MediaType.SVG: (".svg",),
    MediaType.PDF: (".pdf",),
}
_MIMES = {
    MediaType.JPEG: "image/jpeg",
    MediaType.PNG: "image/png",
    MediaType.GIF: "image/gif",
    MediaType.WEBP: "image/webp",
    MediaType.AVIF: "image/avif",
    MediaType.SVG: "image/svg+xml",
    MediaType.PDF: "application/pdf",
}

# What may stand before the root element: declaration, comments, doctype with an internal
# subset, processing instructions. Possessive, so a hostile head cannot make it backtrack.
_SVG_ROOT = re.compile(
    r"\s*+(?:<\?.*?\?>\s*+|<!--.*?-->\s*+|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>\s*+)*+"
    r"<(?:[A-Za-z_][\w.-]*+:)?svg[\s>/]",
    re.DOTALL,
)


def sniff(head: bytes) -> MediaType | None:
    """The type of the file that begins with `head`, None when it is not one of ours.

    `head` is the first `HEAD_BYTES` of the file, or all of a shorter one.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return MediaType.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head[4:8] == b"ftyp" and _is_avif(head):
        return MediaType.AVIF
    # Readers accept a PDF header anywhere in the first 1024 bytes (ISO 32000-1, annex H.3.4.1).
    if b"%PDF-" in head[:1024] and head.lstrip()[:1] != b"<":
        return MediaType.PDF
    if _is_svg(head):
        return MediaType.SVG
    return None


def _is_avif(head: bytes) -> bool:
    size = int.from_bytes(head[:4], "big")
    brands = head[8:12] + head[16 : min(size, 256)]
    return any(brands[at : at + 4] in (b"avif", b"avis") for at in range(0, len(brands), 4))


def _is_svg(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", "ignore")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return _SVG_ROOT.match(text) is not None
