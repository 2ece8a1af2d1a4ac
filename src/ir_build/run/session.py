"""One run: workers, cache and backend, and what is done with them."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import backends
from ..errors import ConfigError
from ..globs import matcher
from ..options import Compression, Meta
from ..report import Report
from ..sandbox.pool import Sandbox
from . import discover
from .cache import Cache
from .destination import (
    Destination,
    InPlace,
    Nowhere,
    OutputFolder,
    refuse_collisions,
    refuse_overlap,
    refuse_sources,
)
from .fingerprint import StatIndex
from .pipeline import Pipeline, keep
from .plan import Job, Planner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..config import Config
    from ..formats import MediaType
    from ..options import Options
    from ..outcome import Failed, Kept, Outcome
    from .cache import Entry
    from .discover import Asset

    #: called with how many files are done and how many there are
    Progress = Callable[[int, int], object]

# A thread waits for a worker process, a disk or a server most of its time.
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of a plan: what would be done with a file."""

    name: str
    before: int
    #: what is known already: the outcome, or the cache's entry; None: it would be compressed
    known: Kept | Failed | Entry | None


class Session:
    """One run: workers, cache and backend, which are let go of at the end.

    Use it as a context manager. `prefetch` starts work in the background; `optimize` and
    `optimize_folder` return a report.
    """

    def __init__(
        self,
        config: Config,
        *,
        copies: bool,
        cached_only: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`copies` says that originals are safe elsewhere: then lossy is the default.

        With `cached_only` nothing is compressed. Raises `ConfigError`.
        """
        self.config = config
        #: whether pictures keep their density where `preserve_metas` is not set, as originals and
        #: what is made for paper do: LaTeX and office programs size them by it, browsers do not
        self.keep_density = not copies
        self._copies = copies
        self._cached_only = cached_only
        self._sandbox = Sandbox(
            jobs=config.jobs, time_limit=config.timeout, memory_limit=config.memory_limit
        )
        self.backend = backends.choose(
            config.backend,
            environ=environ,
            sandbox=self._sandbox,
            folder=config.cache_dir,
            concurrency=config.concurrency,
            budget=config.max_quota_per_build,
        )
        self._fallback = (
            backends.built_in(self._sandbox)
            if config.fallback == "local" and self.backend.remote
            else None
        )
        self._cache = Cache(config.cache_dir, size_limit=config.cache_size)
        self._included = matcher(config.include) if config.include else None
        self._excluded = matcher(config.exclude)
        threads = max(_THREADS, config.jobs)
        if self.backend.remote:
            # While results are verified, which needs a worker each, the line must stay full.
            threads = max(threads, 2 * config.concurrency + config.jobs)
        self._threads = ThreadPoolExecutor(threads, "ir-build")
        self._prefetched: Pipeline | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, with whatever they may still be doing ahead of need."""
        self._ended.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.backend.close()
        self._sandbox.close()
        self._threads.shutdown(wait=True)
        self._cache.close()

    def prefetch(self, files: Iterable[tuple[Path, str]], *, root: Path) -> None:
        """Start compressing `files`, paths and names, whose content will turn up in an output.

        Returns at once. `root` is the folder the files come from.
        """
        if self._cached_only or self._cache.trouble:
            return
        index = StatIndex(self._cache.index_file(root))
        pipeline = self._prefetched = self._pipeline()
        planner = self._planner(index)
        listed = [
            (path, name)
            for path, name in files
            if discover.looks_like_asset(name) and self._wanted(name)
        ]

        def work() -> None:
            jobs = []
            for path, name in listed:
                if self._ended.is_set():
                    return
                try:
                    planned = planner.plan(discover.named(path, name))
                except OSError:
                    continue  # gone again: it will not turn up in the output either
                if isinstance(planned, Job):
                    jobs.append(planned)
            index.forget_missing(str(path) for path, _ in listed)
            index.save()
            for job in _largest_first(jobs):
                if self._ended.is_set():
                    return
                self._threads.submit(pipeline.prefetch, job)

        self._threads.submit(work)

    @property
    def fingerprint(self) -> str:
        """Differs whenever something else would be shipped for the same file."""
        return f"{self.config.fingerprint} {self.backend.identity}"

    def optimize_folder(
        self, folder: Path, *, sources: Path | None = None, progress: Progress | None = None
    ) -> Report:
        """Optimise every file below `folder`, a build's output, in place; file times stay.

        Raises `ConfigError` when `sources`, where the originals are, is inside it.
        """
        if sources is not None:
            refuse_sources(folder, sources)
        found = discover.walk(folder, sweep=True)
        assets = [asset for asset in found if self._wanted(asset.name)]
        return self._run(assets, InPlace(keep_times=True), folder, progress)

    def optimize(
        self,
        paths: Sequence[Path],
        *,
        out: Path | None = None,
        check: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Optimise files and folders: in place, or into the folder `out`.

        With `check` nothing is written. Raises `ConfigError`.
        """
        assets = self._found(paths, sweep=not check)
        destination: Destination = InPlace(keep_times=False)
        if check:
            destination = Nowhere()
        elif out is not None:
            refuse_overlap(paths, out)
            refuse_collisions(assets)
            destination = OutputFolder(out)
        return self._run(assets, destination, Path.cwd(), progress)

    def plan(self, paths: Sequence[Path]) -> list[Planned]:
        """What `optimize` would do, from what is known without compressing anything."""
        index = StatIndex(self._cache.index_file(Path.cwd()))
        planner, pipeline = self._planner(index), self._pipeline()
        plan = []
        for asset in self._found(paths):
            planned = planner.plan(asset)
            if isinstance(planned, Job):
                known = pipeline.look_up(planned)
                plan.append(Planned(asset.name, planned.state.st_size, known))
            elif planned is not None:
                plan.append(Planned(asset.name, planned.before, planned))
        return plan

    def _found(self, paths: Sequence[Path], *, sweep: bool = False) -> list[Asset]:
        """The files of `paths`, each once; `sweep` removes what killed runs have left."""
        found: dict[str, Asset] = {}
        for path in paths:
            if path.is_dir():
                prefix = "" if path == Path() else f"{path.as_posix().rstrip('/')}/"
                real = os.path.realpath(path)
                for asset in discover.walk(path, prefix, sweep=sweep):
                    # Globs may be written from the given folder or from the current one.
                    if self._wanted(asset.name, asset.name.removeprefix(prefix)):
                        found.setdefault(f"{real}/{asset.inside}", asset)
            else:
                try:
                    asset = discover.named(path, path.as_posix())
                except OSError as error:
                    raise ConfigError(
                        "the command line", str(path), error.strerror or str(error)
                    ) from None
                if self._wanted(asset.name):
                    # A file may be named in several ways, a link to it is another thing.
                    found.setdefault(f"{os.path.realpath(path.parent)}/{path.name}", asset)
        if sweep:
            for folder in {path.parent for path in paths if not path.is_dir()}:
                discover.sweep(folder)
        return list(found.values())

    def _wanted(self, *names: str) -> bool:
        if self._included is not None and not any(map(self._included, names)):
            return False
        return not any(map(self._excluded, names))

    def _options_for(self, name: str, media: MediaType) -> Options:
        default = Compression.LOSSY if self._copies else Compression.LOSSLESS
        metas = frozenset({Meta.DENSITY} if self.keep_density else ())
        return self.config.options_for(name, media, default=default, default_metas=metas)

    def _planner(self, index: StatIndex) -> Planner:
        return Planner(
            options_for=self._options_for,
            identity=self.backend.identity,
            index=index,
            max_file_size=self.config.max_file_size,
        )

    def _pipeline(self) -> Pipeline:
        return Pipeline(
            backend=self.backend,
            fallback=self._fallback,
            verify=self._sandbox.verify,
            cache=self._cache,
            cached_only=self._cached_only,
        )

    def _run(
        self,
        assets: list[Asset],
        destination: Destination,
        root: Path,
        progress: Progress | None,
    ) -> Report:
        started = time.perf_counter()
        index = StatIndex(self._cache.index_file(root))
        planner = self._planner(index)
        pipeline = self._prefetched or self._pipeline()
        outcomes: list[Outcome] = []
        jobs: list[Job] = []
        for asset in assets:
            planned = planner.plan(asset)
            if isinstance(planned, Job):
                jobs.append(planned)
            elif planned is not None:
                outcomes.append(keep(planned, asset, destination))
        total = len(outcomes) + len(jobs)
        futures: list[Future[Outcome]] = [
            self._threads.submit(pipeline.process, job, destination, index)
            for job in _largest_first(jobs)
        ]
        for future in as_completed(futures):
            outcomes.append(future.result())
            if progress is not None:
                progress(len(outcomes), total)
        index.forget_missing(str(asset.path) for asset in assets)
        index.save()
        return Report(
            outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.name)),
            backend=self.backend.name,
            seconds=time.perf_counter() - started,
            warnings=self._warnings(pipeline),
        )

    def _warnings(self, pipeline: Pipeline) -> tuple[str, ...]:
        warnings = [told for told in (self._cache.replaced, self._cache.trouble) if told]
        if pipeline.stopped is not None:
            rest = (
                "the built-in engine did the rest"
                if self._fallback
                else "the rest of the files is shipped as it was"
            )
            warnings.append(f"{self.backend.name} stopped: {pipeline.stopped}; {rest}")
        warnings.extend(self.backend.warnings())
        return tuple(warnings)


def _largest_first(jobs: list[Job]) -> list[Job]:
    # The longest task must not be the last to start.
    return sorted(jobs, key=lambda job: (-job.state.st_size, job.asset.name))
