"""When to ask again, and how long to wait before."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a client waits for a server, in seconds, and how often it asks."""

    connect: float = 10.0
    #: between two pieces of an answer
    read: float = 120.0
    #: for a whole call, and more for one that moves many bytes
    total: float = 600.0
    #: bytes a second; a slower call is given up
    slowest: float = 10_000.0
    #: how often a request is sent before its failure is final
    attempts: int = 4
    #: before the second attempt; it doubles for each further one and varies by half
    pause: float = 0.5
    #: a call ends when the server asks for a longer pause
    longest_pause: float = 60.0

    def before(self, attempt: int) -> float:
        """Seconds to wait before `attempt`, the second being 1."""
        doubled = self.pause * 2.0 ** (attempt - 1)
        return min(self.longest_pause, doubled * random.uniform(0.5, 1.5))  # noqa: S311  (jitter)

    def seconds(self, size: int) -> float:
        """For a call that has moved `size` bytes."""
        return self.total + size / self.slowest


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that an answer asks to wait, 0 when it doesn't.

    A date is compared with the server's own clock if the answer has its time, since one of the two
    clocks may be wrong.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, now = _seconds(value), _seconds(headers.get("Date", ""))
    if until is None:
        return 0.0
    return max(0.0, until - (time.time() if now is None else now))


def _seconds(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


class RetryAfterGate:
    """Holds all threads of a client back while a server asks for a pause (Retry-After)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opens = 0.0
        self._abandoned = threading.Event()

    def close_for(self, seconds: float) -> None:
        """Let nobody through for so long."""
        with self._lock:
            self._opens = max(self._opens, time.monotonic() + seconds)

    def abandon(self) -> None:
        """Let all threads go on."""
        self._abandoned.set()

    def wait(self, seconds: float = 0.0) -> bool:
        """Wait for so long and until it is open. False when that was abandoned."""
        until = time.monotonic() + seconds
        while (left := max(until, self._opens) - time.monotonic()) > 0:
            if self._abandoned.wait(left):
                break
        return not self._abandoned.is_set()
