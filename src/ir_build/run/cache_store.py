"""How values of the cache are stored: in diskcache's database and files, without pickles, each with a SHA-256.

By itself diskcache unpickles values (CVE-2025-69872), and returns a truncated value without an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from pathlib import Path
from typing import Any, cast

import diskcache

_MAGIC = b"irb1"
_SHA256_BYTES = 32


class DamagedEntryError(OSError):
    """A value has another checksum than its own. It is an OSError, which diskcache treats as a missing value."""


class FramedDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Stores bytes under text keys, each after its SHA-256, which is compared on every read."""

    def get(self, key: object, raw: object) -> str:
        if not isinstance(key, str) or not raw:
            raise DamagedEntryError("not a key of ours")
        return key

    def store(self, value: object, read: object, key: object = diskcache.UNKNOWN) -> Any:
        return super().store(_frame(cast("bytes", value)), read, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: object) -> bytes:
        if mode not in (diskcache.core.MODE_RAW, diskcache.core.MODE_BINARY) or read:
            raise DamagedEntryError("not a value of ours")  # a pickle is never opened
        stored = super().fetch(mode, filename, value, read=False)
        if not isinstance(stored, bytes):
            raise DamagedEntryError("not a value of ours")
        return _unframe(stored)


class Store(diskcache.Cache):  # type: ignore[misc]  # as above
    """A cache of diskcache that also closes the connection of a thread when that thread ends."""

    @property
    def _con(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._con
        held = getattr(self._local, "held", None)
        if held is None or held.connection is not connection:
            self._local.held = _Held(connection)
        return connection

    def close(self) -> None:
        super().close()
        if hasattr(self._local, "held"):
            del self._local.held


class _Held:
    """Holds a connection of a thread, and closes it when that thread ends. No other thread may close it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def wait_for_turn(folder: Path, *, seconds: float) -> None:
    """Wait until no process writes to the database in `folder`. Raises sqlite3.Error after `seconds`.

    diskcache writes when it opens a database. While the database is locked, it tries again for a minute.
    """
    database = folder / diskcache.core.DBNAME
    if database.exists():
        with contextlib.closing(
            sqlite3.connect(database, timeout=seconds, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")


def _frame(payload: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(payload).digest() + payload


def _unframe(stored: bytes) -> bytes:
    start = len(_MAGIC) + _SHA256_BYTES
    payload = stored[start:]
    if stored[:start] != _MAGIC + hashlib.sha256(payload).digest():
        raise DamagedEntryError("the checksum does not hold")
    return payload
