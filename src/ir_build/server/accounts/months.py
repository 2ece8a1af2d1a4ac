"""Calendar months in UTC: periods of accounts, expiry of images."""

from __future__ import annotations

import calendar
import functools
from datetime import UTC, datetime


@functools.lru_cache(maxsize=256)
def add(moment: int, months: int) -> int:
    """`moment`, Unix seconds, that many months later; the 31st becomes a shorter month's last."""
    start = datetime.fromtimestamp(moment, UTC)
    count = start.year * 12 + start.month - 1 + months
    year, month = divmod(count, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


# Every upload asks several times, with the second in which it came.
@functools.lru_cache(maxsize=256)
def period(started: int, now: int) -> tuple[int, int]:
    """Start and end of the monthly period around `now` of an account that began at `started`."""
    first, last = datetime.fromtimestamp(started, UTC), datetime.fromtimestamp(now, UTC)
    count = (last.year - first.year) * 12 + last.month - first.month
    if add(started, count) > now:
        count -= 1
    return add(started, count), add(started, count + 1)
