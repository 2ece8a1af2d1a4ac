"""Chooses the lossy results of a run that a report shows beside their originals.

An original is gone once its result is in place. So before that both are copied into a temporary folder, if they
may be shown. Which ones are shown does not depend on the order in which files are done.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import atomic
from ..view import Pictured
from .fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..outcome import Compressed
    from ..sandbox.pool import Sandbox
    from .cache import Entry
    from .plan import Job

# None of these numbers is fitted: they decide only what a report shows, and how large it is.
# The most bytes of an original that is shown, so that little is copied.
_LARGEST = 32 * 1024 * 1024
# The most and the least bytes for all pictures of a report. It holds them in base64: four characters for three bytes.
_MOST, _LEAST = 2_000_000, 500_000
# About the bytes of a whole report, and of the line of one file in it.
_REPORT, _LINE = 2_900_000, 180


_PREFIX = "ir-build-pictures-"
# Seconds after which a folder is left from a killed run: no run takes so long.
_STALE_AFTER = 3 * 24 * 3600


def _sweep() -> None:
    """Remove the folders that killed runs have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.lstat().st_mtime < time.time() - _STALE_AFTER:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    saved: int
    score: float
    key: str  #: the digests of the original and of the result
    max_pixels: int


def _by_saving(one: _Candidate) -> tuple[float, str]:
    return -one.saved, one.name


def _by_score(one: _Candidate) -> tuple[float, str]:
    return one.score, one.name


class Gallery:
    """Holds candidates and copies of their files, as long as the block lasts. Several threads call `offer` at once.

    It raises no errors: if something goes wrong, the report has fewer pictures.
    """

    def __init__(self, pictures: int) -> None:
        """Choose so many `pictures`: one half are the results that saved most, the others have the worst scores."""
        self._saving = pictures - pictures // 2
        self._pictures = pictures
        self._candidates: dict[str, _Candidate] = {}
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            _sweep()
            made = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            self._folder = Path(self._stack.enter_context(made))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def offer(self, job: Job, entry: Entry, made: str) -> None:
        """Consider the result `entry` of `job`, before it takes the place of its original. `made` is its digest."""
        if self._folder is None or not entry.lossy or job.state.st_size > _LARGEST:
            return
        offered = _Candidate(
            job.asset.name,
            job.state.st_size - len(entry.data),
            float("inf") if entry.score is None else entry.score,
            f"{job.digest}-{made}",
            job.options.max_pixels,
        )
        # All errors are suppressed, not only those of reading and writing: a fault here must not make a build fail.
        with self._lock, contextlib.suppress(Exception):
            known = self._candidates.get(offered.key)
            if known is not None and known.name <= offered.name:
                return
            others = [one for one in self._candidates.values() if one.key != offered.key]
            best = self._best([*others, offered])
            if offered not in best:
                return
            if known is None:
                original, _ = atomic.read(job.asset.path)
                if digest(original) != job.digest:
                    return
                self._original(offered).write_bytes(original)
                self._result(offered).write_bytes(entry.data)
            self._candidates = {one.key: one for one in best}
            for one in others:
                if one.key not in self._candidates:
                    self._original(one).unlink(missing_ok=True)
                    self._result(one).unlink(missing_ok=True)

    def pictures(
        self, outcomes: Iterable[Compressed], sandbox: Sandbox, *, files: int
    ) -> tuple[Pictured, ...]:
        """The pictures of a report of `files` files: those that saved most, then those with the worst scores."""
        shipped = {one.name: one for one in outcomes}
        chosen = self._chosen([one for one in self._candidates.values() if one.name in shipped])
        room = max(_LEAST, min(_MOST, _REPORT - _LINE * files)) * 3 // 4
        found = []
        for number, one in enumerate(chosen):
            outcome = shipped[one.name]
            # Bytes that small pictures leave are for the pictures after them.
            share = room // (len(chosen) - number)
            assert outcome.media is not None, "it was compressed"
            with contextlib.suppress(Exception):  # as above
                views = sandbox.views(
                    self._original(one),
                    self._result(one),
                    outcome.media,
                    room=share,
                    max_pixels=one.max_pixels,
                )
                if views.views:
                    room -= sum(len(file) for view in views.views for file in view.files)
                    found.append(
                        Pictured(
                            one.name,
                            outcome.media,
                            outcome.before,
                            outcome.after,
                            outcome.score,
                            views,
                        )
                    )
        return tuple(found)

    def _best(self, candidates: list[_Candidate]) -> list[_Candidate]:
        """Those that may still be shown in the end, whatever other candidates come."""
        # Some of the worst scores may be among those that saved most. Then the next worst are shown instead.
        saving = sorted(candidates, key=_by_saving)[: self._saving]
        return list(dict.fromkeys(saving + sorted(candidates, key=_by_score)[: self._pictures]))

    def _chosen(self, candidates: list[_Candidate]) -> list[_Candidate]:
        saving = sorted(candidates, key=_by_saving)[: self._saving]
        scored = [one for one in candidates if one not in saving and one.score != float("inf")]
        worst = sorted(scored, key=_by_score)[: self._pictures - self._saving]
        return saving + worst

    def _original(self, one: _Candidate) -> Path:
        assert self._folder is not None
        return self._folder / f"{one.key}.original"

    def _result(self, one: _Candidate) -> Path:
        assert self._folder is not None
        return self._folder / f"{one.key}.result"
