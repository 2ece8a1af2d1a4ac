"""Shows how far a run is: a live line on a terminal, or a line from time to time in a log."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Self, TextIO

from ..report.numbers import duration, size

if TYPE_CHECKING:
    from ..outcome import Outcome
    from .finish import Log

#: Seconds between two lines. Not fitted: they decide only what people see.
_IN_A_LOG = 30.0
_ON_A_TERMINAL = 0.2


class Progress:
    """Shows how far a run is, as long as the block lasts. An instance serves one run."""

    def __init__(self, log: Log, *, terminal: TextIO | None = None, live: bool = True) -> None:
        """Show a line on `terminal`, by default standard error. If it is no terminal, lines go to `log`.

        Hosts that have a live line of their own set `live` to False.
        """
        self._log = log
        self._terminal = terminal or sys.stderr
        self._live = live and self._terminal.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._started = 0.0
        self._files = self._bytes = 0
        self._done_files = self._done_bytes = self._worked_bytes = self._saved = 0

    def begin(self, *, files: int, size: int) -> None:
        """Announce that so many files, of `size` bytes together, will be `add`ed."""
        self._files, self._bytes = files, size

    def add(self, outcome: Outcome) -> None:
        """Count a file that is done."""
        with self._lock:
            self._done_files += 1
            self._done_bytes += outcome.before
            self._saved += outcome.saved
            if not outcome.from_cache:
                self._worked_bytes += outcome.before

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._ticker.join()
        if self._live:
            self._show("")

    def _tick(self) -> None:
        pause = _ON_A_TERMINAL if self._live else _IN_A_LOG
        while True:
            if self._live:
                self._show(self.line())
            if self._over.wait(pause):
                return
            if not self._live:
                self._log.info("%s", self.line())

    def line(self) -> str:
        """How far the run is, in one line."""
        with self._lock:
            told = f"{self._done_files} of {self._files} files, saved {size(self._saved)}"
            left = self._bytes - self._done_bytes
            # Files from the cache take almost no time. So they say nothing about the time that is left. Nor does
            # anything about the time for pages and reports, which come last.
            if self._worked_bytes and left:
                seconds = (time.monotonic() - self._started) * left / self._worked_bytes
                told += f", about {duration(max(1, round(seconds)))} left"
            return told

    def _show(self, line: str) -> None:
        # The rest of the line is overwritten by blanks. Escape codes are not known to every terminal.
        width = shutil.get_terminal_size().columns - 1
        self._terminal.write(f"\r{line[:width]:<{width}}\r")
        self._terminal.flush()
