"""What a file may take of a worker's CPU time and memory, and what it took."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from ..errors import Reason

# From this share of a limit on, the report tells what a file took.
_MUCH = 0.5
_HARD = 1.5
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may take."""

    seconds: float  #: of CPU time
    memory: int  #: bytes

    def of(self, reason: Reason) -> float:
        """The limit that `reason`, the one of a `LimitMet`, speaks of."""
        return self.seconds if reason is Reason.OVER_TIMEOUT else self.memory

    def notes(self, took: Took) -> tuple[str, ...]:
        """What the report says of a file that took much. Empty for any other."""
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
    memory: int = 0  #: bytes, 0 where the system does not say

    def add(self, answer: Mapping[str, object]) -> None:
        """Count the task that `answer` ends."""
        self.seconds = max(self.seconds, float(str(answer["seconds"])))
        self.memory = max(self.memory, int(str(answer["memory"])))


_measured: ContextVar[Took | None] = ContextVar("took", default=None)


@contextlib.contextmanager
def measured() -> Iterator[Took]:
    """What the tasks of this thread take in the block."""
    took = Took()
    token = _measured.set(took)
    try:
        yield took
    finally:
        _measured.reset(token)


def count(answer: Mapping[str, object]) -> None:
    """Count a task for the block of `measured` that it is in, if it is in one."""
    if took := _measured.get():
        took.add(answer)


def hard(memory_limit: int) -> int:
    """At how many bytes the system refuses a worker memory.

    It is above `memory_limit`, which is checked when the task is done. When a codec gets no memory, it
    may call the file broken, or leave work out.
    """
    limit = int(_HARD * memory_limit)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  (not on Windows)

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        # A shared host's own limit cannot be raised.
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    return limit


def allowed(memory_limit: int) -> int:
    """As much of `memory_limit`, in bytes, as the system lets a worker have."""
    return min(memory_limit, int(hard(memory_limit) / _HARD))


def gib(size: int) -> str:
    """Bytes in the unit in which memory is sold."""
    return f"{size / _GIB:.3g} GiB"
