"""One run: its workers, cache and backend, and all that a host or command asks of it."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .. import backends
from ..errors import ConfigError, Reason
from ..globs import matcher
from ..options import Compression, Meta, Options, Pages
from ..outcome import Compressed, Failed, Kept, Outcome
from ..pages.names import is_ours, is_variant
from ..report import Report
from ..report.budget import Budgets
from ..report.escape import printable
from ..report.numbers import files
from ..sandbox.pool import Sandbox
from . import discover, stale
from .cache import Cache, Entry
from .destination import (
    Destination,
    InPlace,
    OutputFolder,
    refuse_collisions,
    refuse_overlap,
    refuse_sources,
)
from .execution import Execution, largest_first
from .fingerprint import StatIndex
from .gallery import Gallery
from .pipeline import Pipeline, pass_over
from .plan import Job, Planner
from .skips import Skips

if TYPE_CHECKING:
    from ..advice import Finding
    from ..config import Config
    from ..formats import MediaType
    from ..report.pages import PagesReport
    from ..view import Pictured
    from .advice import Advisor
    from .pages import Site
    from .progress import Progress

# The least number of threads. They mostly wait for a worker process, a disk or a server, so there are more of them than
# processors. Not fitted: results do not depend on it.
_THREADS = 8


class Interrupted(KeyboardInterrupt):
    """A run was ended before it was done. Every file is complete, either the old one or the new one."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report  #: about the files that were done


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of a plan, about one file."""

    name: str
    before: int
    #: its outcome, or its entry in the cache; None if the file would be compressed
    known: Kept | Failed | Entry | None


class Session:
    """One run. It holds workers, a cache and a backend, and releases them at the end.

    Use it as a context manager. `prefetch` starts work in the background. `optimize` and `optimize_folder`
    return a report.
    """

    def __init__(
        self,
        config: Config,
        *,
        copies: bool,
        cached_only: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Prepare a run with the settings `config`.

        `copies` says that originals are kept elsewhere. Then lossy compression is the default. With
        `cached_only` nothing is compressed, and only the cache is used. `environ` is where credentials for a
        server are looked for. Raises `ConfigError`.
        """
        self.config = config
        self._budgets = Budgets(
            max_total=config.max_total,
            max_file=config.max_file,
            min_saved=config.min_saved,
            by_key=config.budgets,
            max_growth=config.max_growth,
            baseline=config.baseline,
        )
        # The baseline is read now. The run may write its own report over that file.
        self._baseline = self._budgets.read_baseline()
        #: whether pictures keep their density when `preserve_metas` is not set. Originals keep it, and so do files
        #: for paper: LaTeX and office programs size pictures by it, and browsers do not.
        self.keep_density = not copies
        #: whether HTML pages are edited as `Config.pages` says. The pages of an EPUB are not.
        self.edit_pages = True
        #: the address of the site's root by the configuration of the host; None if it has none
        self.site_url: str | None = None
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
            backends.LocalBackend(self._sandbox)
            if config.fallback == "local" and self.backend.remote
            else None
        )
        self._cache = Cache(config.cache_dir, size_limit=config.cache_size)
        #: the folders that were asked for, as the names of files in them begin
        self._prefixes: set[str] = set()
        self._included = matcher(config.include) if config.include else None
        self._excluded = matcher(config.exclude)
        threads = max(_THREADS, config.jobs)
        if self.backend.remote:
            # While workers verify results, other threads must send files to the server.
            threads = max(threads, 2 * config.concurrency + config.jobs)
        self._threads = ThreadPoolExecutor(threads, "ir-build")
        self._prefetched: Pipeline | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers and the work of `prefetch`, and release the backend and the cache."""
        self._ended.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.backend.close()
        self._sandbox.close()
        self._threads.shutdown(wait=True)
        self._cache.close()

    def prefetch(self, files: Iterable[tuple[Path, str]], *, root: Path) -> None:
        """Start to compress `files`, pairs of a path and a name, whose content is expected in an output.

        Returns at once. `root` is the folder from which the files come.
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
                # A file that is gone by now will not be in the output.
                with contextlib.suppress(OSError):
                    planned = planner.plan(discover.named(path, name))
                    if isinstance(planned, Job):
                        jobs.append(planned)
            index.forget_missing(str(path) for path, _ in listed)
            index.save()
            for job in largest_first(jobs):
                if not self._ended.is_set():
                    self._threads.submit(pipeline.prefetch, job)

        self._threads.submit(work)

    @property
    def fingerprint(self) -> str:
        """A text that differs whenever other bytes would be shipped for the same file."""
        return f"{self.config.fingerprint} {self.backend.identity}"

    def optimize_folder(
        self, folder: Path, *, sources: Path | None = None, progress: Progress | None = None
    ) -> Report:
        """Optimise every file below `folder`, the output of a build, in place. Modification times stay.

        Raises `ConfigError` when `sources`, the folder of the originals, is inside it, and `Interrupted`.
        """
        if sources is not None:
            refuse_sources(folder, sources)
        self._take_out([folder])
        found = discover.walk(folder, sweep=True)
        assets = [asset for asset in found if self._wanted(asset.name)]
        return self._run(assets, InPlace(keep_times=True), folder, progress, folders=[folder])

    def optimize(
        self,
        paths: Sequence[Path],
        *,
        out: Path | None = None,
        only_assets: bool = False,
        check: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Optimise the files and folders `paths`: in place, or into the folder `out`.

        All files of the folders are copied into `out`; with `only_assets` only images and PDFs are. With `check`
        nothing is written. Raises `ConfigError` and `Interrupted`.
        """
        assets = self._found(paths, sweep=not check)
        folders = [path for path in paths if path.is_dir()]
        if check:
            return self._run(assets, Destination(), Path.cwd(), progress)
        if out is None:
            self._take_out(folders)
            return self._run(assets, InPlace(keep_times=False), Path.cwd(), progress, folders)
        refuse_overlap(paths, out)
        ours = {asset.inside for asset in assets}
        trees = [found for folder in folders for found in discover.tree(folder)]
        others = [one for one in trees if one.inside not in ours and not only_assets]
        refuse_collisions(
            [*assets, *(one for one in others if not stat.S_ISDIR(one.state.st_mode))]
        )
        destination = OutputFolder(out, only_assets=only_assets)
        lost = [found for one in others if (found := pass_over(one, destination))]
        self._take_out([out])
        report = self._run(assets, destination, Path.cwd(), progress, [out], lost)
        known = ours | {found.inside for found in trees}
        left = destination.without_source(known, self.config.report) if folders else ()
        return replace(report, advice=(*report.advice, *left))

    def advise(self, folder: Path, names: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
        """What a person could still do in `folder`, a built site. Nothing is changed.

        `names` are the names of files in a report, by their paths in the folder. Raises `ConfigError` when there
        are no pages.
        """
        return self.advisor(folder).findings(names or {})

    def advisor(self, folder: Path) -> Advisor:
        """The advisor for the site in `folder`."""
        from .advice import Advisor  # noqa: PLC0415  (as below)

        return Advisor(
            folder,
            self._pages or Pages(site_url=self.site_url),
            sandbox=self._sandbox,
            threads=self._threads,
            options_for=self._variant_options,
            wanted=lambda inside: self._wanted(f"{folder.as_posix()}/{inside}", inside),
            reports=self.config.report,
        )

    def _findings(
        self, folders: Sequence[Path], assets: Sequence[discover.Asset]
    ) -> tuple[Finding, ...]:
        """What a person could still do in sites that were just optimised; empty if no report is written."""
        found: list[Finding] = []
        for folder in folders if self.config.report else ():
            # Two sites may have files of the same name. A copy has those of all that were copied.
            own = [one for one in assets if len(folders) == 1 or one.path == folder / one.inside]
            names = {one.inside: one.name for one in own}
            with contextlib.suppress(ConfigError):  # the folder is no site
                found += self.advisor(folder).findings(names, compressed=True)
        return tuple(sorted(found, key=lambda one: -one.at_stake))

    def _take_out(self, folders: Iterable[Path]) -> None:
        """If this run inserts nothing into pages, remove what an earlier run has inserted."""
        for folder in folders if self._pages is None else ():
            note = self._note(folder)
            noted = note if note is not None and note.exists() else None
            if noted or any(is_ours(found.path.name) for found in discover.tree(folder)):
                from .pages import take_out  # noqa: PLC0415  (it takes time, and few runs need it)

                take_out(folder)
                if noted:
                    noted.unlink()

    def _note(self, folder: Path) -> Path | None:
        """The path of a file that exists while pages in `folder` hold insertions; None without a cache."""
        index = self._cache.index_file(folder.resolve())
        return index and index.with_suffix(".pages")

    @property
    def _pages(self) -> Pages | None:
        pages = self.config.pages if self.edit_pages else None
        if pages is None or pages.site_url is not None:
            return pages
        known = (self.site_url or "").startswith(("http://", "https://"))
        return replace(pages, site_url=self.site_url if known else None)

    def plan(self, paths: Sequence[Path]) -> list[Planned]:
        """What `optimize` would do with `paths`, as far as it is known without compressing anything."""
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

    def _found(self, paths: Sequence[Path], *, sweep: bool = False) -> list[discover.Asset]:
        """The files of `paths`, each once. `sweep` removes temporary files of killed runs."""
        found: dict[str, discover.Asset] = {}
        for path in paths:
            is_folder = path.is_dir()
            prefix = f"{path.as_posix().rstrip('/')}/" if is_folder and path != Path() else ""
            self._prefixes.add(prefix)
            # Several paths may lead to one file. But a link to a file counts as another file.
            real = os.path.realpath(path if is_folder else path.parent)
            for asset in discover.at(path, prefix, sweep=sweep):
                # Globs may begin at the given folder or at the current one.
                if self._wanted(asset.name, asset.name.removeprefix(prefix)):
                    found.setdefault(f"{real}/{asset.inside}", asset)
        if sweep:
            for folder in {path.parent for path in paths if not path.is_dir()}:
                discover.sweep(folder)
        return list(found.values())

    def _wanted(self, *names: str) -> bool:
        if is_variant(names[0]):
            return False
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
            skips=Skips(self._cache.local_folder, self._sandbox.limits),
            limits=self._sandbox.limits,
            cached_only=self._cached_only,
        )

    def _run(
        self,
        assets: list[discover.Asset],
        destination: Destination,
        root: Path,
        progress: Progress | None,
        folders: Sequence[Path] = (),
        lost: Sequence[Failed] = (),
    ) -> Report:
        """Optimise `assets`, and then edit the pages in `folders`.

        Files of other tools in `folders` may be out of date afterwards: the report says so. `lost` are other
        files, whose copies could not be made. Raises `Interrupted`, with a report of the files that were done.
        """
        started = time.perf_counter()
        index = StatIndex(self._cache.index_file(root))
        pipeline = self._prefetched or self._pipeline()
        gallery = pipeline.gallery = self._gallery()
        site = self._site(folders)
        work = Execution(
            self._threads, self._planner(index), pipeline, destination, index, site, progress, [*lost]
        )  # fmt: skip
        pictures: tuple[Pictured, ...] = ()
        try:
            with progress or contextlib.nullcontext(), gallery or contextlib.nullcontext():
                work.run(assets)
                if gallery is not None:
                    pictures = self._pictured(gallery, work.outcomes)
            index.forget_missing(str(asset.path) for asset in assets)
            index.save()
            edited = None if site is None else self._edited(site, folders)
            findings = self._findings(folders, assets)
        except KeyboardInterrupt:
            report = self._report(work.end(self.close), started)
            raise Interrupted(replace(report, interrupted=True)) from None
        written = [*pipeline.written, *(site.written if site is not None else ())]
        report = self._report(
            work.outcomes,
            started,
            pages=edited,
            findings=findings,
            warnings=self._warnings(pipeline),
            advice=(*_missing_packages(work.outcomes), *stale.advice(written, folders)),
            pictures=pictures,
        )
        verdicts = self._budgets.judge(report, baseline=self._baseline, folders=self._prefixes)
        return replace(report, budgets=verdicts)

    def _report(self, outcomes: Iterable[Outcome], started: float, **known: Any) -> Report:
        return Report(
            outcomes=tuple(sorted(outcomes, key=attrgetter("name"))),
            backend=self.backend.name,
            seconds=time.perf_counter() - started,
            **known,
        )

    def _edited(self, site: Site, folders: Iterable[Path]) -> PagesReport:
        """Edit the pages of `site`, and note that they hold insertions."""
        report = site.edit()
        for note in filter(None, map(self._note, folders)):
            with contextlib.suppress(OSError):
                note.touch()
        return report

    def _gallery(self) -> Gallery | None:
        """The gallery for the pictures of a report; None if no report shows any."""
        shown = any(path.suffix == ".html" for path in self.config.report)
        return (
            Gallery(self.config.report_pictures) if shown and self.config.report_pictures else None
        )

    def _pictured(self, gallery: Gallery, outcomes: Sequence[Outcome]) -> tuple[Pictured, ...]:
        shipped = [one for one in outcomes if isinstance(one, Compressed)]
        return gallery.pictures(shipped, self._sandbox, files=len(outcomes))

    def _site(self, folders: Sequence[Path]) -> Site | None:
        """The pages in `folders`; None if they are not to be edited."""
        if self._pages is None or not folders:
            return None
        from .pages import Site  # noqa: PLC0415  (as above)

        return Site(
            folders,
            self._pages,
            cache=self._cache,
            sandbox=self._sandbox,
            skips=Skips(self._cache.local_folder, self._sandbox.limits),
            options_for=self._variant_options,
            cached_only=self._cached_only,
        )

    def _variant_options(self, name: str, media: MediaType) -> Options:
        # Variants do not replace the picture. So lossy is the default for them even in place.
        return self.config.options_for(name, media, default=Compression.LOSSY)

    def _warnings(self, pipeline: Pipeline) -> tuple[str, ...]:
        warnings = [told for told in (self._cache.replaced, self._cache.trouble) if told]
        if pipeline.stopped is not None:
            rest = (
                "the built-in engine did the rest"
                if self._fallback
                else "the rest of the files is shipped as it was, unless fallback or backend is local: "
                "then the built-in engine does it"
            )
            warnings.append(f"{self.backend.name} stopped: {pipeline.stopped}; {rest}")
        warnings.extend(self.backend.warnings())
        return tuple(warnings)


def _missing_packages(outcomes: list[Outcome]) -> Iterator[str]:
    """A line for each missing package because of which files stay as they were."""
    left = Counter(
        outcome.detail
        for outcome in outcomes
        if isinstance(outcome, Kept) and outcome.reason is Reason.MISSING_PACKAGE
    )
    for detail, count in sorted(left.items()):
        yield printable(f"{files(count)} left as before: {Reason.MISSING_PACKAGE.text}: {detail}")
