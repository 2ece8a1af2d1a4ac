"""Compress uploads in worker processes and verify the results. Only so many may wait."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from .. import engine
from ..errors import FileSkipped, InputError, Reason, Unreadable
from ..marker import finished, is_marked
from ..options import Options
from ..processors import processors
from ..sandbox.pool import Sandbox
from .errors import HttpError, unavailable
from .places import Places
from .storage.spool import Spool

if TYPE_CHECKING:
    from ..formats import MediaType
    from ..imagerecycle.wire import UploadParams
    from .metrics import Metrics
    from .settings import Settings

_LOG = logging.getLogger(__name__)


class Compressor:
    """The workers and the queue before them."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._failures = metrics.failures
        #: how many worker processes there may be
        self.workers = settings.jobs or processors()
        self._places = Places(self.workers + settings.queue, retry_after=2)
        self._deadline = settings.deadline
        self._max_pixels = settings.max_pixels
        self._sandbox = Sandbox(
            jobs=self.workers, time_limit=settings.time_limit, memory_limit=settings.memory_limit
        )
        self._threads = ThreadPoolExecutor(self.workers, "compress")
        #: what distinguishes its results from those of another version
        self.identity = engine.identity()

    @property
    def waiting(self) -> int:
        """Uploads that are compressed or wait for it."""
        return self._places.held

    def options(self, params: UploadParams) -> Options:
        """What an upload asks for, in the engine's terms."""
        return Options(
            compression_type=params.compression,
            resize=params.resize,
            preserve_metas=params.preserve_metas,
            min_saving=0.0,
            max_pixels=self._max_pixels,
        )

    async def compress(
        self, account: int, spool: Spool, media: MediaType, options: Options
    ) -> Spool | None:
        """A smaller file that may stand for the one in `spool`, None where there is none.

        Raises `HttpError`: 400 for a file that cannot be worked on, 429 when too many wait.
        """
        with self._places.place() as take:
            take(account)
            work = self._threads.submit(self._work, spool, media, options)
            taken = False
            try:
                async with asyncio.timeout(self._deadline):
                    found = await asyncio.wrap_future(work)
                taken = True
            except TimeoutError:
                raise unavailable("It took too long; nothing was charged") from None
            except Unreadable as error:
                self._failures.labels(error.code).inc()
                _LOG.error("a file on its way in %s", error.message)
                raise unavailable() from None
            except InputError as error:
                self._failures.labels(error.code).inc()
                raise HttpError(400, f"The file cannot be compressed: {error.message}") from None
            finally:
                if not taken:  # a result may still come, and nobody waits for it
                    work.add_done_callback(_remove)
            return found

    def close(self) -> None:
        """End the workers."""
        self._sandbox.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _work(self, spool: Spool, media: MediaType, options: Options) -> Spool | None:
        work = self._in_memory if spool.path is None else self._on_disk
        try:
            return work(spool, media, options)
        except FileSkipped as left:
            if left.reason is Reason.MISSING_PACKAGE:
                _LOG.error("a %s file is stored as it came: %s", media, left)
            return None

    def _in_memory(self, spool: Spool, media: MediaType, options: Options) -> Spool | None:
        data = spool.read()
        if options.resize is None and is_marked(data, media):
            return None
        candidate = finished(self._sandbox.compress(data, media, options), media)
        if len(candidate.data) >= len(data):
            return None
        verdict = self._sandbox.verify(data, candidate, media, options)
        return Spool.of(candidate.data) if verdict.ok else None

    def _on_disk(self, spool: Spool, media: MediaType, options: Options) -> Spool | None:
        """The same with files that only the workers read. This process has no memory for them."""
        assert spool.path is not None
        into = spool.path.with_name(f"{spool.path.name}-smaller")
        fit = False
        try:
            fit = self._sandbox.compress_file(spool.path, media, options, into) is None
        finally:
            if not fit:
                into.unlink(missing_ok=True)
        return Spool.of(into) if fit else None


def _remove(work: Future[Spool | None]) -> None:
    if not work.cancelled() and not work.exception() and (found := work.result()):
        found.close()
