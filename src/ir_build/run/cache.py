"""A cache of results on disk, by content and options. diskcache keeps its index in SQLite and evicts entries.

No fault of the cache makes a build fail: a cache that cannot be used finds nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import diskcache

from .. import atomic
from ..errors import CacheError
from .cache_store import DamagedEntryError, FramedDisk, Store, wait_for_turn

#: Raise it when the meaning of a key or the form of a value changes. Then old entries are not found any more.
CACHE_VERSION = 1

# Bytes of the length of a value's header, before it.
_HEADER_BYTES = 4
# Smaller values are stored in SQLite's own pages, where a read needs no open(). The most frequent value, "not-smaller",
# is one of them. Not fitted: what is read does not depend on it.
_MIN_FILE_SIZE = 16 * 1024
# When an entry that is read is this many seconds old, it is stored again. So it is not evicted. diskcache's own policy
# for that writes to the database on every read. Not fitted: with a smaller number more is
# written, and with a larger one an entry in use may be evicted.
_REFRESH_AFTER = 24 * 3600
# Seconds to wait while another process writes to the database. Not fitted: then the cache finds nothing.
_LOCK_SECONDS = 20.0

_FAULTS = (sqlite3.Error, OSError, diskcache.Timeout)
#: the error codes of SQLite for a file that is damaged, or is no database
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_RESULTS = "results"
_INDEX = "index"
_ASIDE = "damaged-"
# Seconds after which a damaged cache is deleted. Not fitted: until then people may look at it.
_KEPT_ASIDE = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about one content with one set of options."""

    #: "compressed", "kept" or "failed"
    status: str
    #: the optimised file of a "compressed" entry
    data: bytes = b""
    #: a `Reason` for "kept", the code of an error for "failed"
    code: str = ""
    #: details of the reason, or the message of the error
    detail: str = ""
    lossy: bool = False
    notes: tuple[str, ...] = ()
    #: as in `Verdict`; None in entries of older versions
    score: float | None = None


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """How full the cache is."""

    entries: int
    size: int  #: bytes on disk


def _is_damage(error: Exception) -> bool:
    # The low byte of an extended error code is the primary code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


class Cache:
    """A cache in a folder, shared by any number of threads and processes."""

    def __init__(self, directory: Path, *, size_limit: int) -> None:
        """Open or make the cache in `directory`. It holds about `size_limit` bytes at most."""
        self.directory = directory
        self.size_limit = size_limit
        #: what went wrong, for the report; None while nothing did
        self.trouble: str | None = None
        #: a line for the report if a damaged cache was replaced by an empty one, else None
        self.replaced: str | None = None
        self._store: Any = None
        self._refreshing = True
        try:
            self._open()
        except _FAULTS as error:
            # A cache that is locked, full or unreadable now may still be used by others. So only a damaged one goes.
            if _is_damage(error):
                self._replace()
            else:
                self._give_up(error)

    def _replace(self) -> None:
        aside = self.directory / f"{_ASIDE}{int(time.time())}"
        try:
            (self.directory / _RESULTS).rename(aside)
            self._open()
        except _FAULTS as error:
            self._give_up(error)
        else:
            self.replaced = (
                f"the cache in {self.directory} was damaged: a new one was begun, and the old one "
                f"is for some days in {aside.name}"
            )

    def _open(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in _FOLDER_NOTES.items():
            note = self.directory / name
            if not note.exists():
                note.write_text(text, encoding="utf-8")
        self._sweep()
        wait_for_turn(self.directory / _RESULTS, seconds=_LOCK_SECONDS)
        self._store = Store(
            str(self.directory / _RESULTS),
            timeout=_LOCK_SECONDS,
            disk=FramedDisk,
            disk_min_file_size=_MIN_FILE_SIZE,
            eviction_policy="least-recently-stored",
            size_limit=self.size_limit,
        )

    def _sweep(self) -> None:
        """Remove the files that killed runs have left, and damaged caches that are some days old."""
        for left in (self.directory / _INDEX).rglob(f"{atomic.TEMP_PREFIX}*{atomic.TEMP_SUFFIX}"):
            atomic.remove_stale(left)
        for aside in self.directory.glob(f"{_ASIDE}*"):
            began = aside.name.removeprefix(_ASIDE)
            if began.isdecimal() and int(began) < time.time() - _KEPT_ASIDE:
                shutil.rmtree(aside, ignore_errors=True)

    def _give_up(self, error: Exception) -> None:
        self._store = None
        self.trouble = (
            f"the cache in {self.directory} cannot be used ({error}): everything is compressed "
            "anew; set cache_dir to a folder that can be written"
        )

    @property
    def local_folder(self) -> Path | None:
        """The folder for what is true on this machine only; None without a cache."""
        return None if self._store is None else self.directory / _INDEX

    def index_file(self, root: Path) -> Path | None:
        """The file of the stat index for the files below `root`; None without a cache."""
        if self.local_folder is None:
            return None
        name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return self.local_folder / f"{name}.json"

    def get(self, key: str) -> Entry | None:
        """The entry under `key`; None when it is missing or damaged."""
        if self._store is None:
            return None
        try:
            value, stored_at = self._store.get(key, tag=True)
            if value is None:
                return None
            entry = _decode(value)
            if isinstance(stored_at, int) and time.time() - stored_at > _REFRESH_AFTER:
                self._refresh(key, value)
        except _FAULTS as error:
            self._note(error)
            return None
        except (ValueError, KeyError, TypeError):
            return None  # another version of ir-build has written it
        return entry

    def _refresh(self, key: str, value: bytes) -> None:
        """Store a value again, because it is in use. After a failure no other value is stored again."""
        if self._refreshing:
            try:
                self._set(key, value)
            except _FAULTS:
                self._refreshing = False

    def put(self, key: str, entry: Entry) -> None:
        """Store `entry` under `key`. A cache that is full, locked or gone stores nothing."""
        if self._store is None:
            return
        try:
            self._set(key, _encode(entry))
        except _FAULTS as error:
            self._note(error)

    def _set(self, key: str, value: bytes) -> None:
        self._store.set(key, value, tag=int(time.time()))

    def _note(self, error: Exception) -> None:
        if isinstance(error, DamagedEntryError):
            return
        if _is_damage(error):
            self._give_up(error)
        self.trouble = self.trouble or (
            f"the cache in {self.directory} had an error ({error}): some files are compressed "
            "anew; `ir-build cache clear` makes a new one"
        )

    def info(self) -> CacheInfo:
        """How full the cache is. Raises `CacheError`."""
        with self._required() as store:
            return CacheInfo(len(store), int(store.volume()))

    def prune(self, *, max_age: float | None = None) -> int:
        """Remove entries beyond the size limit, and those that no run has used for `max_age` seconds.

        Files without an entry, which a killed process has left, are removed, too. Returns the number of
        entries that were removed. Raises `CacheError`.
        """
        with self._required() as store, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # check() warns of each thing it repairs
            before = len(store)
            store.check(fix=True)
            if max_age is not None:
                for key in list(store):
                    _, stored_at = store.get(key, tag=True)
                    if not isinstance(stored_at, int) or time.time() - stored_at > max_age:
                        store.delete(key)
                for index in (self.directory / _INDEX).rglob("*.json"):
                    if time.time() - index.stat().st_mtime > max_age:
                        index.unlink(missing_ok=True)
            store.cull()
            return before - len(store)

    def clear(self) -> int:
        """Remove everything. Returns the number of entries that were removed. Raises `CacheError`."""
        with self._required() as store:
            removed = int(store.clear())
            shutil.rmtree(self.directory / _INDEX, ignore_errors=True)
            return removed

    def close(self) -> None:
        """Close the database."""
        if self._store is not None:
            with contextlib.suppress(*_FAULTS):
                self._store.close()

    @contextlib.contextmanager
    def _required(self) -> Iterator[Any]:
        if self._store is None:
            raise CacheError(self.trouble)
        try:
            yield self._store
        except _FAULTS as error:
            raise CacheError(f"the cache in {self.directory}: {error}") from error


_FOLDER_NOTES = {
    "CACHEDIR.TAG": (
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This folder is a cache made by ir-build. It can be deleted at any time.\n"
    ),
    ".gitignore": "*\n",
}


def _encode(entry: Entry) -> bytes:
    facts = {one.name: getattr(entry, one.name) for one in fields(entry) if one.name != "data"}
    if entry.score is None:
        del facts["score"]  # older versions of ir-build read the entry, too
    header = json.dumps(facts, separators=(",", ":")).encode()
    return len(header).to_bytes(_HEADER_BYTES, "big") + header + entry.data


def _decode(value: bytes) -> Entry:
    end = _HEADER_BYTES + int.from_bytes(value[:_HEADER_BYTES], "big")
    header = json.loads(value[_HEADER_BYTES:end])
    return Entry(data=value[end:], **header | {"notes": tuple(header["notes"])})
