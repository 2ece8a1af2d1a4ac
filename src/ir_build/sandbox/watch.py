"""Ends a worker that sleeps, but not one that works slowly on a busy machine."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import subprocess

# None of these numbers is fitted: they decide only when a worker that hangs is ended, and never what comes out.
# A process that works gets more than this share of the time, even on a busy machine.
_AWAKE = 0.001
# The least seconds between two looks at a process.
_LEAST_SECONDS = 2.0
# A worker ends itself at its limit of CPU time, unless a hostile file controls it. Then it is ended at this multiple of
# the limit. It is more than one because the start of the worker counts here, too.
_LOOSE = 3
# So many looks in a row must find that the process sleeps. One is not enough, since the parent itself may have been
# stopped meanwhile.
_CHECKS = 2
# So many looks when the system does not tell the CPU time of another process.
_CHECKS_WITHOUT_CLOCK = 10


class Watch:
    """Ends a process that takes no CPU time, as long as the block lasts.

    Only Linux tells the CPU time of another process. On other systems a process is ended when it takes ten times
    its limit by the clock.
    """

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Look at `process` each time `seconds` of wall time have passed, or two if that is more.

        `seconds` is also the limit of CPU time for its task.
        """
        #: why the process was ended; None when it was not
        self.ended: str | None = None
        self._limit = seconds
        self._pause = max(seconds, _LEAST_SECONDS)
        self._process = process
        self._lock = threading.Lock()
        self._over = False
        self._began = self._used = _cpu_seconds(process.pid)
        self._idle = 0
        self._timer = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The process may work on another file from now on.
        with self._lock:
            self._over = True
            self._timer.cancel()

    def _start(self) -> threading.Timer:
        timer = threading.Timer(self._pause, self._look)
        timer.daemon = True
        timer.start()
        return timer

    def _look(self) -> None:
        with self._lock:
            if self._over:
                return
            self.ended = self._fault(_cpu_seconds(self._process.pid))
            if self.ended:
                self._process.kill()
            else:
                self._timer = self._start()

    def _fault(self, used: float | None) -> str | None:
        self._idle += 1
        if used is None or self._used is None or self._began is None:
            over = self._idle >= _CHECKS_WITHOUT_CLOCK
            return f"stopped after {self._idle * self._pause:g} s by the clock" if over else None
        if used - self._began > _LOOSE * self._limit:
            return f"stopped after {used - self._began:.3g} s"
        if used - self._used > _AWAKE * self._pause:
            self._used, self._idle = used, 0
        slept = self._idle >= _CHECKS
        return f"stopped when it had slept for {self._idle * self._pause:g} s" if slept else None


def _cpu_seconds(pid: int) -> float | None:
    """CPU seconds of a process; None when the system does not say."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            # The number of the CPU clock of a process, as Linux's clock_getcpuclockid(3) computes it.
            return time.clock_gettime(~pid << 3 | 2)
    return None
