"""The schema, as the steps that made it. A released step is never changed."""

from __future__ import annotations

from ..errors import wrong_setting
from .database import Database, Sql, Transaction

#: one tuple of statements a version, the first is version 1; `{id}` and `{bytes}` are types
STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE accounts (
            id {id},
            parent_id BIGINT,
            title TEXT NOT NULL,
            description TEXT NOT NULL,
            api_key TEXT NOT NULL UNIQUE,
            secret_sealed {bytes} NOT NULL,
            secret_digest {bytes} NOT NULL,
            created BIGINT NOT NULL,
            quota BIGINT NOT NULL,
            period BIGINT NOT NULL,
            used BIGINT NOT NULL DEFAULT 0,
            reserved BIGINT NOT NULL DEFAULT 0
        )""",
        "CREATE INDEX accounts_by_parent ON accounts (parent_id)",
        """CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            account_id BIGINT NOT NULL,
            parent_id BIGINT,
            size BIGINT NOT NULL,
            deadline BIGINT NOT NULL
        )""",
        "CREATE INDEX jobs_by_deadline ON jobs (deadline)",
        """CREATE TABLE results (
            id TEXT PRIMARY KEY,
            account_id BIGINT NOT NULL,
            digest {bytes} NOT NULL,
            media TEXT NOT NULL,
            width BIGINT NOT NULL,
            height BIGINT NOT NULL,
            size_before BIGINT NOT NULL,
            size_after BIGINT NOT NULL,
            images BIGINT NOT NULL
        )""",
        "CREATE INDEX results_by_digest ON results (account_id, digest)",
        "CREATE INDEX results_unused ON results (images) WHERE images <= 0",
        """CREATE TABLE images (
            id {id},
            account_id BIGINT NOT NULL,
            result_id TEXT NOT NULL,
            filename TEXT NOT NULL,
            created BIGINT NOT NULL,
            expires BIGINT NOT NULL
        )""",
        "CREATE INDEX images_by_account ON images (account_id, id)",
        "CREATE INDEX images_by_expiry ON images (expires)",
        """CREATE TABLE usage (
            account_id BIGINT NOT NULL,
            day TEXT NOT NULL,
            files BIGINT NOT NULL,
            bytes_before BIGINT NOT NULL,
            bytes_after BIGINT NOT NULL,
            PRIMARY KEY (account_id, day)
        )""",
        """CREATE TABLE leases (
            name TEXT PRIMARY KEY,
            until BIGINT NOT NULL,
            note TEXT NOT NULL
        )""",
        "INSERT INTO leases (name, until, note) VALUES ('sweeper', 0, '')",
    ),
)

_CREATE = Sql("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
_READ = Sql("SELECT max(version) FROM schema_version")
_WRITE = Sql("INSERT INTO schema_version (version) VALUES (:version)")


def migrate(database: Database) -> int:
    """Bring the schema up to date. Returns its version. Servers that start together take turns.

    Raises `ConfigError` for a database that a newer version has migrated.
    """
    with database.transaction() as transaction:
        database.lock_schema(transaction)
        transaction.run(_CREATE)
        (found,) = transaction.row(_READ) or (None,)
        version = int(found or 0)
        if version > len(STEPS):
            raise wrong_setting(
                "database",
                f"was written by a newer ir-build (schema {version}, this one knows {len(STEPS)}):"
                " update ir-build, or restore the backup made before the update",
            )
        for number, step in enumerate(STEPS[version:], version + 1):
            _apply(transaction, step, database.types)
            transaction.run(_WRITE, version=number)
    return len(STEPS)


def _apply(transaction: Transaction, step: tuple[str, ...], types: dict[str, str]) -> None:
    for statement in step:
        transaction.run(Sql(statement.format(**types)))
