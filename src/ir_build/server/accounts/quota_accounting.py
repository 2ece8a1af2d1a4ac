"""What is charged: reservations before the work, charges on success, consumption by day.

An account's bytes in use are `used`, which its period was charged, and `reserved`, for work under
way. The condition of one UPDATE enforces a limit; nothing is read before it. The use of a
sub-account counts for it and for its parent.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from ...imagerecycle.wire import Consumption, Usage
from ..errors import quota_exceeded, unauthorized, unavailable
from ..storage.database import Database, Sql, Transaction
from . import months

if TYPE_CHECKING:
    from .accounts import Caller

_USED = "CASE WHEN period >= :period THEN used ELSE 0 END"
_FITS = f"(quota <= 0 OR {_USED} + reserved + :size <= quota)"
_CHARGED = (
    f"used = {_USED} + :size, period = CASE WHEN period >= :period THEN period ELSE :period END"
)
_RESERVE = Sql(f"UPDATE accounts SET reserved = reserved + :size WHERE id = :id AND {_FITS}")
_SETTLE = Sql(f"UPDATE accounts SET {_CHARGED}, reserved = reserved - :size WHERE id = :id")
_CHARGE = Sql(f"UPDATE accounts SET {_CHARGED} WHERE id = :id AND {_FITS}")
_RELEASE = Sql("UPDATE accounts SET reserved = reserved - :size WHERE id = :id")
_EXISTS = Sql("SELECT 1 FROM accounts WHERE id = :id")
_COUNT = Sql(
    """INSERT INTO usage (account_id, day, files, bytes_before, bytes_after)
    VALUES (:id, :day, 1, :before, :after)
    ON CONFLICT (account_id, day) DO UPDATE SET files = usage.files + 1,
    bytes_before = usage.bytes_before + :before, bytes_after = usage.bytes_after + :after"""
)
_USAGE = Sql(
    """SELECT day, files, bytes_before, bytes_after FROM usage
    WHERE account_id = :id AND day >= :first ORDER BY day"""
)
_OPEN_JOB = Sql(
    """INSERT INTO jobs (id, account_id, parent_id, size, deadline)
    VALUES (:id, :account, :parent, :size, :deadline)"""
)
_CLOSE_JOB = Sql("DELETE FROM jobs WHERE id = :id")
_OVERDUE = Sql("SELECT id, account_id, parent_id, size FROM jobs WHERE deadline < :now")

_DAYS = 30
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Reservation:
    """Work under way, and the bytes that are reserved for it."""

    id: str
    caller: Caller
    size: int  #: bytes


def reserve(database: Database, caller: Caller, size: int, now: int, deadline: int) -> Reservation:
    """Set `size` bytes aside, until `deadline` at the latest. Raises `HttpError`."""
    job = Reservation(secrets.token_hex(16), caller, size)
    with database.transaction() as transaction:
        _take(transaction, _RESERVE, caller, size, now)
        transaction.run(
            _OPEN_JOB,
            id=job.id,
            account=caller.id,
            parent=caller.parent_id,
            size=size,
            deadline=deadline,
        )
    return job


def settle(transaction: Transaction, job: Reservation, size_after: int, now: int) -> None:
    """Charge what was reserved. Raises `HttpError` when the reservation has lapsed."""
    if not transaction.run(_CLOSE_JOB, id=job.id):
        raise unavailable("It took too long; nothing was charged")
    for number, period in _periods(job.caller, now):
        if not transaction.run(_SETTLE, id=number, size=job.size, period=period):
            raise unauthorized()  # deleted while its file was compressed
    _count(transaction, job.caller, job.size, size_after, now)


def charge(transaction: Transaction, caller: Caller, size: int, size_after: int, now: int) -> None:
    """Charge at once what needed no reservation. Raises `HttpError`."""
    _take(transaction, _CHARGE, caller, size, now)
    _count(transaction, caller, size, size_after, now)


def release(database: Database, job: Reservation) -> None:
    """Give back what was reserved for work that failed."""
    with database.transaction() as transaction:
        _release(transaction, job.id, job.caller.id, job.caller.parent_id, job.size)


def release_overdue(database: Database, now: int) -> int:
    """Give back what killed processes had reserved. Returns the number of their jobs."""
    with database.transaction() as transaction:
        overdue = transaction.rows(_OVERDUE, now=now)
        for number, account, parent, size in overdue:
            _release(transaction, number, account, parent, size)
    return len(overdue)


def consumption(database: Database, caller: Caller, now: int) -> Consumption:
    """What was sent in the last 30 days and 12 months, since the account was made.

    Days and months in which nothing was sent are included.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    year_ago = datetime.fromtimestamp(months.add(now, 1 - _MONTHS), UTC).date().replace(day=1)
    begun = datetime.fromtimestamp(caller.created, UTC).date().replace(day=1)
    rows = database.rows(_USAGE, id=caller.id, first=year_ago.isoformat())
    days = {today - timedelta(days=back): (0, 0, 0) for back in reversed(range(_DAYS))}
    totals = dict.fromkeys(_months(max(year_ago, begun), today), (0, 0, 0))
    for text, files, before, after in rows:
        day = date.fromisoformat(text)
        found = totals.get(day.replace(day=1), (0, 0, 0))
        totals[day.replace(day=1)] = (found[0] + before, found[1] + after, found[2] + files)
        if day in days:
            days[day] = (before, after, files)
    return Consumption(
        tuple(Usage(day, *sums) for day, sums in days.items()),
        tuple(Usage(month, *sums) for month, sums in sorted(totals.items())),
    )


def _months(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = (first + timedelta(days=31)).replace(day=1)


def _take(transaction: Transaction, sql: Sql, caller: Caller, size: int, now: int) -> None:
    for number, period in _periods(caller, now):
        if not transaction.run(sql, id=number, size=size, period=period):
            if transaction.row(_EXISTS, id=number) is None:  # deleted since it was authenticated
                raise unauthorized()
            raise quota_exceeded()


def _release(
    transaction: Transaction, job: str, account: int, parent: int | None, size: int
) -> None:
    if transaction.run(_CLOSE_JOB, id=job):
        for number in (account, parent):
            transaction.run(_RELEASE, id=number, size=size)


def _count(transaction: Transaction, caller: Caller, size: int, size_after: int, now: int) -> None:
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    for number, _ in _periods(caller, now):
        transaction.run(_COUNT, id=number, day=day, before=size, after=size_after)


def _periods(caller: Caller, now: int) -> Iterator[tuple[int, int]]:
    """The accounts to charge, always in this order, with the starts of their periods."""
    yield caller.id, months.period(caller.created, now)[0]
    if caller.parent_id is not None:
        yield caller.parent_id, months.period(caller.parent_created or caller.created, now)[0]
