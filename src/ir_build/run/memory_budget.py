"""Limits the bytes of files that a run holds in memory at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class MemoryBudget:
    """A budget of `size` bytes. A file that is larger waits until nothing else is reserved."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._reserved = 0
        self._freed = threading.Condition()

    @contextlib.contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Wait until `size` bytes are free, and reserve them as long as the block lasts."""
        with self._freed:
            self._freed.wait_for(lambda: not self._reserved or self._reserved + size <= self._size)
            self._reserved += size
        try:
            yield
        finally:
            with self._freed:
                self._reserved -= size
                self._freed.notify_all()
