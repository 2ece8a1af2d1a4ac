"""Make changes, each as a whole or not at all. Those that come together share a transaction."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from .database import Database, DatabaseUnavailable, Transaction

_R_co = TypeVar("_R_co", covariant=True)
_R = TypeVar("_R")
#: the most changes in one transaction
_MOST = 32


class Change(Protocol[_R_co]):
    """Something to be stored. Its methods block, and each may raise what is wrong with it."""

    def prepare(self) -> None:
        """Do what needs no transaction."""

    def record(self, transaction: Transaction) -> _R_co:
        """Write the rows."""

    def undo(self) -> None:
        """Remove what was prepared: there are no rows."""


class ChangeWriter:
    """Makes changes on a thread and in a connection of its own.

    A transaction of several changes costs no more than one of a single change. Changes that come
    during a transaction wait and make up the next one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        # The process can end without a call of `close`.
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def make(self, change: Change[_R]) -> _R:
        """Make `change`. Returns its rows. Raises what it raises, and `DatabaseUnavailable`."""
        loop = asyncio.get_running_loop()
        made: asyncio.Future[_R] = loop.create_future()
        self._waiting.put(_Waiting(change, made, loop))
        return await made

    def close(self) -> None:
        """Wait for what is under way."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while batch := self._batch():
            try:
                outcomes = make_together(self._database, [one.change for one in batch])
            except Exception as error:  # noqa: BLE001  (of whoever waits; there are more to come)
                outcomes = [error] * len(batch)
            # Nobody waits on a loop that is closed.
            with contextlib.suppress(RuntimeError):
                batch[0].loop.call_soon_threadsafe(_settle, batch, outcomes)

    def _batch(self) -> list[_Waiting]:
        """The changes that wait, or else the next one. Nothing at the end."""
        batch: list[_Waiting] = []
        one = self._waiting.get()
        while one is not None:
            batch.append(one)
            if len(batch) == _MOST or self._waiting.empty():
                return batch
            one = self._waiting.get()
        if batch:
            self._waiting.put(None)
        return batch


class _Waiting(NamedTuple):
    change: Change[Any]
    made: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


def _settle(batch: list[_Waiting], outcomes: list[Any]) -> None:
    for one, outcome in zip(batch, outcomes, strict=True):
        if one.made.cancelled():
            continue
        if isinstance(outcome, BaseException):
            one.made.set_exception(outcome)
        else:
            one.made.set_result(outcome)


def make(database: Database, change: Change[_R]) -> _R:
    """Make one change, in a transaction of its own."""
    try:
        change.prepare()
        with database.transaction() as transaction:
            return change.record(transaction)
    except DatabaseUnavailable:
        # The commit may have been made, and its answer lost. Objects without rows are swept up later.
        raise
    except BaseException:
        change.undo()
        raise


def make_together(database: Database, changes: list[Change[Any]]) -> list[Any]:
    """Make changes in one transaction. Returns the result of each, or its exception."""
    outcomes: list[Any] = [_raised(change.prepare) for change in changes]
    ready = [number for number, error in enumerate(outcomes) if error is None]
    if ready:
        made = _recorded(database, [changes[number] for number in ready])
        for number, outcome in zip(ready, made, strict=True):
            outcomes[number] = outcome
    for number, change in enumerate(changes):
        if isinstance(outcomes[number], Exception):
            outcomes[number] = _raised(change.undo) or outcomes[number]
    return outcomes


def _recorded(database: Database, changes: list[Change[Any]]) -> list[Any]:
    try:
        try:
            with database.transaction() as transaction:
                return [change.record(transaction) for change in changes]
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  (of one of them)
            if len(changes) == 1:
                return [error]
        # Savepoints cost time, so there are none until one of the changes fails.
        with database.transaction() as transaction:
            return [transaction.attempt(change.record) for change in changes]
    except DatabaseUnavailable as error:
        return [error] * len(changes)


def _raised(work: Callable[[], None]) -> Exception | None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  (it is its own change's trouble, no other one's)
        return error
    return None
