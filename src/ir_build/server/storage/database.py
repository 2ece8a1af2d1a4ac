"""A small layer over SQLite and PostgreSQL.

Statements are plain SQL that both understand, with `:name` parameters. Connections belong to
threads; all of it is synchronous and is called from worker threads.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from ...errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_R = TypeVar("_R")

_LOG = logging.getLogger(__name__)
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_BUSY_SECONDS = 15


class DatabaseUnavailable(Exception):
    """The database does not answer, or not in time; the transaction was not made."""


class Sql:
    """A statement in the spelling of both drivers."""

    def __init__(self, text: str) -> None:
        """`text`: the statement, its parameters written `:name`."""
        self.named = text
        self.pyformat = _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))


class Transaction:
    """A transaction under way."""

    def __init__(self, cursor: Any, driver: _Driver) -> None:
        self._cursor = cursor
        self._driver = driver

    def run(self, sql: Sql, **values: object) -> int:
        """Execute a statement; how many rows it touched."""
        return int(self._execute(sql, values).rowcount)

    def rows(self, sql: Sql, **values: object) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        found: list[tuple[Any, ...]] = self._execute(sql, values).fetchall()
        return found

    def row(self, sql: Sql, **values: object) -> tuple[Any, ...] | None:
        """The first row of an answer."""
        found: tuple[Any, ...] | None = self._execute(sql, values).fetchone()
        return found

    def attempt(self, work: Callable[[Transaction], _R]) -> _R | Exception:
        """What `work` returns, or raises: then nothing that it did remains, and all else does."""
        outcome: _R | Exception
        self._cursor.execute("SAVEPOINT attempt")
        try:
            outcome = work(self)
        except self._driver.errors:
            raise  # the whole transaction is lost
        except Exception as error:  # noqa: BLE001  (the caller decides)
            self._cursor.execute("ROLLBACK TO attempt")
            outcome = error
        self._cursor.execute("RELEASE attempt")
        return outcome

    def _execute(self, sql: Sql, values: dict[str, object]) -> Any:
        self._cursor.execute(sql.pyformat if self._driver.pyformat else sql.named, values)
        return self._cursor


class _Driver(Protocol):
    pyformat: bool
    errors: tuple[type[Exception], ...]
    #: how a writing transaction begins
    begin: str
    #: the spelling of types in which the two differ
    types: dict[str, str]
    #: what keeps two processes from migrating at once, inside a transaction
    lock: tuple[str, ...]
    #: held during a transaction
    turn: contextlib.AbstractContextManager[object]

    #: of the database's files, where they are on this machine
    folder: Path | None

    def connect(self) -> Any: ...


class _Sqlite:
    pyformat = False
    errors: tuple[type[Exception], ...] = (sqlite3.OperationalError, sqlite3.InterfaceError)
    # The write lock at once: a transaction that reads first could not get it any more later.
    begin = "BEGIN IMMEDIATE"
    types = {"id": "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes": "BLOB"}  # noqa: RUF012
    lock: tuple[str, ...] = ()

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self.folder: Path | None = path.parent
        self._synchronous = "FULL" if durable else "NORMAL"
        # There is one writer at a time, and SQLite's own way to wait for a turn is to sleep.
        self.turn: contextlib.AbstractContextManager[object] = threading.Lock()

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        _log_ahead(connection)
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        # A checkpoint waits for the disk while everybody waits for it.
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        return connection


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, in which a new database is not yet."""
    last = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait for its turn here: two servers may start on a new folder at once.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                connection.close()
                raise
            time.sleep(0.02)
        else:
            return


class _Postgres:
    pyformat = True
    folder: Path | None = None
    begin = "BEGIN"
    types = {  # noqa: RUF012
        "id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
    }
    # A migration may take its time, and who waits for its end may wait as long.
    lock: tuple[str, ...] = (
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL lock_timeout = 0",
        "SELECT pg_advisory_xact_lock(7361263)",
    )

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415  (only for those who use it)

        self._driver = psycopg
        self._url = url
        self.turn: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        self.errors: tuple[type[Exception], ...] = (
            psycopg.OperationalError,
            psycopg.InterfaceError,
        )

    def connect(self) -> Any:
        return self._driver.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            # A query that hangs must not hang a thread for ever.
            options=f"-c statement_timeout={_BUSY_SECONDS * 1000} -c lock_timeout=10000",
        )


class Database:
    """The database that a URL names."""

    def __init__(self, url: str, *, durable: bool = False) -> None:
        """`durable`: have SQLite flush every transaction to the disk. Raises `ConfigError`."""
        self._driver = _driver(url, durable=durable)
        self.types = self._driver.types
        #: where the files of an SQLite database are, None for one elsewhere
        self.folder = self._driver.folder
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[Any] = []

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction: committed at the end of the block, rolled back by an exception.

        Raises `DatabaseUnavailable`.
        """
        driver = self._driver
        with driver.turn:
            try:
                cursor = self._begin()
            except driver.errors as error:
                raise self._unavailable(error) from error
            try:
                yield Transaction(cursor, driver)
                cursor.execute("COMMIT")
            except driver.errors as error:
                self._roll_back(cursor)
                raise self._unavailable(error) from error
            except BaseException:
                self._roll_back(cursor)
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have all queries of this thread see one moment: they share what it costs to look.

        Raises `DatabaseUnavailable`. There can be no transaction in the block.
        """
        try:
            cursor = self._cursor()
            cursor.execute("BEGIN")
        except self._driver.errors as error:
            raise self._unavailable(error) from error
        try:
            yield
        finally:
            self._roll_back(cursor)

    def lock_schema(self, transaction: Transaction) -> None:
        """Keep other processes from changing the schema until the end of `transaction`."""
        for statement in self._driver.lock:
            transaction.run(Sql(statement))

    def row(self, sql: Sql, **values: object) -> tuple[Any, ...] | None:
        """The first row of a query of its own. Raises `DatabaseUnavailable`."""
        return next(iter(self.rows(sql, **values)), None)

    def rows(self, sql: Sql, **values: object) -> list[tuple[Any, ...]]:
        """All rows of a query of its own. Raises `DatabaseUnavailable`."""
        try:
            return self._query(sql, values)
        except self._driver.errors as first:
            if self._usable():
                raise self._unavailable(first) from first
        try:
            return self._query(sql, values)
        except self._driver.errors as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Close all connections. No thread may use them any more."""
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(Exception):
                    connection.close()
            self._connections.clear()

    def _query(self, sql: Sql, values: dict[str, object]) -> list[tuple[Any, ...]]:
        return Transaction(self._cursor(), self._driver).rows(sql, **values)

    def _begin(self) -> Any:
        cursor = self._cursor()
        try:
            cursor.execute(self._driver.begin)
        except self._driver.errors:
            if self._usable():
                raise
            # The server was restarted; nothing has been done yet, so once more is safe.
            cursor = self._cursor()
            cursor.execute(self._driver.begin)
        return cursor

    def _cursor(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._driver.connect()
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection.cursor()

    def _usable(self) -> bool:
        """Whether this thread's connection lives; a dead one is dropped."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            return False
        if not getattr(connection, "closed", False) and not getattr(connection, "broken", False):
            return True
        self._local.connection = None
        with self._lock:
            self._connections.remove(connection)
        return False

    def _roll_back(self, cursor: Any) -> None:
        with contextlib.suppress(*self._driver.errors):
            cursor.execute("ROLLBACK")
        self._usable()

    def _unavailable(self, error: Exception) -> DatabaseUnavailable:
        _LOG.warning("database: %s: %s", type(error).__name__, error)
        return DatabaseUnavailable(type(error).__name__)


def _driver(url: str, *, durable: bool) -> _Driver:
    if url.startswith("sqlite:///"):
        path = Path(unquote(url.removeprefix("sqlite:///")))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError("server", "database", f"{path}: {error.strerror}") from error
        return _Sqlite(path, durable=durable)
    if urlsplit(url).scheme in ("postgresql", "postgresql+psycopg"):
        return _Postgres("postgresql" + url[url.index(":") :])
    raise ConfigError(
        "server", "database", "starts with sqlite:/// or postgresql+psycopg://; this does neither"
    )
