"""Find the lowest setting of an encoder that still reaches a score, in few encodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: close enough to the target: another encode would save less than it costs
NEAR = 0.6


@dataclass(frozen=True, slots=True)
class Found:
    """An encoded file that reaches the target."""

    data: bytes
    quality: int  #: the encoder's setting
    score: float


def smallest(
    encode: Callable[[int], bytes],
    score: Callable[[bytes], float],
    target: float,
    *,
    low: int,
    high: int,
    guess: int,
    near: float = NEAR,
) -> Found | None:
    """The file at the lowest setting from `low` to `high` whose score reaches `target`.

    Scores are taken to rise with the setting. Starts at `guess`, then follows the line through
    the two nearest scores, and ends early with a score at most `near` above. None when even `high` misses the target.
    """
    below: tuple[int, float] | None = None
    above: Found | None = None
    quality = min(max(guess, low), high)
    while True:
        data = encode(quality)
        reached = score(data)
        if reached >= target:
            above = Found(data, quality, reached)
            if reached <= target + near:
                return above
        else:
            below = (quality, reached)
        if above is None:
            if quality == high:
                return None
            quality = min(high, quality + _step(target - reached))
        elif below is None:
            if above.quality == low:
                return above
            quality = max(low, above.quality - _step(above.score - target))
        else:
            if above.quality - below[0] <= 1:
                return above
            quality = _between(below, above, target)


def _step(distance: float) -> int:
    """How far to go when only one side of the target is known: scores rise by some 0.5 a step."""
    return max(2, round(distance / 0.5))


def _between(below: tuple[int, float], above: Found, target: float) -> int:
    low, low_score = below
    share = (target - low_score) / (above.score - low_score) if above.score > low_score else 0.5
    # Rounded up: a step too far up is an answer, a step too far down another encode.
    return min(above.quality - 1, max(low + 1, -int(-(low + share * (above.quality - low)) // 1)))
