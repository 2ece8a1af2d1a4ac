"""Results on disk, by content and options. diskcache keeps the index, in SQLite, and evicts.

Nothing here fails a build: a cache in trouble is a cache that misses.
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

#: raise it when the meaning of a key or the form of a value changes: old entries become misses
CACHE_VERSION = 1

_HEADER_BYTES = 4
# Smaller values are in SQLite's pages, where a read needs no open(). "not-smaller" is the commonest
# answer of all.
_MIN_FILE_SIZE = 16 * 1024
# An entry in use is stored again when it is this old, which keeps it from eviction. diskcache's own
# policy for that writes to the database on every read.
_REFRESH_AFTER = 24 * 3600
_LOCK_SECONDS = 20.0

_FAULTS = (sqlite3.Error, OSError, diskcache.Timeout)
#: what SQLite answers for a file that is no database or a broken one
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_RESULTS = "results"
_INDEX = "index"
_ASIDE = "damaged-"
_KEPT_ASIDE = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about one content under one set of options."""

    #: "compressed", "kept" or "failed"
    status: str
    #: the optimised file of a "compressed" entry
    data: bytes = b""
    #: a `Reason` of "kept", an error's code of "failed"
    code: str = ""
    #: more of the reason or the error's message
    detail: str = ""
    lossy: bool = False
    notes: tuple[str, ...] = ()
    #: as in `Verdict`; entries of older versions have none
    score: float | None = None


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """How full the cache is."""

    entries: int
    size: int  #: bytes on disk


def _is_damage(error: Exception) -> bool:
    # The low byte is the primary code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


class Cache:
    """A cache in a folder, shared by any number of threads and processes."""

    def __init__(self, directory: Path, *, size_limit: int) -> None:
        """Open or make the cache in `directory`, to hold at most about `size_limit` bytes."""
        self.directory = directory
        self.size_limit = size_limit
        #: what went wrong, None while all is well; shown once in the report
        self.trouble: str | None = None
        #: that a damaged cache was replaced by an empty one, None when it was not
        self.replaced: str | None = None
        self._store: Any = None
        self._refreshing = True
        try:
            self._open()
        except _FAULTS as error:
            # A cache that is locked, full or unreadable now is still good for others.
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
        """Remove what killed runs have left, and damaged caches, when they are some days old."""
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
        """The folder for what holds on this machine only."""
        return None if self._store is None else self.directory / _INDEX

    def index_file(self, root: Path) -> Path | None:
        """Where the stat index of the files below `root` is kept."""
        if self.local_folder is None:
            return None
        name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return self.local_folder / f"{name}.json"

    def get(self, key: str) -> Entry | None:
        """The entry under `key`, None when it is missing or damaged."""
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
            return None  # another version has written it
        return entry

    def _refresh(self, key: str, value: bytes) -> None:
        """Store a value in use again. After a failure no other value is stored again."""
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
        """How full it is. Raises `CacheError`."""
        with self._required() as store:
            return CacheInfo(len(store), int(store.volume()))

    def prune(self, *, max_age: float | None = None) -> int:
        """Remove what exceeds the size limit and what no run has used for `max_age` seconds.

        Files without an entry, left by a killed process, go too. Returns the entries removed.
        Raises `CacheError`.
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
        """Remove everything. Returns the entries removed. Raises `CacheError`."""
        with self._required() as store:
            removed = int(store.clear())
            shutil.rmtree(self.directory / _INDEX, ignore_errors=True)
            return removed

    def close(self) -> None:
        """Let go of the database."""
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
        del facts["score"]  # older versions read it, too
    header = json.dumps(facts, separators=(",", ":")).encode()
    return len(header).to_bytes(_HEADER_BYTES, "big") + header + entry.data


def _decode(value: bytes) -> Entry:
    end = _HEADER_BYTES + int.from_bytes(value[:_HEADER_BYTES], "big")
    header = json.loads(value[_HEADER_BYTES:end])
    return Entry(data=value[end:], **header | {"notes": tuple(header["notes"])})
