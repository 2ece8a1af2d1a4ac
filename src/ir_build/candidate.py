"""What a backend hands back for one file: bytes that still have to prove themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .options import Part


@dataclass(frozen=True, slots=True)
class Candidate:
    """A smaller file, not yet verified."""

    data: bytes
    #: pixels (or, in a PDF, pixels of its images) may differ from the source's
    lossy: bool
    #: what a maintainer may want to know: metadata stripped, profile converted
    notes: tuple[str, ...] = ()
    #: of a PDF what was changed and may be left as it is, see `Options.milder`
    parts: frozenset[Part] = frozenset()
