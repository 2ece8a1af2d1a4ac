"""Run codecs and checks in worker processes, where a crash, a hang or a bomb hurts one file only.

The worker is a plain subprocess and not one of `multiprocessing`, on which every pool stands:
those import the caller's `__main__` again, so a build script without an `if __name__` guard would
run twice, and they inherit the environment, secrets included.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from ..candidate import Candidate
from ..errors import WorkerCrashed, WorkerTimeout
from . import messages

if TYPE_CHECKING:
    from ..formats import MediaType
    from ..options import Options

# Native memory that fragments or leaks goes back to the system with the process.
_TASKS_PER_WORKER = 500

# What a Python process needs to start, and nothing else: tokens and keys stay with the parent.
_PASSED_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_WORKER_ENVIRONMENT = {
    # One thread a worker: the workers are as many as the processors they may use.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "VIPS_CONCURRENCY": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}

log = logging.getLogger(__name__)

_LINES_KEPT = 30
_LINE_BYTES = 1000
_LAST_WORDS_SECONDS = 5.0

_LIBRARIES = ("site-packages", "dist-packages")
# The folders come last: nothing in them is taken for a module that Python finds by itself.
_START = "import sys; sys.path += sys.argv[2:]; from ir_build.sandbox.worker import main; main()"


class Sandbox:
    """A pool of worker processes, started when needed and replaced when they die."""

    def __init__(self, *, jobs: int, time_limit: float, memory_limit: int) -> None:
        """Up to `jobs` workers; a task may take `time_limit` seconds and `memory_limit` bytes."""
        self._time_limit = time_limit
        self._memory_limit = memory_limit
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
        return Candidate(blobs[0], lossy=bool(header["lossy"]), notes=tuple(notes))

    def verify(
        self, original: bytes, candidate: Candidate, media: MediaType, options: Options
    ) -> str | None:
        """What makes `candidate` no fit replacement of `original`, None when it is one.

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

        The contents stay in the workers. What keeps it from being a fit replacement, None when it
        is one. Raises `FileSkipped` or an `InputError`.
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

    def close(self) -> None:
        """End all workers at once; a task under way fails."""
        with self._lock:
            self._closed = True
            for worker in self._idle:
                worker.kill()
                worker.close_pipes()
            for worker in self._busy:
                worker.kill()

    def _run(
        self, header: dict[str, object], *blobs: bytes
    ) -> tuple[dict[str, object], list[bytes]]:
        with self._places:
            worker = self._take()
            answered = False
            try:
                answer, result = worker.call(header, blobs, self._time_limit)
                answered = True
            finally:
                self._give_back(worker, usable=answered and worker.tasks < _TASKS_PER_WORKER)
        messages.raise_error(answer)
        return answer, result

    def _take(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise WorkerCrashed("the run was ended")
            worker = self._idle.pop() if self._idle else _Worker(self._memory_limit)
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: _Worker, *, usable: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if usable and not self._closed:
                self._idle.append(worker)
                return
        worker.kill()
        worker.close_pipes()


class _Worker:
    """One worker process."""

    def __init__(self, memory_limit: int) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ}
        self.tasks = 0
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            # -P: a file called `random.py` in the current folder must not be imported.
            [sys.executable, "-P", "-c", _START, str(memory_limit), *_library_folders()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | _WORKER_ENVIRONMENT,
            # Ctrl-C is for the parent, which then ends its workers.
            start_new_session=True,
        )
        self._printed = _Printed(cast("BinaryIO", self._process.stderr))

    def call(
        self, header: dict[str, object], blobs: tuple[bytes, ...], time_limit: float
    ) -> tuple[dict[str, object], list[bytes]]:
        """Send one task and wait for its answer. After an error the worker is of no more use."""
        self.tasks += 1
        self._printed.begin()
        stdin = cast("BinaryIO", self._process.stdin)
        stdout = cast("BinaryIO", self._process.stdout)
        timed_out = threading.Event()

        def end() -> None:
            timed_out.set()
            self._process.kill()

        timer = threading.Timer(time_limit, end)
        timer.daemon = True
        timer.start()
        try:
            messages.send(stdin, header, *blobs)
            answer = messages.receive(stdout)
        except (OSError, EOFError, ValueError):
            answer = None
        finally:
            timer.cancel()
        if answer is not None:
            return answer
        if timed_out.is_set():
            raise WorkerTimeout(f"took longer than {time_limit:g} s (timeout)")
        death = _death(self._process.wait())
        raise WorkerCrashed(f"the codec crashed on it ({death})", output=self._printed.end())

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def close_pipes(self) -> None:
        """Let go of the pipes, which no other thread may be using any more."""
        self._printed.end()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                cast("BinaryIO", pipe).close()


class _Printed:
    """What a worker prints on its standard error: logged, and its end kept for a crash."""

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


def _library_folders() -> list[str]:
    """Where ir-build and the libraries of this process are.

    Everything else on `sys.path` may be a project: `python -m` puts the current folder there, a
    script its own, and many a `conf.py` its sources.
    """
    libraries = [path for path in sys.path if PurePath(path).name in _LIBRARIES]
    return [*libraries, str(Path(__file__).parents[2])]


def _death(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
