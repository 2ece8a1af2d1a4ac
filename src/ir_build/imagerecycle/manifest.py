"""What was sent to which server and what became of it, so that originals can be fetched back.

It is SQLite, because builds run at the same time and may be killed. A manifest in trouble costs the
chance to restore, never a build.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NAME = "sent.sqlite3"

# SQLite checks types since 3.37. Some systems have an older one.
_STRICT = "STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS sent (
    original TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    server TEXT NOT NULL,
    image INTEGER NOT NULL,
    origin_url TEXT NOT NULL,
    expires INTEGER
) {_STRICT};
CREATE TABLE IF NOT EXISTS made (
    result TEXT PRIMARY KEY,
    original TEXT NOT NULL
) {_STRICT};
"""
_ORIGIN = "SELECT sent.* FROM made JOIN sent USING (original) WHERE result = ?"
_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One file that was sent."""

    original: str  #: SHA-256 of it
    size: int  #: bytes
    server: str  #: the API's address
    image: int  #: its id there
    origin_url: str  #: where it can be fetched, by anybody who knows this address
    expires: datetime | None  #: when it is gone, None when the server did not say


class Manifest:
    """The manifest at a path. Its methods may be called from several threads."""

    def __init__(self, path: Path) -> None:
        """The file is made when something is written."""
        self._path = path
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._closed = False

    def sent(self, record: Sent) -> None:
        """Note that a file was sent. The last time counts."""
        expires = None if record.expires is None else int(record.expires.timestamp())
        row = (
            record.original, record.size, record.server, record.image, record.origin_url, expires
        )  # fmt: skip
        self._write("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?)", row)

    def made(self, result: str, original: str) -> None:
        """Note that a file is the result of an original. Both are named by their SHA-256."""
        self._write(
            "INSERT OR REPLACE INTO made SELECT ?, ? WHERE EXISTS"
            " (SELECT 1 FROM sent WHERE original = ?)",
            (result, original, original),
        )

    def origin_of(self, result: str) -> Sent | None:
        """What was sent for the file whose SHA-256 is `result`, None when nothing is known."""
        if not self._path.exists():
            return None
        try:
            with self._lock:
                row = self._opened().execute(_ORIGIN, (result,)).fetchone()
        except (sqlite3.Error, OSError):
            return None
        if row is None:
            return None
        original, size, server, image, origin_url, expires = row
        when = None if expires is None else datetime.fromtimestamp(expires, UTC)
        return Sent(original, size, server, image, origin_url, when)

    def close(self) -> None:
        """Let go of the file. Later notes are lost."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._closed = True
            if self._database is not None:
                self._database.close()
                self._database = None

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with contextlib.suppress(sqlite3.Error, OSError), self._lock, self._opened() as database:
            database.execute(statement, values)

    def _opened(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("the manifest is closed")
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Nobody else may read it: its links give the files away.
            self._path.touch(mode=0o600)
            database = sqlite3.connect(self._path, timeout=_LOCK_SECONDS, check_same_thread=False)
            # A crash of the machine may cost the last entries. Flushing each would slow every build.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_SCHEMA)
            self._database = database
        return self._database
