"""Decide whether a candidate may replace its original, whichever backend it came from.

Nothing here is shared with the engine that makes candidates: the files are decoded, compared and
measured anew, and what cannot be shown to be equivalent is turned down. Inputs are hostile: the
caller runs it in a worker process with limits (see `sandbox`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from ..formats import HEAD_BYTES, MediaType, sniff
from .verdict import OK, Verdict

if TYPE_CHECKING:
    from ..candidate import Candidate
    from ..options import Options

__all__ = ["Verdict", "verify"]

# The modules are imported when first needed: each brings decoders of its own.
_VERIFIERS = {
    MediaType.GIF: "gif",
    MediaType.SVG: "svg",
    MediaType.PDF: "pdf",
}


class Verifier(Protocol):
    def verify(
        self, original: bytes, candidate: Candidate, media: MediaType, options: Options
    ) -> Verdict: ...


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:
    """Whether `candidate` shows and holds what `original`, a file of type `media`, does.

    Raises `CorruptFile` or `TooLarge` when the original itself cannot be checked.
    """
    if candidate.data == original:
        return OK
    found = sniff(candidate.data[:HEAD_BYTES])
    if found is not media:
        return Verdict(ok=False, detail=f"{media} became {found or 'something unknown'}")
    verifier = cast("Verifier", import_module(f".{_VERIFIERS.get(media, 'raster')}", __name__))
    return verifier.verify(original, candidate, media, options)
