"""Where the bytes are: a local folder, or a bucket of an S3-compatible store.

An object's key is `YYYYMMDD/...`. It is never used twice, and nobody knows it before its row is
committed, so an object can be written in place. What a crash leaves behind is found by its day.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .spool import Spool

PIECE = 256 * 1024  #: bytes that are read at once


class Storage(Protocol):
    """Objects by key. All methods block and may raise `StorageUnavailable`."""

    #: a folder for files on their way in, on the storage's own disk where it has one
    incoming: Path

    def take(self, key: str, spool: Spool) -> None:
        """Store a new object from a file on its way in, which may be gone afterwards."""

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The pieces of an object's bytes from `start` to before `end`.

        Raises `MissingObject`, with the first piece.
        """

    def delete(self, keys: list[str]) -> None:
        """Remove objects. Missing ones are no error."""

    def keys(self, day: str) -> Iterator[str]:
        """The keys of the objects stored on a day, `YYYYMMDD`."""

    def check(self) -> None:
        """See whether the storage answers."""
