"""What a PNG says about itself, apart from its pixels (PNG Specification, third edition)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CorruptFile
from .colour import Colours

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks of pixels and orientation, and those of frames.
_DECODED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"})
_DECODED_APNG = frozenset({b"acTL", b"fcTL", b"fdAT"})
_LARGEST_PROFILE = 16 * 1024 * 1024  # bytes, as in `colour`: a limit of memory
_INDEXED = 3  # the colour type of a palette

# The values of gAMA and cHRM that mean sRGB (PNG, third edition, 11.3.2.5). Values within the tolerances of libpng
# count as the same: about 5 % of gamma, and 0.01 of the coordinate of a primary.
_GAMMA, _GAMMA_TOLERANCE = 45455, 2500
_PRIMARIES, _PRIMARIES_TOLERANCE = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000), 1000
_SRGB_CICP = frozenset({b"\x01\x0d\x00\x01", b"\x01\x01\x00\x01", b"\x02\x02\x00\x01"})


@dataclass(frozen=True, slots=True)
class Png:
    """A PNG taken apart."""

    depth: int  #: bits a sample
    #: how many colours the palette has; None if pixels are not indices
    palette: int | None
    colours: Colours
    #: the file without text, profiles and private chunks; these may be large or broken
    pixels: bytes


def read(data: bytes) -> Png:
    """Take the PNG `data` apart. Raises `CorruptFile` if its chunks do not end with IEND."""
    found: dict[bytes, bytes] = {}
    kept = [_SIGNATURE]
    seen = set()
    palette = None
    for kind, start, end in _chunks(data):
        if kind == b"PLTE" and kind not in seen and data[25] == _INDEXED:
            palette = (end - start - 12) // 3
        seen.add(kind)
        if kind in _DECODED or kind in _DECODED_APNG:
            kept.append(data[start:end])
        # A colour chunk counts only before the pixels, and only the first one of a kind.
        elif b"IDAT" not in seen and kind in (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"):
            found.setdefault(kind, data[start + 8 : end - 4])
    return Png(data[24], palette, _colours(found), b"".join(kept))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        raise CorruptFile("the PNG does not begin with its header")
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(kind) != 4 or end > len(data):
            raise CorruptFile("the PNG is cut short")
        yield kind, at, end
        at = end


def _colours(found: dict[bytes, bytes]) -> Colours:
    # The order of precedence is that of PNG, third edition, 4.3.
    if cicp := found.get(b"cICP"):
        return Colours(tag=None if cicp in _SRGB_CICP else ("cicp", cicp))
    icc = _profile(found[b"iCCP"]) if b"iCCP" in found else None
    if b"sRGB" in found:
        return Colours(icc)
    gamma, primaries = found.get(b"gAMA"), found.get(b"cHRM")
    if _is_near(gamma, (_GAMMA,), _GAMMA_TOLERANCE):
        gamma = None
    if _is_near(primaries, _PRIMARIES, _PRIMARIES_TOLERANCE):
        primaries = None
    if gamma or primaries:
        return Colours(icc, ("gamma", gamma, primaries))
    return Colours(icc, spelled=icc is None and {b"gAMA", b"cHRM"} <= found.keys())


def _profile(chunk: bytes) -> bytes | None:
    _, _, rest = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(rest[1:], _LARGEST_PROFILE + 1) or None
    except zlib.error:
        return None


def _is_near(chunk: bytes | None, values: tuple[int, ...], tolerance: int) -> bool:
    if chunk is None or len(chunk) != 4 * len(values):
        return False
    stored = (int.from_bytes(chunk[at : at + 4], "big") for at in range(0, len(chunk), 4))
    return all(abs(one - other) <= tolerance for one, other in zip(stored, values, strict=True))
