"""The rows of images. Each is one upload, and equal uploads of an account share one result."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..accounts import months
from ..errors import not_found
from ..storage.database import Database, Sql, Transaction

if TYPE_CHECKING:
    from ..accounts.accounts import Caller


@dataclass(frozen=True, slots=True)
class StoredResult:
    """An original, and what was made of it."""

    id: str  #: also names its objects in the storage
    digest: bytes  #: of the original and of what was asked for
    media: str  #: the `MediaType`
    width: int  #: pixels; 0 for a PDF
    height: int
    size_before: int  #: bytes
    size_after: int  #: bytes; when equal to `size_before`, the original is the only object

    @property
    def original(self) -> str:
        """The key of the original's object."""
        return f"{self.id}-original"

    @property
    def optimized(self) -> str:
        """The key of the object to hand out as the optimised file."""
        return self.original if self.size_after == self.size_before else f"{self.id}-optimized"


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One upload."""

    id: int
    filename: str
    created: int  #: Unix seconds
    expires: int
    result: StoredResult


_RESULT = "r.id, r.digest, r.media, r.width, r.height, r.size_before, r.size_after"
_IMAGE = f"i.id, i.filename, i.created, i.expires, {_RESULT}"
_JOINED = "FROM images i JOIN results r ON r.id = i.result_id"
_KNOWN = Sql(
    f"""SELECT {_RESULT} FROM results r
    WHERE r.account_id = :account AND r.digest = :digest AND r.images > 0 LIMIT 1"""
)
_REUSE = Sql("UPDATE results SET images = images + 1 WHERE id = :id AND images > 0")
_ADD_RESULT = Sql(
    """INSERT INTO results
    (id, account_id, digest, media, width, height, size_before, size_after, images)
    VALUES (:id, :account, :digest, :media, :width, :height, :size_before, :size_after, 1)"""
)
_ADD = Sql(
    """INSERT INTO images (account_id, result_id, filename, created, expires)
    VALUES (:account, :result, :filename, :created, :expires) RETURNING id"""
)
_COUNT = Sql("SELECT count(*) FROM images WHERE account_id = :account AND expires > :now")
_LIST = Sql(
    f"""SELECT {_IMAGE} {_JOINED} WHERE i.account_id = :account AND i.expires > :now
    ORDER BY i.id DESC LIMIT :limit OFFSET :offset"""
)
_OWN = Sql(
    f"SELECT {_IMAGE} {_JOINED} WHERE i.id = :id AND i.account_id = :account AND i.expires > :now"
)
_ANY = Sql(f"SELECT {_IMAGE} {_JOINED} WHERE i.id = :id AND i.expires > :now")
_UNUSE = Sql("UPDATE results SET images = images - :count WHERE id = :id")
_DELETE = Sql("DELETE FROM images WHERE id = :id AND account_id = :account RETURNING result_id")
_DELETE_ALL = Sql("DELETE FROM images WHERE account_id = :account RETURNING result_id")
_EXPIRED = Sql("SELECT id, account_id FROM images WHERE expires <= :now ORDER BY id LIMIT :limit")
_UNUSED = Sql("SELECT id FROM results WHERE images <= 0 LIMIT :limit")
_FORGET = Sql("DELETE FROM results WHERE id = :id AND images <= 0")
_EXISTS = Sql("SELECT 1 FROM results WHERE id = :id")


def known(database: Database, caller: Caller, digest: bytes) -> StoredResult | None:
    """What is stored for an equal upload of the same account."""
    found = database.row(_KNOWN, account=caller.id, digest=digest)
    return _result(found) if found else None


def add_again(
    transaction: Transaction, caller: Caller, result: StoredResult, filename: str, now: int
) -> ImageRow | None:
    """A further image of a stored result, None when that has been removed meanwhile."""
    if not transaction.run(_REUSE, id=result.id):
        return None
    return _add(transaction, caller, result, filename, now)


def add(
    transaction: Transaction, caller: Caller, result: StoredResult, filename: str, now: int
) -> ImageRow:
    """The first image of a new result, whose objects are stored already."""
    transaction.run(_ADD_RESULT, account=caller.id, **asdict(result))
    return _add(transaction, caller, result, filename, now)


def page(
    database: Database, caller: Caller, offset: int, limit: int, now: int
) -> tuple[list[ImageRow], int]:
    """Some of the caller's images, the newest first, and how many there are in all."""
    (total,) = database.row(_COUNT, account=caller.id, now=now) or (0,)
    rows = database.rows(_LIST, account=caller.id, now=now, limit=limit, offset=offset)
    return [_image(row) for row in rows], total


def own(database: Database, caller: Caller, number: int, now: int) -> ImageRow:
    """One of the caller's images. Raises `HttpError`."""
    return _image(database.row(_OWN, id=number, account=caller.id, now=now))


def by_token(database: Database, number: int, now: int) -> ImageRow:
    """The image whose token was shown. Raises `HttpError`."""
    return _image(database.row(_ANY, id=number, now=now))


def delete(transaction: Transaction, account: int, number: int) -> bool:
    """Remove an image. Returns whether there was one."""
    found = transaction.row(_DELETE, id=number, account=account)
    if found is not None:
        transaction.run(_UNUSE, id=found[0], count=1)
    return found is not None


def delete_all(transaction: Transaction, account: int) -> None:
    """Remove all images of an account."""
    results = Counter(row[0] for row in transaction.rows(_DELETE_ALL, account=account))
    for result, count in sorted(results.items()):
        transaction.run(_UNUSE, id=result, count=count)


def delete_expired(database: Database, now: int, limit: int) -> int:
    """Remove images whose time is over, at most `limit`. Returns how many."""
    with database.transaction() as transaction:
        expired = transaction.rows(_EXPIRED, now=now, limit=limit)
        for number, account in expired:
            delete(transaction, account, number)
    return len(expired)


def any_expired(database: Database, now: int) -> bool:
    """Whether there are images whose time is over."""
    return database.row(_EXPIRED, now=now, limit=1) is not None


def unused(database: Database, limit: int) -> list[str]:
    """Results that no image refers to, now or later."""
    return [row[0] for row in database.rows(_UNUSED, limit=limit)]


def forget(database: Database, result: str) -> None:
    """Remove the row of an unused result, after its objects."""
    with database.transaction() as transaction:
        transaction.run(_FORGET, id=result)


def exists(database: Database, result: str) -> bool:
    """Whether there is a result of that id."""
    return database.row(_EXISTS, id=result) is not None


def _add(
    transaction: Transaction, caller: Caller, result: StoredResult, filename: str, now: int
) -> ImageRow:
    expires = months.add(now, 1)
    (number,) = transaction.row(
        _ADD, account=caller.id, result=result.id, filename=filename, created=now, expires=expires
    ) or (0,)
    return ImageRow(number, filename, now, expires, result)


def _image(row: tuple[Any, ...] | None) -> ImageRow:
    if row is None:
        raise not_found()
    number, filename, created, expires, *rest = row
    return ImageRow(number, filename, created, expires, _result(tuple(rest)))


def _result(row: tuple[Any, ...]) -> StoredResult:
    number, digest, *rest = row
    return StoredResult(number, bytes(digest), *rest)
