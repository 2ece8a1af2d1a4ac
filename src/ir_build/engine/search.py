"""Find the lowest setting of an encoder that still reaches a score, in few encodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: close enough to the target: another encode would save less than it costs
NEAR = 0.6
# How much scores rise with a step of the setting, while there is nothing to tell it from; and
# what two scores near each other may tell: of JPEG on pictures of documentation sites.
_USUAL_RISE = 0.55
_LEAST_RISE, _MOST_RISE = 0.2, 2.0


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
    hopeless: Callable[[bytes, float], bool] | None = None,
) -> Found | None:
    """The file at the lowest setting from `low` to `high` whose score reaches `target`.

    Scores are taken to rise with the setting. Starts at `guess`, then follows the line through
    the two nearest scores, and ends early with a score at most `near` above, or twice that where
    only one setting is left to try. None when even `high` misses the target, or when a file and
    its score are `hopeless`.
    """
    below: tuple[int, float] | None = None
    above: Found | None = None
    rise = _USUAL_RISE
    last: tuple[int, float] | None = None
    quality = min(max(guess, low), high)
    while True:
        data = encode(quality)
        reached = score(data)
        if hopeless is not None and hopeless(data, reached):
            return None
        if last is not None:
            rise = (reached - last[1]) / (quality - last[0])
            rise = min(max(rise, _LEAST_RISE), _MOST_RISE)
        last = (quality, reached)
        if reached >= target:
            above = Found(data, quality, reached)
            if reached <= target + near:
                return above
        else:
            below = last
        if above is None:
            if quality == high:
                return None
            # A step too far up is an answer, a step too short another encode.
            step = int((target - reached) / rise) + 1
            quality = min(high, quality + step)
        elif below is None:
            if above.quality == low:
                return above
            step = int((above.score - target - near / 2) / rise)
            quality = max(low, above.quality - max(1, step))
        else:
            gap = above.quality - below[0]
            if gap <= 1 or (gap == 2 and above.score <= target + 2 * near):
                return above
            quality = _between(below, above, target)


def _between(below: tuple[int, float], above: Found, target: float) -> int:
    low, low_score = below
    share = (target - low_score) / (above.score - low_score) if above.score > low_score else 0.5
    # Rounded up, as above.
    return min(above.quality - 1, max(low + 1, -int(-(low + share * (above.quality - low)) // 1)))
