"""Carries out planned jobs: asks the cache, else the backend and verification, and puts the result in place."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import atomic, errors
from ..errors import Reason
from ..marker import finished, is_marked
from ..outcome import Cached, Compressed, Failed, Kept, Outcome
from ..sandbox.limits import Limits, measured
from . import fingerprint
from .cache import Cache, Entry
from .fingerprint import Digest, Known, StatIndex
from .memory_budget import MemoryBudget
from .plan import Job, cache_key, context, own_key

if TYPE_CHECKING:
    from ..backends import Backend
    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options
    from ..verify import Verdict
    from .destination import Destination
    from .discover import Asset
    from .gallery import Gallery
    from .skips import Skips

    #: takes an original, a candidate, its type and options: whether it may replace the original
    Verify = Callable[[bytes, Candidate, MediaType, Options], Verdict]

# When a server fails for this many files in a row, it is down, and no more files are sent. Not fitted: one failure may
# be chance, and each further try only takes time.
_FAULTS_IN_A_ROW = 3

#: The most bytes of files that are worked on at once. Memory would not be enough for as many large files as there are
#: threads. Not fitted: a limit of memory.
_MEMORY = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Spent:
    """What this run spent on one file."""

    seconds: float = 0.0
    #: lines for the report if it was much
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Resolved:
    """The answer to a job: a cache entry, and its source."""

    entry: Entry
    from_cache: bool
    #: the context in which it is valid; "" if it is valid in this run only
    context: str
    spent: _Spent = _Spent()


@dataclass(kw_only=True, eq=False)
class Pipeline:
    """One run's work on single files. Its methods are called from several threads."""

    backend: Backend
    #: takes over when `backend` stops
    fallback: Backend | None
    verify: Verify
    cache: Cache
    #: the files of which it is known that they need more than `limits`
    skips: Skips
    #: the limits of the workers
    limits: Limits
    #: whether only results from the cache are used
    cached_only: bool = False
    #: chooses pictures for a report; None if no report shows any
    gallery: Gallery | None = None
    #: the files that were put in place
    written: list[Path] = field(default_factory=list, init=False)
    #: why the backend is not asked any more; None while it works
    stopped: errors.BackendError | None = field(default=None, init=False)
    _faults: int = field(default=0, init=False)
    _fresh: dict[str, _Spent] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _memory: MemoryBudget = field(default_factory=lambda: MemoryBudget(_MEMORY), init=False)
    _under_way: dict[str, Future[_Resolved]] = field(default_factory=dict, init=False)

    def prefetch(self, job: Job) -> None:
        """Put the answer to `job` into the cache."""
        # An error will be raised again when the file is processed, and reported then.
        with contextlib.suppress(errors.InputError, errors.BackendError):
            self._answer(job)

    def process(self, job: Job, destination: Destination, index: StatIndex) -> Outcome:
        """Find or make the answer to `job`, put the result in place and record it in `index`.

        Raises `Changed` when the file was changed meanwhile.
        """
        try:
            return self._process(job, destination, index)
        except errors.Changed:
            raise
        except Exception as error:  # noqa: BLE001  (a fault here must not make a build fail)
            message = f"unexpected {type(error).__name__}: {error}; please report it"
            return keep(failed(job, "internal-error", message), job.asset, destination)

    def _process(self, job: Job, destination: Destination, index: StatIndex) -> Outcome:
        asset = job.asset
        try:
            answer = self._answer(job, destination)
        except errors.Changed:
            raise
        except errors.InputError as error:
            outcome: Outcome = failed(job, error.code, error.message, output=error.output)
        except errors.BackendError as error:
            outcome = failed(job, "backend-error", str(error))
        else:
            if answer.entry.status == "compressed":
                return self._put(job, answer, destination, index)
            outcome = _left(job, answer, index)
        return keep(outcome, asset, destination)

    def look_up(self, job: Job) -> Entry | None:
        """What the cache knows about `job`, for a plan; None when it knows nothing."""
        return self._known(job, self.backend)

    def _answer(self, job: Job, destination: Destination | None = None) -> _Resolved:
        """The answer of the backend; if it gives none, the answer of the fallback, if there is one."""
        if self.stopped is None:
            try:
                return self._answer_by(self.backend, job, destination)
            except errors.FileSkipped as left:  # only by this backend, in this run
                if self.fallback is None:
                    entry = Entry("kept", code=left.reason, detail=left.detail)
                    return _Resolved(entry, from_cache=False, context="")
            except errors.BackendError as error:
                self._count_fault(error)
                if self.fallback is None and self.stopped is None:
                    raise
        if self.fallback is not None:
            return self._answer_by(self.fallback, job, destination)
        known = self._known(job, self.backend)
        stopped = Entry("kept", code=Reason.BACKEND_STOPPED, detail=str(self.stopped))
        return _Resolved(known or stopped, from_cache=known is not None, context="")

    def _count_fault(self, error: errors.BackendError) -> None:
        with self._lock:
            self._faults += 1
            final = isinstance(error, errors.OF_THE_ACCOUNT) or error.unreachable
            if self.stopped is None and (final or self._faults >= _FAULTS_IN_A_ROW):
                self.stopped = error

    def _answer_by(self, backend: Backend, job: Job, destination: Destination | None) -> _Resolved:
        """The answer of `backend`. For equal files it is made once."""
        where = context(job.options, backend.identity)
        key = cache_key(job.digest, where)
        with self._lock:
            future = self._under_way.get(key)
            mine = future is None
            if future is None:
                future = self._under_way[key] = Future()
        if not mine:
            return future.result()
        try:
            answer = self._look_up_or_make(backend, job, destination, key, where)
            future.set_result(answer)
        except BaseException as error:
            future.set_exception(error)
            raise
        else:
            return answer
        finally:
            # The answer of a server is kept here if the cache cannot store it. Otherwise an equal file would be sent
            # and charged again.
            kept = backend.remote and self.cache.trouble and not future.exception()
            if not kept:
                with self._lock:
                    del self._under_way[key]

    def _look_up_or_make(
        self, backend: Backend, job: Job, destination: Destination | None, key: str, where: str
    ) -> _Resolved:
        entry = self._known(job, backend)
        if entry is not None:
            spent = self._fresh.get(key)
            return _Resolved(entry, spent is None, _holds_in(entry, where), spent or _Spent())
        if self.cached_only:
            return _Resolved(Entry("kept", code=Reason.NOT_CACHED), from_cache=True, context="")
        if backend.remote and destination is not None:
            destination.check(job.asset)  # no quota is spent on what cannot be used
        with self._memory.reserve(job.state.st_size), measured() as took:
            started = time.perf_counter()
            data, _ = atomic.read(job.asset.path)
            if fingerprint.digest(data) != job.digest:
                raise errors.Changed("changed while it was being optimised")
            entry = self._make(backend, job, data, key)
        spent = _Spent(time.perf_counter() - started, self.limits.notes(took))
        self._faults = 0
        self._fresh[key] = spent
        where = _holds_in(entry, where)
        if where:
            self.cache.put(key, entry)
        if entry.status == "compressed":
            output = fingerprint.digest(entry.data)
            self._remember_output(output, entry, where)
            backend.delivered(job.digest, output)
        return _Resolved(entry, from_cache=False, context=where, spent=spent)

    def _known(self, job: Job, backend: Backend) -> Entry | None:
        key = cache_key(job.digest, context(job.options, backend.identity))
        return self.cache.get(key) or self.cache.get(own_key(job.digest)) or self.skips.get(key)

    def _remember_output(self, output: Digest, entry: Entry, where: str) -> None:
        kept = Entry("kept", code=Reason.ALREADY_OPTIMISED)
        # A lossy result is never compressed again, with any options. A lossless result is final only for the options
        # that made it.
        self.cache.put(own_key(output) if entry.lossy else cache_key(output, where), kept)

    def _make(self, backend: Backend, job: Job, data: bytes, key: str) -> Entry:
        if is_marked(data, job.media):
            return Entry("kept", code=Reason.ALREADY_OPTIMISED)
        try:
            return self._tried(backend, job, data)
        except errors.FileSkipped as left:
            if not left.lasting:
                raise
            return Entry("kept", code=left.reason, detail=left.detail)
        except errors.LimitMet as met:
            self.skips.put(key, met)
            return Entry("kept", code=met.reason, detail=met.detail)
        except errors.InputError as error:
            if not error.permanent:
                raise
            return Entry("failed", code=error.code, detail=error.message)

    def _tried(self, backend: Backend, job: Job, data: bytes) -> Entry:
        name = job.asset.path.name
        candidate = backend.compress(data, job.media, job.options, name)
        entry = self._judge(job, data, candidate)
        if entry.code != Reason.WOULD_CHANGE or backend.remote:
            return entry
        # A result with fewer changes may pass and still be smaller. A server is not asked again, since it would charge
        # for each try.
        for options in job.options.milder(candidate.parts, lossy=candidate.lossy):
            again = self._judge(job, data, backend.compress(data, job.media, options, name))
            if again.status == "compressed":
                return replace(again, notes=(*again.notes, f"changed less, since {entry.detail}"))
        return entry

    def _judge(self, job: Job, data: bytes, candidate: Candidate) -> Entry:
        candidate = finished(candidate, job.media)
        if len(candidate.data) >= len(data):
            return Entry("kept", code=Reason.NOT_SMALLER)
        saving = 1 - len(candidate.data) / len(data)
        if saving < job.options.min_saving:
            return Entry("kept", code=Reason.SAVES_TOO_LITTLE, detail=f"{saving:.1%}")
        verdict = self.verify(data, candidate, job.media, job.options)
        if not verdict.ok:
            return Entry("kept", code=Reason.WOULD_CHANGE, detail=verdict.detail)
        return Entry(
            "compressed",
            data=candidate.data,
            lossy=candidate.lossy,
            notes=candidate.notes,
            score=verdict.score if candidate.lossy else None,
        )

    def _put(
        self, job: Job, answer: _Resolved, destination: Destination, index: StatIndex
    ) -> Outcome:
        entry, asset = answer.entry, job.asset
        made = fingerprint.digest(entry.data)
        try:
            path = destination.path(asset)
            if self.gallery is not None:
                self.gallery.offer(job, entry, made)
            if not _is_there(index, path, made):
                state = destination.put(asset, job.state, entry.data)
                if state is not None:
                    self.written.append(path)
                    known = Known(made, job.media, answer.context, Reason.ALREADY_OPTIMISED)
                    index.record(str(path), state, known, read_at=None)
        except errors.Changed:
            raise
        except (errors.Unreadable, errors.NotWritten) as error:
            return failed(job, error.code, error.message)
        kind = Cached if answer.from_cache else Compressed
        return kind(
            size=len(entry.data),
            lossy=entry.lossy,
            shipped_digest=made,
            score=entry.score,
            **_facts(job, answer),
        )


def keep(outcome: Outcome, asset: Asset, destination: Destination) -> Outcome:
    """Have `destination` keep the file as it is. Returns `outcome`, or a failure if that was not possible."""
    try:
        destination.keep(asset)
    except (errors.Unreadable, errors.NotWritten) as error:
        return missing(asset, error, outcome.media)
    return outcome


def pass_over(asset: Asset, destination: Destination) -> Failed | None:
    """Tell `destination` of a file that is not of our types. Returns a failure if it could not be copied."""
    try:
        destination.pass_over(asset)
    except errors.NotWritten as error:
        return missing(asset, error)
    return None


def missing(asset: Asset, error: errors.InputError, media: MediaType | None = None) -> Failed:
    """The outcome of a file whose copy could not be made."""
    size = asset.state.st_size
    return Failed(name=asset.name, media=media, before=size, code=error.code, message=error.message)


def _holds_in(entry: Entry, context: str) -> str:
    """`context`, or "" if `entry` is valid only in this run or on this machine."""
    return "" if entry.code in errors.OF_THIS_MACHINE else context


def _left(job: Job, answer: _Resolved, index: StatIndex) -> Outcome:
    entry = answer.entry
    if entry.status == "failed":
        return failed(job, entry.code, entry.detail, answer)
    reason = Reason(entry.code)
    if answer.context:
        known = Known(job.digest, job.media, answer.context, reason, entry.detail)
        index.settle(str(job.asset.path), known)
    return Kept(reason=reason, detail=entry.detail, **_facts(job, answer))


def _facts(job: Job, answer: _Resolved | None = None) -> dict[str, Any]:
    """The arguments that every kind of outcome takes."""
    known = {
        "name": job.asset.name,
        "media": job.media,
        "before": job.state.st_size,
        "digest": job.digest,
    }
    if answer is None:
        return known | {"notes": job.notes}
    return known | {
        "notes": job.notes + answer.entry.notes + answer.spent.notes,
        "from_cache": answer.from_cache,
        "seconds": answer.spent.seconds,
    }


def _is_there(index: StatIndex, path: Path, digest: str) -> bool:
    try:
        known = index.lookup(str(path), path.lstat())
    except OSError:
        return False
    return known is not None and known.digest == digest


def failed(
    job: Job, code: str, message: str, answer: _Resolved | None = None, *, output: str = ""
) -> Failed:
    """The outcome of a file that could not be worked on. `output` is what its worker has printed."""
    facts = _facts(job, answer) | {"notes": job.notes}
    return Failed(code=code, message=message, output=output, **facts)
