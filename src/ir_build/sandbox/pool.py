"""Run codecs and checks in worker processes, where a crash, a hang or a bomb hurts one file only.

The worker is a plain subprocess. Pools stand on `multiprocessing`, whose processes import the caller's
`__main__` again, so that a build script without an `if __name__` guard runs twice. They also inherit
the environment, with its secrets.
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
from typing import TYPE_CHECKING, BinaryIO, cast

from ..candidate import Candidate
from ..errors import InputError, OverMemoryLimit, OverTimeout, TooLarge, Unreadable, WorkerCrashed
from ..options import Options, Part
from . import messages
from .limits import Limits, allowed, count, gib
from .watch import Watch

if TYPE_CHECKING:
    from ..formats import MediaType

# Native memory that fragments or leaks goes back to the system with the process.
_TASKS_PER_WORKER = 500

# Above this share of the memory limit, want of memory may be the reason for a refusal.
_SUSPICIOUS = 0.25
_VERDICTS = ("error", "skipped", "ok")
# What Python, C++, Rust, GLib and codecs say when they get no memory.
_NO_MEMORY = re.compile(
    r"MemoryError|bad_alloc|(out of|insufficient|cannot allocate) memory|failed to allocate"
    r"|memory allocation (of \d+ bytes|still) failed",
    re.IGNORECASE,
)
_OUT_OF_TIME = -signal.SIGPROF if hasattr(signal, "SIGPROF") else None

# A Python process needs only these to start. Tokens and keys stay with the parent.
_PASSED_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_WORKER_ENVIRONMENT = {
    # Each worker has one thread, since there are as many workers as processors.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "VIPS_CONCURRENCY": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}

#: the header of an answer, and what comes with it
_Answer = tuple[dict[str, object], list[bytes]]

log = logging.getLogger(__name__)

# What faulthandler prints of a thread, and the signal before it.
_LINES_KEPT = 110
_LINE_BYTES = 1000
_LAST_WORDS_SECONDS = 5.0

_LIBRARIES = ("site-packages", "dist-packages")
# The folders come last, so that nothing in them hides a module of Python itself.
_START = "import sys; sys.path += sys.argv[3:]; from ir_build.sandbox.worker import main; main()"


class Sandbox:
    """A pool of worker processes, started when needed and replaced when they die."""

    def __init__(self, *, jobs: int, time_limit: float, memory_limit: int) -> None:
        """Up to `jobs` workers; a task may take `time_limit` CPU seconds and `memory_limit` bytes."""
        #: what a task may take on this machine
        self.limits = Limits(time_limit, allowed(memory_limit))
        self._suspicious = _SUSPICIOUS * self.limits.memory
        self._second_opinion = threading.Lock()
        self._places = threading.BoundedSemaphore(jobs)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._closed = False

    def compress(self, data: bytes, media: MediaType, options: Options) -> Candidate:
        """Have the engine compress `data`. Raises `FileSkipped` or an `InputError`."""
        header, blobs = self._run(
            {"task": "compress", "media": media, "options": options.to_json()}, data
        )
        notes = cast("list[str]", header["notes"])
        parts = frozenset(map(Part, cast("list[str]", header["parts"])))
        return Candidate(blobs[0], lossy=bool(header["lossy"]), notes=tuple(notes), parts=parts)

    def verify(
        self, original: bytes, candidate: Candidate, media: MediaType, options: Options
    ) -> str | None:
        """Why `candidate` must not replace `original`, None when it may.

        Raises an `InputError`.
        """
        header, _ = self._run(
            {
                "task": "verify",
                "media": media,
                "options": options.to_json(),
                "lossy": candidate.lossy,
            },
            original,
            candidate.data,
        )
        return None if header["ok"] else str(header["detail"])

    def compress_file(
        self, original: Path, media: MediaType, options: Options, into: Path
    ) -> str | None:
        """Write a smaller file for `original`, marked when it is lossy, to `into`, and verify it.

        The contents stay in the workers. Returns why it must not replace the original, None when it
        may. Raises `FileSkipped` or an `InputError`.
        """
        asked = {"media": media, "options": options.to_json()}
        header, _ = self._run(
            {"task": "compress file", "files": [str(original)], "into": str(into), **asked}
        )
        if not header["size"]:
            return "it is no smaller"
        files = [str(original), str(into)]
        header, _ = self._run({"task": "verify", "files": files, "lossy": header["lossy"], **asked})
        return None if header["ok"] else str(header["detail"])

    def draw(self, document: bytes | Path) -> bytes:
        """The first page of a PDF as a PNG. Raises an `InputError` or `FileSkipped`."""
        if isinstance(document, bytes):
            _, blobs = self._run({"task": "draw"}, document)
        else:
            _, blobs = self._run({"task": "draw", "files": [str(document)]})
        return blobs[0]

    def close(self) -> None:
        """End all workers at once. A task under way fails."""
        with self._lock:
            self._closed = True
            for worker in self._idle:
                worker.end()
            for worker in self._busy:
                worker.kill()

    def _run(self, header: dict[str, object], *blobs: bytes) -> _Answer:
        with self._places:
            answer, result = self._tried(header, blobs)
            if _is_refusal(answer) and cast("int", answer["memory"]) > self._suspicious:
                self._suspect_memory(answer, header, blobs)
        count(answer)
        messages.raise_error(answer)
        return answer, result

    def _tried(self, header: dict[str, object], blobs: tuple[bytes, ...]) -> _Answer:
        worker = self._take()
        used = worker.tasks > 0
        try:
            return self._ask(worker, header, blobs)
        except _KilledError:
            pass
        except OverMemoryLimit:
            # Earlier files may have used up its memory, so this says nothing of this file.
            if not used:
                raise
        except WorkerCrashed:
            self._with_more_memory(header, blobs)
            raise
        _forget_begun(header)
        return self._ask(self._take(fresh=True), header, blobs)

    def _suspect_memory(
        self, answer: dict[str, object], header: dict[str, object], blobs: tuple[bytes, ...]
    ) -> None:
        """Raise `OverMemoryLimit` when the same task ends otherwise with twice the memory.

        A codec that gets no memory often calls the file broken.
        """
        again = self._with_more_memory(header, blobs)
        if any(again.get(name) != answer.get(name) for name in _VERDICTS):
            raise _over_memory(self.limits, again)

    def _with_more_memory(
        self, header: dict[str, object], blobs: tuple[bytes, ...]
    ) -> dict[str, object]:
        """The answer with twice the memory, empty where there is none.

        Raises `OverMemoryLimit` when that is more than the limit allows. One at a time.
        """
        more = Limits(self.limits.seconds, 2 * self.limits.memory)
        with self._second_opinion:
            _forget_begun(header)
            try:
                again, _ = self._ask(
                    self._take(fresh=True, limits=more), header, blobs, limits=more
                )
            except OverMemoryLimit:
                raise _over_memory(self.limits, {}) from None
            except InputError:
                return {}
        if cast("int", again["memory"]) > self.limits.memory:
            raise _over_memory(self.limits, again)
        return again

    def _ask(
        self,
        worker: _Worker,
        header: dict[str, object],
        blobs: tuple[bytes, ...],
        *,
        limits: Limits | None = None,
    ) -> _Answer:
        answered = False
        try:
            answer = worker.call(header, blobs, limits or self.limits)
            answered = limits is None and worker.tasks < _TASKS_PER_WORKER
        finally:
            self._give_back(worker, usable=answered)
        return answer

    def _take(self, *, fresh: bool = False, limits: Limits | None = None) -> _Worker:
        with self._lock:
            if self._closed:
                raise WorkerCrashed("the run was ended")
            worker = self._idle.pop() if self._idle else None
            if worker is not None and fresh:
                worker.end()
                worker = None
            worker = worker or _Worker(limits or self.limits)
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: _Worker, *, usable: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if usable and not self._closed:
                self._idle.append(worker)
                return
        worker.end()


class _Worker:
    """One worker process."""

    def __init__(self, limits: Limits) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ}
        self.tasks = 0
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            # -P: a file called `random.py` in the current folder must not be imported.
            [sys.executable, "-P", "-c", _START, *map(str, astuple(limits)), *_library_folders()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | _WORKER_ENVIRONMENT,
            # Ctrl-C is for the parent, which then ends its workers.
            start_new_session=True,  # not on Windows
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows only
        )
        self._printed = _Printed(cast("BinaryIO", self._process.stderr))

    def call(self, header: dict[str, object], blobs: tuple[bytes, ...], limits: Limits) -> _Answer:
        """Send one task and wait for its answer. The worker cannot be used after an error."""
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
            raise _over_memory(limits, answer[0])
        return answer

    def _why_it_died(self, limits: Limits, watch: Watch, *, begun: bool) -> InputError:
        if watch.ended:
            # A worker that did not have the file yet says nothing of it.
            return OverTimeout(watch.ended, limit=limits.seconds if begun else None)
        code = self._exit_code()
        if code == _OUT_OF_TIME:
            return OverTimeout(f"stopped after {limits.seconds:g} s", limit=limits.seconds)
        printed = self._printed.end()
        if _NO_MEMORY.search(printed):
            return _over_memory(limits, {})
        death = _death(code)
        kind = WorkerCrashed if begun and death != "SIGKILL" else _KilledError
        return kind(f"the codec crashed on it ({death})", output=printed)

    def _exit_code(self) -> int:
        try:
            return self._process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:  # it has only written nonsense
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
    """What a worker prints on its standard error. It is logged, and the end is kept for a crash."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # A line may be endless.
        while line := self._pipe.readline(_LINE_BYTES):
            text = line.decode("utf-8", "replace").rstrip()
            self._lines.append(text)
            log.debug("%s", text)

    def begin(self) -> None:
        """Forget what was printed on the file before."""
        self._lines.clear()

    def end(self) -> str:
        """The last lines of a worker that has died."""
        self._reader.join(_LAST_WORDS_SECONDS)
        return "\n".join(self._lines)


class _KilledError(WorkerCrashed):
    """Another program has ended the worker, or it died before it had the file."""


def _forget_begun(header: dict[str, object]) -> None:
    """Remove what the first try of a task has written."""
    if into := header.get("into"):
        Path(str(into)).unlink(missing_ok=True)


def _is_refusal(answer: dict[str, object]) -> bool:
    counted = answer.get("error") in (TooLarge.code, Unreadable.code)
    refused = "error" in answer or "skipped" in answer or answer.get("ok") is False
    return refused and not counted


def _took_too_much(answer: dict[str, object], limits: Limits) -> bool:
    refused = answer.get("error") == OverMemoryLimit.code or (
        "error" in answer and _NO_MEMORY.search(str(answer["detail"])) is not None
    )
    return refused or cast("int", answer["memory"]) > limits.memory


def _over_memory(limits: Limits, answer: dict[str, object]) -> OverMemoryLimit:
    detail = f"stopped at {gib(limits.memory)}"
    if "seconds" in answer:
        detail += f" after {cast('float', answer['seconds']):.2g} s of CPU time"
    return OverMemoryLimit(detail, limit=limits.memory)


def _library_folders() -> list[str]:
    """Where ir-build and the libraries of this process are.

    Any other entry of `sys.path` may be a project: `python -m` adds the current folder, a script its
    own, and many a `conf.py` its sources.
    """
    libraries = [path for path in sys.path if PurePath(path).name in _LIBRARIES]
    return [*libraries, str(Path(__file__).parents[2])]


def _death(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
