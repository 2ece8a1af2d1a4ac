"""What a verifier says about a candidate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate may replace the original, and why it may not."""

    ok: bool
    #: what differs, for the report ("12 frames became 11"); empty when `ok`
    detail: str = ""
    #: of the worst frame or page of a lossy candidate, on SSIMULACRA2's scale; None when none was scored
    score: float | None = None


OK = Verdict(ok=True)


def differs(detail: str) -> Verdict:
    """A verdict against the candidate."""
    return Verdict(ok=False, detail=detail)
