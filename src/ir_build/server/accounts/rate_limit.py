"""How often one account may ask: a token bucket each, in the memory of this process."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from ..errors import busy

_MOST_BUCKETS = 10_000


class RateLimiter:
    """Lets `burst` requests of a key through at once, and `rate` a second after that."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """With a `rate` of 0 everything passes."""
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[int, tuple[float, float]] = {}

    def take(self, key: int) -> None:
        """Count one request. Raises `HttpError` 429 when it comes too early."""
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            level, seen = self._levels.pop(key, (self._burst, now))
            level = min(self._burst, level + (now - seen) * self._rate)
            allowed = level >= 1
            self._levels[key] = (level - 1 if allowed else level, now)
            if len(self._levels) > _MOST_BUCKETS:
                del self._levels[next(iter(self._levels))]
        if not allowed:
            raise busy(math.ceil((1 - level) / self._rate), "Too many requests: slow down")
