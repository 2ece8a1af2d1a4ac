"""One worker process: how it starts, how it is asked, and why it died.

The worker is a plain subprocess. Processes of `multiprocessing`, which most pools use, import the caller's
`__main__` again: a build script without an `if __name__` guard would run twice. They also inherit the
environment, with its secrets.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import astuple
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from ..errors import InputError, OverMemoryLimit, OverTimeout, WorkerCrashed
from . import messages
from .limits import Limits, gib
from .watch import Watch

# Messages of Python, C++, Rust, GLib and codecs that get no memory.
_NO_MEMORY = re.compile(
    r"MemoryError|bad_alloc|(out of|insufficient|cannot allocate) memory|failed to allocate"
    r"|memory allocation (of \d+ bytes|still) failed",
    re.IGNORECASE,
)
_OUT_OF_TIME = -signal.SIGPROF if hasattr(signal, "SIGPROF") else None

# A Python process needs only these variables to start. Tokens and keys stay with the parent.
_PASSED_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_WORKER_ENVIRONMENT = {
    # Libraries use one thread in each worker, since there are as many workers as processors.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "VIPS_CONCURRENCY": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}

#: the header of an answer, and what comes with it
Answer = tuple[dict[str, object], list[bytes]]

log = logging.getLogger(__name__)

# Lines that are kept for the report of a crash, and bytes of each. faulthandler prints up to 100 frames of a thread,
# with some lines before them.
_LINES_KEPT = 110
_LINE_BYTES = 1000
# Seconds to wait for the end of a worker that has closed its pipe, and for its last lines. Not fitted: both come at
# once, unless the worker is broken.
_LAST_WORDS_SECONDS = 5.0

_LIBRARIES = ("site-packages", "dist-packages")
# The folders come last. So nothing in them replaces a module of Python itself.
_START = "import sys; sys.path += sys.argv[3:]; from ir_build.sandbox.worker import main; main()"


class Worker:
    """One worker process."""

    def __init__(self, limits: Limits) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ}
        self.tasks = 0
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            # -P keeps Python from importing modules from the current folder, such as a file `random.py`.
            [sys.executable, "-P", "-c", _START, *map(str, astuple(limits)), *_library_folders()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | _WORKER_ENVIRONMENT,
            # Ctrl-C must reach the parent only, which then ends its workers.
            start_new_session=True,  # not on Windows
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows only
        )
        self._printed = _Printed(cast("BinaryIO", self._process.stderr))

    def call(self, header: dict[str, object], blobs: tuple[bytes, ...], limits: Limits) -> Answer:
        """Send one task and wait for its answer. Raises an `InputError`; then the worker cannot be used any more."""
        self.tasks += 1
        self._printed.begin()
        stdin = cast("BinaryIO", self._process.stdin)
        stdout = cast("BinaryIO", self._process.stdout)
        begun = answer = None
        with (
            Watch(self._process, limits.seconds) as watch,
            contextlib.suppress(OSError, EOFError, ValueError),
        ):
            messages.send(stdin, header, *blobs)
            begun = messages.receive(stdout)
            answer = messages.receive(stdout)
        if answer is None:
            raise self._why_it_died(limits, watch, begun=begun is not None)
        if _took_too_much(answer[0], limits):
            raise over_memory(limits, answer[0])
        return answer

    def _why_it_died(self, limits: Limits, watch: Watch, *, begun: bool) -> InputError:
        if watch.ended:
            # If the worker did not have the file yet, its end says nothing of the file.
            return OverTimeout(watch.ended, limit=limits.seconds if begun else None)
        code = self._exit_code()
        if code == _OUT_OF_TIME:
            return OverTimeout(f"stopped after {limits.seconds:g} s", limit=limits.seconds)
        printed = self._printed.end()
        if _NO_MEMORY.search(printed):
            return over_memory(limits, {})
        death = _death(code)
        kind = WorkerCrashed if begun and death != "SIGKILL" else KilledError
        return kind(f"the codec crashed on it ({death})", output=printed)

    def _exit_code(self) -> int:
        try:
            return self._process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:  # it lives, and has written something that is no answer
            self.kill()
            return self._process.returncode

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the process and close its pipes. No other thread may be using it any more."""
        self.kill()
        self._printed.end()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                cast("BinaryIO", pipe).close()


class _Printed:
    """The lines that a worker prints on its standard error. All are logged, and the last ones are kept for a crash."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # A line may have no end. So it is read in pieces.
        while line := self._pipe.readline(_LINE_BYTES):
            text = line.decode("utf-8", "replace").rstrip()
            self._lines.append(text)
            log.debug("%s", text)

    def begin(self) -> None:
        """Forget the lines that were printed for earlier files."""
        self._lines.clear()

    def end(self) -> str:
        """The last lines of a worker that has ended."""
        self._reader.join(_LAST_WORDS_SECONDS)
        return "\n".join(self._lines)


class KilledError(WorkerCrashed):
    """The worker was ended by another program, or died before it had the file."""


def _took_too_much(answer: dict[str, object], limits: Limits) -> bool:
    refused = answer.get("error") == OverMemoryLimit.code or (
        "error" in answer and _NO_MEMORY.search(str(answer["detail"])) is not None
    )
    return refused or cast("int", answer["memory"]) > limits.memory


def over_memory(limits: Limits, answer: dict[str, object]) -> OverMemoryLimit:
    """The error for a task that took more memory than `limits` allow. `answer` may be empty."""
    detail = f"stopped at {gib(limits.memory)}"
    if "seconds" in answer:
        detail += f" after {cast('float', answer['seconds']):.2g} s of CPU time"
    return OverMemoryLimit(detail, limit=limits.memory)


def _library_folders() -> list[str]:
    """The folders of ir-build and of the libraries of this process.

    Other entries of `sys.path` may be projects, and workers do not get them: `python -m` adds the current
    folder, a script adds its own, and many a `conf.py` adds its sources.
    """
    libraries = [path for path in sys.path if PurePath(path).name in _LIBRARIES]
    return [*libraries, str(Path(__file__).parents[2])]


def _death(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
