"""What the colours in a PNG stand for. The first chunk of cICP, iCCP, sRGB, or gAMA with cHRM says it.

Source: PNG, third edition, 4.3. A picture without any of these chunks is in sRGB.
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

# Bytes of a profile. Not fitted: printers' profiles have a few MB, and a bomb must not fill a worker's memory.
_MAX_PROFILE = 16 * 2**20
# Full range sRGB by the numbers of ITU-T H.273.
_SRGB_CICP = b"\x01\x0d\x00\x01"
# sRGB as gAMA and cHRM spell it (PNG, third edition, 11.3.2.5), in hundred-thousandths. The tolerances
# are a fifth and a tenth of those of libpng. So what counts as sRGB here counts as sRGB everywhere.
_SRGB_GAMMA, _GAMMA_TOLERANCE = 45455, 500
_SRGB_PRIMARIES, _PRIMARIES_TOLERANCE = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000), 100
_SPELLED = frozenset({b"gAMA", b"cHRM"})


@dataclass(frozen=True, slots=True)
class ColourTags:
    """What has to stay for a picture to keep its colours."""

    kinds: frozenset[bytes] = frozenset()  #: chunks without which it would look different
    #: the ICC profile that says what colours the pixels stand for; None for sRGB
    profile: bytes | None = None
    #: whether these colours can be computed
    known: bool = True


def read(chunks: Mapping[bytes, bytes]) -> ColourTags:
    """What keeps the colours of a PNG. `chunks` has the data of its chunks by their types."""
    present = frozenset(chunks) & KINDS
    if cicp := chunks.get(b"cICP"):
        return ColourTags() if cicp == _SRGB_CICP else ColourTags(present, known=False)
    if b"iCCP" in present:
        profile = inflated(chunks[b"iCCP"])
        whole = colour_profile.is_whole(profile)
        if colour_profile.changes_nothing(profile):
            # A browser passes over a damaged profile and looks at the next chunk.
            rest = {kind: data for kind, data in chunks.items() if kind != b"iCCP"}
            return ColourTags() if whole else read(rest)
        if not whole or colour_profile.to_srgb(Image.new("RGB", (1, 1)), profile) is None:
            # Some viewers cannot read it, either, or want a profile of another kind for grey pictures.
            # They look at the next chunk. So nobody knows what is shown.
            return ColourTags(present, profile, known=False)
        return ColourTags(frozenset({b"iCCP"}), profile)
    if b"sRGB" in present or not present & _SPELLED:
        return ColourTags()
    gamma = _numbers(chunks.get(b"gAMA", b""))
    primaries = _numbers(chunks.get(b"cHRM", b""))
    if _near(gamma, (_SRGB_GAMMA,), _GAMMA_TOLERANCE) and _near(
        primaries, _SRGB_PRIMARIES, _PRIMARIES_TOLERANCE
    ):
        # A browser takes both chunks together at their word: as a power of 2.2. In the shadows this is up
        # to nine levels away from sRGB's curve. It takes one of the two chunks alone for sRGB.
        return ColourTags(_SPELLED) if present >= _SPELLED else ColourTags()
    return ColourTags(present & _SPELLED, known=False)


def inflated(data: bytes) -> bytes:
    """The ICC profile in the data of an iCCP chunk. It is empty if it is damaged or a bomb."""
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
    """Whether a chunk's numbers are the usual ones. A missing chunk counts as usual."""
    if not values:
        return True
    return len(values) == len(usual) and all(
        abs(one - other) <= tolerance for one, other in zip(values, usual, strict=True)
    )
