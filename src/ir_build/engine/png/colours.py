"""What the numbers in a PNG stand for: cICP, iCCP, sRGB, or gAMA and cHRM, the first that is there.

See PNG, third edition, 4.3. Without any of them, and with those that say so, it is sRGB.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from ..shared import colour_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

#: chunks that say what colours the pixels stand for
KINDS = frozenset({b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI"})

_MAX_PROFILE = 16 * 2**20
# Full range sRGB by the numbers of ITU-T H.273.
_SRGB_CICP = b"\x01\x0d\x00\x01"
_SRGB_GAMMA, _GAMMA_TOLERANCE = 45455, 500
_SRGB_PRIMARIES, _PRIMARIES_TOLERANCE = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000), 100
_SPELLED = frozenset({b"gAMA", b"cHRM"})


@dataclass(frozen=True, slots=True)
class ColourTags:
    """What has to stay for a picture to keep its colours."""

    kinds: frozenset[bytes] = frozenset()  #: chunks without which it would look different
    #: the profile that says what colours the pixels stand for, None for sRGB
    profile: bytes | None = None
    #: whether what they stand for can be computed
    known: bool = True


def read(chunks: Mapping[bytes, bytes]) -> ColourTags:
    """The colours of a PNG with these colour chunks, by type."""
    present = frozenset(chunks) & KINDS
    if cicp := chunks.get(b"cICP"):
        return ColourTags() if cicp == _SRGB_CICP else ColourTags(present, known=False)
    if b"iCCP" in present:
        profile = inflated(chunks[b"iCCP"])
        whole = colour_profile.is_whole(profile)
        if colour_profile.changes_nothing(profile):
            # Browsers look further where it is damaged.
            rest = {kind: data for kind, data in chunks.items() if kind != b"iCCP"}
            return ColourTags() if whole else read(rest)
        if not whole or colour_profile.to_srgb(Image.new("RGB", (1, 1)), profile) is None:
            # Viewers that cannot read it either, or want another for grey, look further.
            return ColourTags(present, profile, known=False)
        return ColourTags(frozenset({b"iCCP"}), profile)
    if b"sRGB" in present or not present & _SPELLED:
        return ColourTags()
    gamma = _numbers(chunks.get(b"gAMA", b""))
    primaries = _numbers(chunks.get(b"cHRM", b""))
    if _near(gamma, (_SRGB_GAMMA,), _GAMMA_TOLERANCE) and _near(
        primaries, _SRGB_PRIMARIES, _PRIMARIES_TOLERANCE
    ):
        # Browsers take the two together at their word: a power, up to nine levels from sRGB's curve
        # where it is dark. One of them alone they take for sRGB.
        return ColourTags(_SPELLED) if present >= _SPELLED else ColourTags()
    return ColourTags(present & _SPELLED, known=False)


def inflated(data: bytes) -> bytes:
    """The profile in an iCCP chunk's data, empty when it is damaged or a bomb."""
    packed = data.split(b"\0", 1)[-1][1:]
    try:
        inflater = zlib.decompressobj()
        profile = inflater.decompress(packed, _MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if inflater.eof else b""


def _numbers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4))


def _near(values: tuple[int, ...], usual: tuple[int, ...], tolerance: int) -> bool:
    """Whether a chunk's numbers are the usual ones; so they are where it is missing."""
    if not values:
        return True
    return len(values) == len(usual) and all(
        abs(one - other) <= tolerance for one, other in zip(values, usual, strict=True)
    )
