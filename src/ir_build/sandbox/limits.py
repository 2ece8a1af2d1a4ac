"""How much CPU time and memory a task may take in a worker, and how much it took."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from ..errors import Reason

# When a file takes more than this share of a limit, the report says how much. Not fitted: it decides only about a line
# of the report.
_MUCH = 0.5
# The limit of the system, as a multiple of `memory_limit` (see `hard`). Not fitted: the peak is compared with
# `memory_limit` after the task, so that a larger number changes no result.
_HARD = 1.5
# Bytes of a GiB.
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one task may take."""

    seconds: float  #: of CPU time
    memory: int  #: bytes

    def of(self, reason: Reason) -> float:
        """The limit that was met, by the `reason` of a `LimitMet`: CPU seconds or bytes."""
        return self.seconds if reason is Reason.OVER_TIMEOUT else self.memory

    def notes(self, took: Took) -> tuple[str, ...]:
        """Lines for the report of a file that took much; empty for any other."""
        notes = []
        if took.seconds > _MUCH * self.seconds:
            notes.append(f"took {took.seconds:.3g} s of CPU time, timeout is {self.seconds:g} s")
        if took.memory > _MUCH * self.memory:
            notes.append(f"took {gib(took.memory)} of memory, memory_limit is {gib(self.memory)}")
        return tuple(notes)


@dataclass(slots=True)
class Took:
    """The most that one task on a file took."""

    seconds: float = 0.0  #: of CPU time
    memory: int = 0  #: bytes; 0 when the system does not say

    def add(self, answer: Mapping[str, object]) -> None:
        """Count the task of which `answer` is the answer."""
        self.seconds = max(self.seconds, float(str(answer["seconds"])))
        self.memory = max(self.memory, int(str(answer["memory"])))


_measured: ContextVar[Took | None] = ContextVar("took", default=None)


@contextlib.contextmanager
def measured() -> Iterator[Took]:
    """Count what the tasks of this thread take, as long as the block lasts."""
    took = Took()
    token = _measured.set(took)
    try:
        yield took
    finally:
        _measured.reset(token)


def count(answer: Mapping[str, object]) -> None:
    """Count the task of `answer` in the block of `measured`, if this thread is in one."""
    if took := _measured.get():
        took.add(answer)


def hard(memory_limit: int) -> int:
    """The number of bytes at which the system gives a worker no more memory.

    It is above `memory_limit`. A codec that gets no memory may call the file broken, or leave work out. So the
    system refuses memory late, and the peak is compared with `memory_limit` when the task is done.
    """
    limit = int(_HARD * memory_limit)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  (not on Windows)

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        # The limit that a shared host has set cannot be raised.
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    return limit


def allowed(memory_limit: int) -> int:
    """The part of `memory_limit`, in bytes, that the system lets a worker have."""
    return min(memory_limit, int(hard(memory_limit) / _HARD))


def gib(size: int) -> str:
    """`size` bytes in GiB, as a text of three digits with the unit."""
    return f"{size / _GIB:.3g} GiB"
