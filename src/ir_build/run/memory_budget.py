"""How many bytes of files a run holds in memory at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class MemoryBudget:
    """So many bytes. A larger file waits until it is alone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._reserved = 0
        self._freed = threading.Condition()

    @contextlib.contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Wait until `size` bytes are free and hold them for the block."""
        with self._freed:
            self._freed.wait_for(lambda: not self._reserved or self._reserved + size <= self._size)
            self._reserved += size
        try:
            yield
        finally:
            with self._freed:
                self._reserved -= size
                self._freed.notify_all()
