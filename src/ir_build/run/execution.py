"""The work on the files of one run: planned, then carried out in threads."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, as_completed, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import Changed
from ..outcome import Failed
from .pipeline import failed, keep, pass_over
from .plan import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from ..outcome import Outcome
    from .destination import Destination
    from .discover import Asset
    from .fingerprint import StatIndex
    from .pages import Site
    from .pipeline import Pipeline
    from .plan import Planner
    from .progress import Progress


@dataclass
class Execution:
    """Plans the files of one run, has them optimised, and has the results put in place."""

    threads: ThreadPoolExecutor
    planner: Planner
    pipeline: Pipeline
    destination: Destination
    index: StatIndex
    #: the pages that may show the files; None if pages are not edited
    site: Site | None
    progress: Progress | None
    #: the outcomes of the files that are done
    outcomes: list[Outcome] = field(default_factory=list)
    _futures: list[Future[Outcome | None]] = field(default_factory=list)

    def run(self, assets: Iterable[Asset]) -> None:
        """Optimise `assets`. Their outcomes are in `outcomes`, in no order."""
        jobs: list[Job] = []
        settled: list[tuple[Asset, Outcome]] = []
        for asset in assets:
            planned = self.planner.plan(asset)
            if isinstance(planned, Job):
                jobs.append(planned)
            elif planned is not None:
                self.outcomes.append(keep(planned, asset, self.destination))
                settled.append((asset, self.outcomes[-1]))
            elif failure := pass_over(asset, self.destination):
                self.outcomes.append(failure)
        if self.progress is not None:
            size = sum(one.before for one in self.outcomes) + sum(job.state.st_size for job in jobs)
            self.progress.begin(files=len(self.outcomes) + len(jobs), size=size)
            for outcome in self.outcomes:
                self.progress.add(outcome)
        self._futures = [self.threads.submit(self._carry_out, job) for job in largest_first(jobs)]
        for future in as_completed(self._futures):
            if (done := future.result()) is not None:
                self.outcomes.append(done)
                if self.progress is not None:
                    self.progress.add(done)
        if self.site is not None:
            finished = self.site.finished
            wait(
                self.threads.submit(finished, asset, outcome, self.destination)
                for asset, outcome in settled
            )

    def end(self, stop: Callable[[], object]) -> Sequence[Outcome]:
        """End the work before it is done. Returns the outcomes of files until then.

        `stop` is called once. It must end the workers and threads.
        """
        done = {future for future in self._futures if future.done()}
        stop()
        # Files that fail after this fail because the workers were ended. They are not reported.
        found = {outcome.name: outcome for outcome in self.outcomes}
        for future in self._futures:
            if not future.done() or future.cancelled() or future.exception() is not None:
                continue
            outcome = future.result()
            if outcome is not None and (future in done or not isinstance(outcome, Failed)):
                found.setdefault(outcome.name, outcome)
        return list(found.values())

    def _carry_out(self, job: Job) -> Outcome | None:
        """Carry out `job`, and then make what pages need of its file. Returns the outcome; None if the file is gone."""
        site, original = self.site, None
        if site is not None:
            original = site.original(job.asset, job.media, job.digest, self.destination)
        outcome = self._optimised(job)
        if site is not None and outcome is not None:
            site.finished(job.asset, outcome, self.destination, original)
        return outcome

    def _optimised(self, job: Job) -> Outcome | None:
        """The outcome of `job`; None if its file is gone.

        If another program has changed the file meanwhile, the new content is optimised.
        """
        asset = job.asset
        with contextlib.suppress(Changed):
            return self.pipeline.process(job, self.destination, self.index)
        try:
            asset = replace(asset, state=asset.path.lstat())
            planned = self.planner.plan(asset)
            if isinstance(planned, Job):
                return self.pipeline.process(planned, self.destination, self.index)
        except FileNotFoundError:
            return None
        except Changed as error:
            return keep(failed(job, error.code, error.message), asset, self.destination)
        return planned and keep(planned, asset, self.destination)


def largest_first(jobs: Iterable[Job]) -> list[Job]:
    """`jobs` in the order in which they start. The largest is first, since the longest task must not start last."""
    return sorted(jobs, key=lambda job: (-job.state.st_size, job.asset.name))
