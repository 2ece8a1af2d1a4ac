"""The table of formats: how each is recognised, and which modules work on it.

A format has a folder in `engine`, a verifier in `verify` and an entry here. The entry names modules
and does not import them, so a run with nothing to do loads no codec.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from .errors import CorruptFile

#: how many of a file's first bytes `sniff` wants to see
HEAD_BYTES = 64 * 1024
_LONGEST_SIDE = 2**31 - 1


class MediaType(StrEnum):
    """The formats that are recognised. The value is the name used in options and reports."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    AVIF = "avif"
    JPEG_XL = "jxl"
    SVG = "svg"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What there is to know of one format."""

    #: how messages call it
    name: str
    #: the usual suffixes, lower case, the commonest first
    suffixes: tuple[str, ...]
    #: the registered media type, as in a `Content-Type` header
    mime: str
    #: whether a file that begins so is one; given `HEAD_BYTES`, or all of a shorter file
    recognises: Callable[[bytes], bool]
    #: module with `dimensions` (see `dimensions`); None where pixels have no meaning
    header: str | None = None
    #: module of the note in lossy results (see `marker.Marker`); None where there is none
    marker: str | None = None
    #: module that compresses (see `engine.Codec`); None for files that are left as they are
    codec: str | None = None
    #: module that verifies (see `verify.Verifier`); None where there is no codec
    verifier: str | None = None


# Declaration, comments, doctype with an internal subset and processing instructions may stand before
# the root element. The quantifiers are possessive, so a hostile head cannot make it backtrack.
_SVG_ROOT = re.compile(
    r"\s*+(?:<\?.*?\?>\s*+|<!--.*?-->\s*+|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>\s*+)*+"
    r"<(?:[A-Za-z_][\w.-]*+:)?svg[\s>/]",
    re.DOTALL,
)


def _begins(*heads: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(heads)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_avif(head: bytes) -> bool:
    if head[4:8] != b"ftyp":
        return False
    size = int.from_bytes(head[:4], "big")
    brands = head[8:12] + head[16 : min(size, 256)]
    return any(brands[at : at + 4] in (b"avif", b"avis") for at in range(0, len(brands), 4))


def _is_pdf(head: bytes) -> bool:
    # Readers accept a PDF header anywhere in the first 1024 bytes (ISO 32000-1, annex H.3.4.1).
    return b"%PDF-" in head[:1024] and head.lstrip()[:1] != b"<"


def _is_svg(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", "ignore")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return _SVG_ROOT.match(text) is not None


def _compressed(
    media: MediaType,
    name: str,
    suffixes: tuple[str, ...],
    recognises: Callable[[bytes], bool],
    *,
    header: str | None,
    verifier: str = "raster",
    mime: str = "",
) -> Format:
    """A format with a folder of its own in `engine`; modules are named from the package on."""
    return Format(
        name=name,
        suffixes=suffixes,
        mime=mime or f"image/{media}",
        recognises=recognises,
        header=header and f"{__package__}.{header}",
        marker=f"{__package__}.engine.{media}.marker",
        codec=f"{__package__}.engine.{media}.codec",
        verifier=f"{__package__}.verify.{verifier}",
    )


FORMATS = {
    MediaType.JPEG: _compressed(
        MediaType.JPEG, "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), _begins(b"\xff\xd8\xff"),
        header="containers.jpeg_segments",
    ),
    MediaType.PNG: _compressed(
        MediaType.PNG, "PNG", (".png", ".apng"), _begins(b"\x89PNG\r\n\x1a\n"),
        header="containers.png_chunks",
    ),
    MediaType.GIF: _compressed(
        MediaType.GIF, "GIF", (".gif",), _begins(b"GIF87a", b"GIF89a"),
        header="containers.gif_blocks", verifier="gif",
    ),
    MediaType.WEBP: _compressed(
        MediaType.WEBP, "WebP", (".webp",), _is_webp, header="containers.riff",
    ),
    MediaType.AVIF: _compressed(
        MediaType.AVIF, "AVIF", (".avif", ".avifs"), _is_avif, header="containers.iso_bmff",
    ),
    # JPEG XL is left as it is: there is no codec of it yet that we can depend on.
    MediaType.JPEG_XL: Format(
        name="JPEG XL", suffixes=(".jxl",), mime="image/jxl",
        # A bare codestream, or the signature box of a container (ISO/IEC 18181-2, 9.1).
        recognises=_begins(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ),
    MediaType.SVG: _compressed(
        MediaType.SVG, "SVG", (".svg",), _is_svg,
        header="engine.svg.dimensions", verifier="svg", mime="image/svg+xml",
    ),
    MediaType.PDF: _compressed(
        MediaType.PDF, "PDF", (".pdf",), _is_pdf,
        header=None, verifier="pdf", mime="application/pdf",
    ),
}  # fmt: skip

#: the formats that can be compressed; others are only recognised
COMPRESSIBLE = tuple(media for media in MediaType if FORMATS[media].codec is not None)

#: the suffixes that claim one of them
SUFFIXES = frozenset(suffix for media in COMPRESSIBLE for suffix in FORMATS[media].suffixes)

# SVG comes last. A text that mentions both is a PDF, and the search for an SVG costs most.
_SNIFFED = sorted(MediaType, key=lambda media: media is MediaType.SVG)


def sniff(head: bytes) -> MediaType | None:
    """The type of the file that begins with `head`, None when it is not one of ours.

    `head` is the first `HEAD_BYTES` of the file, or all of a shorter one.
    """
    return next((media for media in _SNIFFED if FORMATS[media].recognises(head)), None)


def dimensions(data: bytes, media: MediaType) -> tuple[int, int]:
    """Width and height in pixels of the picture that begins with `data`; 0 where not known.

    Nothing is decoded. A PDF has none.
    """
    header = FORMATS[media].header
    if header is None:
        return 0, 0
    try:
        width, height = import_module(header).dimensions(data)
    except (CorruptFile, struct.error, IndexError, ValueError, OverflowError):
        return 0, 0
    known = 0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE
    return (width, height) if known else (0, 0)
