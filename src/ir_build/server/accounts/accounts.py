"""Accounts and their sub-accounts: who may ask the server for anything."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...imagerecycle.wire import SubAccount, SubAccountFields
from ..errors import HttpError, not_found, unauthorized, wrong_setting
from ..storage.database import Database, Sql, Transaction
from . import months

if TYPE_CHECKING:
    from .keyring import Keyring


@dataclass(frozen=True, slots=True)
class Caller:
    """The account that a request is made for."""

    id: int
    parent_id: int | None  #: None for the main account
    created: int  #: Unix seconds
    parent_created: int | None


@dataclass(frozen=True, slots=True, repr=False)
class IssuedCredentials:
    """A key and its secret, for the one moment in which they are shown."""

    key: str
    secret: str


_COLUMNS = "id, title, description, api_key, secret_sealed, created, quota, period, used"
_AUTHENTICATE = Sql(
    """SELECT a.secret_digest, a.id, a.parent_id, a.created, p.created
    FROM accounts a LEFT JOIN accounts p ON p.id = a.parent_id WHERE a.api_key = :key"""
)
_MAIN = Sql(
    "SELECT id, api_key, secret_sealed FROM accounts WHERE parent_id IS NULL ORDER BY id LIMIT 1"
)
_SEALED = Sql("SELECT id, secret_sealed FROM accounts")
_ONE = Sql(f"SELECT {_COLUMNS} FROM accounts WHERE id = :id")
_SUB = Sql(f"SELECT {_COLUMNS} FROM accounts WHERE id = :id AND parent_id = :parent")
_SUBS = Sql(f"SELECT {_COLUMNS} FROM accounts WHERE parent_id = :parent ORDER BY id")
_COUNT_SUBS = Sql("SELECT count(*) FROM accounts WHERE parent_id = :parent")
_INSERT = Sql(
    """INSERT INTO accounts (parent_id, title, description, api_key, secret_sealed, secret_digest,
    created, quota, period) VALUES (:parent, :title, :description, :key, :sealed, :digest,
    :created, :quota, :created) RETURNING id"""
)
_UPDATE = Sql(
    """UPDATE accounts SET title = :title, description = :description, quota = :quota
    WHERE id = :id"""
)
_SET_QUOTA = Sql("UPDATE accounts SET quota = :quota WHERE id = :id")
_SET_KEY = Sql("UPDATE accounts SET api_key = :key WHERE id = :id")
_SET_SECRET = Sql(
    "UPDATE accounts SET secret_sealed = :sealed, secret_digest = :digest WHERE id = :id"
)
_RESET_USED = Sql("UPDATE accounts SET used = 0 WHERE id = :id")
_DELETE = Sql("DELETE FROM accounts WHERE id = :id AND parent_id = :parent")
_DELETE_USAGE = Sql("DELETE FROM usage WHERE account_id = :id")

# An unknown key is compared with this, so that it costs what a known one does.
_NO_DIGEST = bytes(32)

# One answer of the API lists them all.
_MOST_SUBS = 10_000


@dataclass(eq=False)
class Accounts:
    """The accounts of a database. Its methods block: they are called from worker threads."""

    database: Database
    keyring: Keyring
    file_max_size: int  #: what every account is told, bytes

    def prepare(
        self, now: int, quota: int, given: IssuedCredentials | None
    ) -> IssuedCredentials | None:
        """Make the main account at the first start. Returns its credentials if they are new.

        Credentials that are `given` replace its own at every start. Raises `ConfigError`.
        """
        with self.database.transaction() as transaction:
            self.database.lock_schema(transaction)
            found = transaction.row(_MAIN)
            if found is not None:
                transaction.run(_SET_QUOTA, id=found[0], quota=quota)
                if given is not None:
                    self._give(transaction, given, *found)
                return None
            fields = SubAccountFields("Main account", "", quota)
            _, credentials = self._insert(transaction, None, fields, now, given)
            return credentials if given is None else None

    def _give(
        self,
        transaction: Transaction,
        given: IssuedCredentials,
        number: int,
        key: str,
        sealed: bytes,
    ) -> None:
        secret = self.keyring.unseal(bytes(sealed))
        if secret is None:  # `seal_anew` says what is wrong
            return
        if given.key != key:
            if transaction.row(_AUTHENTICATE, key=given.key) is not None:
                raise wrong_setting("main_key", "is the key of a sub-account: use another")
            transaction.run(_SET_KEY, id=number, key=given.key)
        if given.secret != secret:
            self._set_secret(transaction, number, given.secret)

    def reset_main_secret(self) -> IssuedCredentials:
        """Give the main account a new secret; the old one is dead."""
        with self.database.transaction() as transaction:
            number, key, _ = transaction.row(_MAIN) or (0, "", b"")
            return IssuedCredentials(
                key, self._set_secret(transaction, number, secrets.token_hex(32))
            )

    def seal_anew(self) -> None:
        """Encrypt under the first key what another one has encrypted.

        Raises `ConfigError` when no key opens it.
        """
        main = self.database.row(_MAIN)
        if main is not None and self.keyring.unseal(bytes(main[2])) is None:
            raise wrong_setting(
                "secret_key",
                "is not the key that the database was written with: bring that one back (the file "
                "server.key, or IR_BUILD_SERVER_SECRET_KEY). Where it is lost, `ir-build serve "
                "--reset-secret` begins anew under this one: sub-accounts need new secrets too, "
                "and all download links are dead",
            )
        for number, sealed in self.database.rows(_SEALED):
            if self.keyring.is_former(bytes(sealed)):
                self._seal_anew(number)

    def _seal_anew(self, number: int) -> None:
        with self.database.transaction() as transaction:
            found = transaction.row(_ONE, id=number)
            secret = self.keyring.unseal(bytes(found[4])) if found else None
            if secret is not None:
                self._set_secret(transaction, number, secret)

    def authenticate(self, key: str, secret: str) -> Caller:
        """Whose key and secret these are. Raises `HttpError`."""
        found = self.database.row(_AUTHENTICATE, key=key)
        known = bytes(found[0]) if found else _NO_DIGEST
        if not self.keyring.matches(secret, known) or found is None:
            raise unauthorized()
        return Caller(*found[1:])

    def account(self, caller: Caller, now: int) -> SubAccount:
        """The caller's own account. Raises `HttpError`."""
        found = self.database.row(_ONE, id=caller.id)
        if found is None:  # deleted since it was authenticated
            raise unauthorized()
        return self._account(found, now)

    def subs(self, caller: Caller, now: int) -> list[SubAccount]:
        """All sub-accounts, the oldest first."""
        rows = self.database.rows(_SUBS, parent=caller.id)
        return [self._account(row, now) for row in rows]

    def sub(self, caller: Caller, number: int, now: int) -> SubAccount:
        """One sub-account. Raises `HttpError`."""
        return self._owned(self.database, caller, number, now)

    def create_sub(self, caller: Caller, fields: SubAccountFields, now: int) -> SubAccount:
        """A new sub-account. Raises `HttpError`."""
        with self.database.transaction() as transaction:
            (count,) = transaction.row(_COUNT_SUBS, parent=caller.id) or (0,)
            if count >= _MOST_SUBS:
                raise HttpError(
                    400, f"There are {count} sub-accounts, which is the most: remove some"
                )
            number, _ = self._insert(transaction, caller.id, fields, now)
            return self._owned(transaction, caller, number, now)

    def update_sub(
        self, caller: Caller, number: int, fields: SubAccountFields, now: int
    ) -> SubAccount:
        """Change the `fields` that are not None. Raises `HttpError`."""
        with self.database.transaction() as transaction:
            old = self._owned(transaction, caller, number, now)
            transaction.run(
                _UPDATE,
                id=number,
                title=old.title if fields.title is None else fields.title,
                description=(old.description if fields.description is None else fields.description),
                quota=old.quota or 0 if fields.quota is None else fields.quota,
            )
            return self._owned(transaction, caller, number, now)

    def reset_secret(self, caller: Caller, number: int, now: int) -> SubAccount:
        """Give a sub-account a new secret; the old one is dead. Raises `HttpError`."""
        with self.database.transaction() as transaction:
            self._owned(transaction, caller, number, now)
            self._set_secret(transaction, number, secrets.token_hex(32))
            return self._owned(transaction, caller, number, now)

    def reset_quota(self, caller: Caller, number: int, now: int) -> SubAccount:
        """Let a sub-account start its period anew; its parent's use stays. Raises `HttpError`."""
        with self.database.transaction() as transaction:
            self._owned(transaction, caller, number, now)
            transaction.run(_RESET_USED, id=number)
            return self._owned(transaction, caller, number, now)

    def delete_sub(self, transaction: Transaction, caller: Caller, number: int) -> None:
        """Remove a sub-account; its images are the caller's business. Raises `HttpError`."""
        if not transaction.run(_DELETE, id=number, parent=caller.id):
            raise not_found()
        transaction.run(_DELETE_USAGE, id=number)

    def _owned(
        self, source: Database | Transaction, caller: Caller, number: int, now: int
    ) -> SubAccount:
        found = source.row(_SUB, id=number, parent=caller.id)
        if found is None:
            raise not_found()
        return self._account(found, now)

    def _insert(
        self,
        transaction: Transaction,
        parent: int | None,
        fields: SubAccountFields,
        now: int,
        given: IssuedCredentials | None = None,
    ) -> tuple[int, IssuedCredentials]:
        credentials = given or IssuedCredentials(secrets.token_hex(16), secrets.token_hex(32))
        (number,) = transaction.row(
            _INSERT,
            parent=parent,
            title=fields.title or "",
            description=fields.description or "",
            key=credentials.key,
            sealed=self.keyring.seal(credentials.secret),
            digest=self.keyring.digest(credentials.secret),
            created=now,
            quota=fields.quota or 0,
        ) or (0,)
        return number, credentials

    def _set_secret(self, transaction: Transaction, number: int, secret: str) -> str:
        transaction.run(
            _SET_SECRET,
            id=number,
            sealed=self.keyring.seal(secret),
            digest=self.keyring.digest(secret),
        )
        return secret

    def _account(self, row: tuple[Any, ...], now: int) -> SubAccount:
        number, title, description, key, sealed, created, quota, counted, used = row
        start, end = months.period(created, now)
        return SubAccount(
            id=number,
            title=title,
            description=description,
            key=key,
            # It is empty when the key that sealed it is lost. Only a new secret helps then.
            secret=self.keyring.unseal(bytes(sealed)) or "",
            quota=quota if quota > 0 else None,
            quota_used=used if counted >= start else 0,
            file_max_size=self.file_max_size,
            period_start=datetime.fromtimestamp(start, UTC),
            period_end=datetime.fromtimestamp(end, UTC),
        )
