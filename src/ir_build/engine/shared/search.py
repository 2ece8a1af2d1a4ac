"""Find the lowest setting of an encoder that reaches a score, in few encodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Points over the target that are close enough: about a step of JPEG's quality. Another encode could save one
#: step, which is 1 to 2 % of the bytes. docs/effort.md draws what other numbers come to (`_NEAR` in
#: `jpeg/lossy.py`): `python benchmarks FOLDER --curve effort.svg`.
NEAR = 0.6
#: How much scores of JPEG rise with a step of the setting, while nothing else is known. On 40 JPEG files of
#: documentation sites 0.43 made 0.1 % more bytes in more CPU, and 0.3 made another 0.2 % more. To try others,
#: change it here and run `python benchmarks FOLDER`: it is a default of functions, which `--sweep` cannot change.
USUAL_RISE = 0.55
# Limits for the rise that follows from two scores. Two scores that are near each other say little. The scores
# of JPEG rise by 0.2 to 0.65, and those of WebP by about 1 (`_RISE` there). (On 12 JPEG files 1.0 and 4.0 for
# `_MOST_RISE` and 0.1 for `_LEAST_RISE` came to the same bytes, and 0.4 to 0.01 % more:
# `python benchmarks FOLDER --sweep shared.search:_LEAST_RISE 0.1 0.4`.)
_LEAST_RISE, _MOST_RISE = 0.2, 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """An encoded file that reaches the target."""

    data: bytes
    quality: int  #: the encoder's setting
    score: float  #: up to 100


class Search:
    """A search for the lowest setting whose score reaches a target. It may be continued, to come nearer.

    It assumes that scores rise with the setting. It starts at `guess`. Then it follows the line through the
    two nearest scores (the secant method, kept between bounds).
    """

    def __init__(
        self,
        encode: Callable[[int], bytes],
        score: Callable[[bytes], float],
        target: float,
        *,
        low: int,
        high: int,
        guess: int,
        rise: float = USUAL_RISE,
        hopeless: Callable[[bytes, float], bool] | None = None,
    ) -> None:
        """Look for `target` in settings from `low` to `high`, at `guess` first.

        `encode` makes a file at a setting, and `score` scores it, up to 100. Scores usually rise by `rise` with
        each step. `hopeless` says whether to give up after a file with its score.
        """
        self._encode = encode
        self._score = score
        self._target = target
        self._low, self._high = low, high
        self._next = min(max(guess, low), high)
        self._rise: float | None = None
        self._usual_rise = rise
        self._hopeless = hopeless
        self._last: tuple[int, float] | None = None
        self._below: tuple[int, float] | None = None
        self._above: Found | None = None

    def within(self, near: float = NEAR) -> Found | None:
        """A file that scores at most `near` points over the target, or twice that if one setting is left.

        If there is no such file, it is the one at the lowest setting that reaches the target. The result is
        None if no setting does, or if the search is hopeless.
        """
        while True:
            if self._last is not None:
                if self._ends(near):
                    return self._above
                self._next = self._step(near)
            data = self._encode(self._next)
            reached = self._score(data)
            if self._hopeless is not None and self._hopeless(data, reached):
                return None
            if self._last is not None:
                rise = (reached - self._last[1]) / (self._next - self._last[0])
                self._rise = min(max(rise, _LEAST_RISE), _MOST_RISE)
            self._last = (self._next, reached)
            if reached >= self._target:
                self._above = Found(data, self._next, reached)
            else:
                self._below = self._last

    def _ends(self, near: float) -> bool:
        if self._above is None:
            return self._below is not None and self._below[0] == self._high
        if self._above.score <= self._target + near:
            return True
        if self._below is None:
            return self._above.quality == self._low
        gap = self._above.quality - self._below[0]
        return gap <= 1 or (gap == 2 and self._above.score <= self._target + 2 * near)

    def _step(self, near: float) -> int:
        """The next setting to try."""
        if self._above is None:
            assert self._below is not None
            quality, reached = self._below
            # A step that is too long still gives an answer. A step that is too short needs another encode.
            step = int((self._target - reached) / (self._rise or self._usual_rise)) + 1
            return min(self._high, quality + step)
        if self._below is None:
            margin = self._above.score - self._target - near / 2
            step = int(margin / (self._rise or self._usual_rise))
            return max(self._low, self._above.quality - max(1, step))
        return _between(self._below, self._above, self._target)


def _between(below: tuple[int, float], above: Found, target: float) -> int:
    low, low_score = below
    share = (target - low_score) / (above.score - low_score) if above.score > low_score else 0.5
    # The setting is rounded up, as above.
    return min(above.quality - 1, max(low + 1, -int(-(low + share * (above.quality - low)) // 1)))
