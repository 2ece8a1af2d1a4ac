"""Clean up in the background: what has expired, what nobody refers to, what a crash left behind.

Several servers may share a database. The one that holds the lease cleans up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..accounts import quota_accounting
from ..storage.database import DatabaseUnavailable, Sql
from ..storage.errors import StorageUnavailable
from ..storage.spool import PREFIX
from . import images

if TYPE_CHECKING:
    from ..service import Service

_LOG = logging.getLogger(__name__)
_BATCH = 200
#: seconds after which a file on its way in belongs to no running process
_ABANDONED = 24 * 3600

_TAKE = Sql("UPDATE leases SET until = :until WHERE name = 'sweeper' AND until <= :now")
_READ_NOTE = Sql("SELECT note FROM leases WHERE name = 'sweeper'")
_WRITE_NOTE = Sql("UPDATE leases SET note = :note WHERE name = 'sweeper'")


async def collect_for_ever(service: Service) -> None:
    """Collect garbage in the configured interval, whatever happens."""
    while True:
        try:
            await service.run(collect_garbage, service)
        except (DatabaseUnavailable, StorageUnavailable) as error:
            _LOG.warning("garbage collection could not work: %s", type(error).__name__)
        except Exception:  # noqa: BLE001  (it must be there tomorrow)
            _LOG.exception("garbage collection failed")
        await asyncio.sleep(service.settings.sweep_interval)


def collect_garbage(service: Service) -> None:
    """One round, unless another process is at it."""
    now = service.now()
    if service.disk.is_full:
        # The statements below need room themselves.
        for result in images.unused(service.database, _BATCH):
            _remove_objects(service, result)
        if images.any_expired(service.database, now):
            service.disk.make_room()
    # The lease is shorter than the interval, so that it is over when the next round begins.
    until = now + max(1, round(service.settings.sweep_interval / 2))
    with service.database.transaction() as transaction:
        if not transaction.run(_TAKE, now=now, until=until):
            return
    swept = service.metrics.swept.labels
    swept("reservation").inc(quota_accounting.release_overdue(service.database, now))
    while count := images.delete_expired(service.database, now, _BATCH):
        swept("expired image").inc(count)
    while results := images.unused(service.database, _BATCH):
        for result in results:
            _remove_objects(service, result)
            images.forget(service.database, result)
            swept("result").inc()
    _collect_incoming(service)
    service.disk.keep()
    day = (datetime.fromtimestamp(now, UTC) - timedelta(days=2)).strftime("%Y%m%d")
    (done,) = service.database.row(_READ_NOTE) or ("",)
    if done != day:
        swept("orphan").inc(_collect_orphans(service, day))
        # A server that was not restarted yet may have used the former key.
        service.accounts.seal_anew()
        with service.database.transaction() as transaction:
            transaction.run(_WRITE_NOTE, note=day)


def _remove_objects(service: Service, result: str) -> None:
    service.storage.delete([f"{result}-original", f"{result}-optimized"])


def _collect_orphans(service: Service, day: str) -> int:
    """Remove objects without a row that were stored on `day`. Returns how many."""
    count = 0
    for key in list(service.storage.keys(day)):
        if not images.exists(service.database, key.rpartition("-")[0]):
            service.storage.delete([key])
            count += 1
    return count


def _collect_incoming(service: Service) -> None:
    oldest = time.time() - _ABANDONED
    for path in service.storage.incoming.glob(f"{PREFIX}*"):
        try:
            if path.lstat().st_mtime < oldest:
                path.unlink()
        except OSError:  # another process was faster
            continue
