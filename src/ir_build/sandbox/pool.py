"""Runs codecs and checks in worker processes, where a crash, a hang or a bomb affects one file only."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..advice.facts import Facts
from ..candidate import Candidate
from ..errors import InputError, OverMemoryLimit, TooLarge, Unreadable, WorkerCrashed
from ..options import Options, Part
from ..variant import Variant
from ..verify import Verdict
from ..view import View, Views
from . import messages
from .limits import Limits, allowed, count
from .process import Answer, KilledError, Worker, over_memory

if TYPE_CHECKING:
    from ..formats import MediaType
    from ..variant import Wanted

# After so many tasks a worker is replaced, and with the process all its memory goes back to the system, also what
# fragments or leaks. Not fitted: results do not depend on it, and a start takes little beside so many tasks.
_TASKS_PER_WORKER = 500

# When a task took more than this share of the memory limit and refused its file, lack of memory may be the reason. Then
# it is tried once more with twice the memory. Not fitted: a smaller share means more second tries.
_SUSPICIOUS = 0.25
_VERDICTS = ("error", "skipped", "ok")


class Sandbox:
    """A pool of worker processes, started when needed and replaced when they die."""

    def __init__(self, *, jobs: int, time_limit: float, memory_limit: int) -> None:
        """Use up to `jobs` workers. A task may take `time_limit` CPU seconds and `memory_limit` bytes."""
        #: what a task may take on this machine
        self.limits = Limits(time_limit, allowed(memory_limit))
        self._suspicious = _SUSPICIOUS * self.limits.memory
        self._second_opinion = threading.Lock()
        self._places = threading.BoundedSemaphore(jobs)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    def compress(self, data: bytes, media: MediaType, options: Options) -> Candidate:
        """Have the engine compress `data`. Raises `FileSkipped` or an `InputError`."""
        header, blobs = self._run(_asked("compress", media, options), data)
        notes = cast("list[str]", header["notes"])
        parts = frozenset(map(Part, cast("list[str]", header["parts"])))
        return Candidate(blobs[0], lossy=bool(header["lossy"]), notes=tuple(notes), parts=parts)

    def verify(
        self, original: bytes, candidate: Candidate, media: MediaType, options: Options
    ) -> Verdict:
        """Whether `candidate` may replace `original`, a file of type `media`, and if not, why.

        Raises an `InputError`.
        """
        asked = _asked("verify", media, options) | {"lossy": candidate.lossy}
        header, _ = self._run(asked, original, candidate.data)
        score = cast("float | None", header["score"])
        return Verdict(ok=bool(header["ok"]), detail=str(header["detail"]), score=score)

    def variants(
        self,
        data: bytes,
        media: MediaType,
        options: Options,
        wanted: Wanted,
        shipped: bytes | None = None,
    ) -> tuple[Variant, ...]:
        """Have the engine make variants of `data`, and verify them. Returns those that pass.

        `shipped` is the file that is shipped for `data`, None for `data` itself. Variants come in the order in
        which a page offers them. Raises an `InputError`, and `FileSkipped` when a package is missing.
        """
        asked = {"media": media, "options": options.to_json()}
        blobs = (data,) if shipped is None else (data, shipped)
        header, files = self._run({"task": "variants", "wanted": wanted.to_json(), **asked}, *blobs)
        told = cast("list[str]", header["variants"])
        held: list[Variant] = []
        judged: dict[tuple[MediaType, bool], bool] = {}
        for variant in map(Variant.from_json, told, files):
            kind = variant.media, variant.still
            if not judged.get(kind, True):
                continue
            header, _ = self._run(
                {"task": "verify variant", "variant": variant.to_json(), **asked},
                *blobs,
                variant.data,
            )
            if header["ok"]:
                held.append(variant)
            # If the largest file of a format fails, no other one is used: a browser would show a small one large.
            judged.setdefault(kind, bool(header["ok"]) or variant.media is media)
        return tuple(held)

    def compress_file(
        self, original: Path, media: MediaType, options: Options, into: Path
    ) -> str | None:
        """Write a smaller file for `original` to the new file `into`, and verify it. A lossy one is marked.

        The contents stay in the workers. Returns why the new file must not replace the original; None when it
        may. Raises `FileSkipped` or an `InputError`.
        """
        asked = _asked("compress file", media, options)
        header, _ = self._run(asked | {"files": [str(original)], "into": str(into)})
        if not header["size"]:
            return "it is no smaller"
        asked = _asked("verify", media, options) | {"lossy": header["lossy"]}
        header, _ = self._run(asked | {"files": [str(original), str(into)]})
        return None if header["ok"] else str(header["detail"])

    def measure(self, data: bytes, media: MediaType, options: Options) -> tuple[int, int, int]:
        """Width and height at which browsers show a raster picture, in CSS pixels, and its stored width in pixels.

        Raises an `InputError` or `FileSkipped`.
        """
        asked = {"media": media, "options": options.to_json()}
        header, _ = self._run({"task": "measure", **asked}, data)
        width, height, pixels = cast("list[int]", header["size"])
        return width, height, pixels

    def facts(self, file: Path, media: MediaType, options: Options) -> Facts:
        """Facts about the bytes of `file`, a picture or a PDF, for advice. The bytes stay in the worker.

        Raises an `InputError` or `FileSkipped`.
        """
        header, _ = self._run(_asked("facts", media, options) | {"files": [str(file)]})
        return Facts(**cast("dict[str, Any]", header["facts"]))

    def draw(self, document: bytes | Path) -> bytes:
        """The first page of a PDF, which is given by its bytes or path, as a PNG.

        Raises an `InputError` or `FileSkipped`.
        """
        if isinstance(document, bytes):
            _, blobs = self._run({"task": "draw"}, document)
        else:
            _, blobs = self._run({"task": "draw", "files": [str(document)]})
        return blobs[0]

    def views(
        self, original: Path, result: Path, media: MediaType, *, room: int, max_pixels: int
    ) -> Views:
        """The pictures of two files that a report shows, in at most `room` bytes.

        Raises an `InputError` or `FileSkipped`.
        """
        asked = {"media": media, "room": room, "max_pixels": max_pixels}
        header, files = self._run({"task": "views", "files": [str(original), str(result)], **asked})
        rest, views = iter(files), []
        for left, top, width, height, moves in cast("list[list[int]]", header["views"]):
            pair = next(rest), next(rest)
            still = (next(rest), next(rest)) if moves else None
            views.append(View((left, top, width, height), *pair, still))
        across, down = cast("list[int]", header["size"])
        return Views((across, down), tuple(views))

    def close(self) -> None:
        """End all workers at once. Tasks that are under way fail."""
        with self._lock:
            self._closed = True
            for worker in self._idle:
                worker.end()
            for worker in self._busy:
                worker.kill()

    def _run(self, header: dict[str, object], *blobs: bytes) -> Answer:
        with self._places:
            answer, result = self._tried(header, blobs)
            if _is_refusal(answer) and cast("int", answer["memory"]) > self._suspicious:
                self._suspect_memory(answer, header, blobs)
        count(answer)
        messages.raise_error(answer)
        return answer, result

    def _tried(self, header: dict[str, object], blobs: tuple[bytes, ...]) -> Answer:
        worker = self._take()
        used = worker.tasks > 0
        try:
            return self._ask(worker, header, blobs)
        except KilledError:
            pass
        except OverMemoryLimit:
            # Files before this one may have used up the memory of the worker. So this says nothing of this file.
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
        """Raise `OverMemoryLimit` when the same task has another end with twice the memory.

        `answer` is the refusal with the usual memory. A codec that gets no memory often calls the file broken.
        """
        again = self._with_more_memory(header, blobs)
        if any(again.get(name) != answer.get(name) for name in _VERDICTS):
            raise over_memory(self.limits, again)

    def _with_more_memory(
        self, header: dict[str, object], blobs: tuple[bytes, ...]
    ) -> dict[str, object]:
        """The answer to the same task with twice the memory; empty if the task fails again.

        Only one such task runs at a time. Raises `OverMemoryLimit` when the task took more than the limit.
        """
        more = Limits(self.limits.seconds, 2 * self.limits.memory)
        with self._second_opinion:
            _forget_begun(header)
            try:
                worker = self._take(fresh=True, limits=more)
                again, _ = self._ask(worker, header, blobs, limits=more)
            except OverMemoryLimit:
                raise over_memory(self.limits, {}) from None
            except InputError:
                return {}
        if cast("int", again["memory"]) > self.limits.memory:
            raise over_memory(self.limits, again)
        return again

    def _ask(
        self,
        worker: Worker,
        header: dict[str, object],
        blobs: tuple[bytes, ...],
        *,
        limits: Limits | None = None,
    ) -> Answer:
        answered = False
        try:
            answer = worker.call(header, blobs, limits or self.limits)
            answered = limits is None and worker.tasks < _TASKS_PER_WORKER
        finally:
            self._give_back(worker, usable=answered)
        return answer

    def _take(self, *, fresh: bool = False, limits: Limits | None = None) -> Worker:
        with self._lock:
            if self._closed:
                raise WorkerCrashed("the run was ended")
            worker = self._idle.pop() if self._idle else None
            if worker is not None and fresh:
                worker.end()
                worker = None
            worker = worker or Worker(limits or self.limits)
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: Worker, *, usable: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if usable and not self._closed:
                self._idle.append(worker)
                return
        worker.end()


def _asked(task: str, media: MediaType, options: Options) -> dict[str, object]:
    return {"task": task, "media": media, "options": options.to_json()}


def _forget_begun(header: dict[str, object]) -> None:
    """Delete the file that the first try of a task has written."""
    if into := header.get("into"):
        Path(str(into)).unlink(missing_ok=True)


def _is_refusal(answer: dict[str, object]) -> bool:
    counted = answer.get("error") in (TooLarge.code, Unreadable.code)
    refused = "error" in answer or "skipped" in answer or answer.get("ok") is False
    return refused and not counted
