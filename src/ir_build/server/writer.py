"""Make changes: each as a whole or not at all, those that come together in one transaction."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .database import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from .database import Database, Transaction

_R_co = TypeVar("_R_co", covariant=True)
_R = TypeVar("_R")
#: changes that wait for one another, at most
_MOST = 32


class Change(Protocol[_R_co]):
    """Something to be stored. Its methods block, and each may raise what is wrong with it."""

    def prepare(self) -> None:
        """Do what needs no transaction."""

    def record(self, transaction: Transaction) -> _R_co:
        """Write the rows."""

    def undo(self) -> None:
        """Remove what was prepared: there are no rows."""


class Writer:
    """Makes changes on a thread and in a connection of its own.

    A transaction costs what several changes in one do, and so does waking a thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "writer")
        self._waiting: list[tuple[Change[Any], asyncio.Future[Any]]] = []
        self._busy = False

    async def make(self, change: Change[_R]) -> _R:
        """Make `change`; what its rows are. Raises what it raises, and `DatabaseUnavailable`."""
        loop = asyncio.get_running_loop()
        made: asyncio.Future[_R] = loop.create_future()
        self._waiting.append((change, made))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._start, loop)  # so that those that come right now are with it
        return await made

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        work = loop.run_in_executor(
            self._thread, make_together, self._database, [change for change, _ in batch]
        )
        work.add_done_callback(partial(self._done, loop, [made for _, made in batch]))

    def _done(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[asyncio.Future[Any]],
        work: asyncio.Future[list[Any]],
    ) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            self._start(loop)
        outcomes = [error] * len(batch) if (error := work.exception()) else work.result()
        for made, outcome in zip(batch, outcomes, strict=True):
            if made.cancelled():
                continue
            if isinstance(outcome, BaseException):
                made.set_exception(outcome)
            else:
                made.set_result(outcome)


def make(database: Database, change: Change[_R]) -> _R:
    """Make one change, in a transaction of its own."""
    try:
        change.prepare()
        with database.transaction() as transaction:
            return change.record(transaction)
    except DatabaseUnavailable:
        # A commit may have been carried out and its answer lost. What has no rows is swept up later.
        raise
    except BaseException:
        change.undo()
        raise


def make_together(database: Database, changes: list[Change[Any]]) -> list[Any]:
    """Make changes in one transaction; of each its result, or the exception that it raised."""
    outcomes: list[Any] = [_raised(change.prepare) for change in changes]
    ready = [number for number, error in enumerate(outcomes) if error is None]
    try:
        if ready:
            with database.transaction() as transaction:
                for number in ready:
                    outcomes[number] = transaction.attempt(changes[number].record)
    except DatabaseUnavailable as error:
        for number in ready:
            outcomes[number] = error
    for number, change in enumerate(changes):
        if isinstance(outcomes[number], Exception):
            outcomes[number] = _raised(change.undo) or outcomes[number]
    return outcomes


def _raised(work: Callable[[], None]) -> Exception | None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  (it is its own change's trouble, no other one's)
        return error
    return None
