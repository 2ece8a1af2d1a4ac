"""Decide whether a candidate may replace its original, whichever backend it came from.

Verification shares no code with the engine that makes candidates, except for the score of how pictures look. It
decodes both files, compares them and measures them. A candidate is turned down if it cannot be shown to be
equivalent. Inputs may be hostile. So the caller runs this in a worker process with limits (`sandbox`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from ..codec_packages import load
from ..formats import FORMATS, HEAD_BYTES, MediaType, sniff
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from ..candidate import Candidate
    from ..options import Options
    from ..variant import Variant

__all__ = ["VERIFY_VERSION", "Verdict", "verify", "verify_variant"]

#: Raise it when the checks get stricter. Results that passed older checks are then made and checked again.
VERIFY_VERSION = 5

#: The beginning of a manifest of the C2PA specification (11.1.4.2): in files of all formats, and in SVG. A PDF is
#: not searched for it, because a picture inside may have one.
_SIGNED = (bytes.fromhex("6a756d646332706100110010800000aa00389b71"), b"http://c2pa.org/manifest")


class Verifier(Protocol):
    """A module that verifies candidates of some formats."""

    def verify(
        self, original: bytes, candidate: Candidate, media: MediaType, options: Options
    ) -> Verdict:
        """Whether `candidate` may replace `original`. Raises `CorruptFile` or `TooLarge`."""


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:
    """Whether `candidate` shows and holds the same as `original`, a file of type `media`.

    Raises `CorruptFile` or `TooLarge` if the original itself cannot be checked.
    """
    if candidate.data == original:
        return OK
    if media is not MediaType.PDF and any(one in original for one in _SIGNED):
        return differs("content credentials (C2PA) in it cover every byte")
    found = sniff(candidate.data[:HEAD_BYTES])
    if found is not media:
        return Verdict(ok=False, detail=f"{media} became {found or 'something unknown'}")
    name = FORMATS[media].verifier
    if name is None:
        return differs(f"nothing here can compare {media} files")
    # It is imported when it is first needed, because each verifier loads decoders of its own.
    verifier = cast("Verifier", load(name))
    return verifier.verify(original, candidate, media, options)


class VariantVerifier(Protocol):
    """The module that verifies variants."""

    def verify(
        self, original: bytes, variant: Variant, media: MediaType, options: Options, shipped: bytes
    ) -> Verdict:
        """Whether `variant` may stand for `original`. Raises `CorruptFile` or `TooLarge`."""


def verify_variant(
    original: bytes, variant: Variant, media: MediaType, options: Options, shipped: bytes
) -> Verdict:
    """Whether `variant` shows the same as `original`, a file of type `media`, at its own size.

    `shipped` is the file that is shipped in place of the original. It was verified before. Raises `CorruptFile` or
    `TooLarge` if the original itself cannot be checked.
    """
    verifier = cast("VariantVerifier", load(f"{__name__}.variants"))
    return verifier.verify(original, variant, media, options, shipped)
