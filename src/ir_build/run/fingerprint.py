"""Tells whether the content of a file is known, by its digest or, without reading it, by its stat data."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NewType

from .. import atomic
from ..errors import Reason
from ..formats import MediaType

#: SHA-256 of a file's content as hexadecimal digits
Digest = NewType("Digest", str)

# Raise it when the form of an entry changes. Then old entries are not read any more.
_INDEX_VERSION = 1
# How many values an entry has.
_FIELDS = 10

# Nanoseconds. A file that is written twice within one tick of the clock keeps its time stamp. So an entry is trusted
# only if the file was older than a tick when it was read (git calls other files "racily clean"). Kernels have ticks of
# up to 10 ms. If a time stamp is of whole seconds, the file system may count in seconds (HFS+) or in steps of two
# seconds (FAT). Not fitted: a longer tick only means that more files are read.
_TICK_NS = 50_000_000
_COARSE_TICK_NS = 2_000_000_000

# On Windows, st_ctime is the time at which a file was made. When an archive is unpacked over a file, the new one may
# have the same size and times. That would not be noticed. So every file is read on Windows.
_SAYS_WHEN_CHANGED = os.name != "nt"


def digest(data: bytes) -> Digest:
    """The digest of a file's content."""
    return Digest(hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Known:
    """What the index remembers of one file."""

    #: "" for a file that is not of our types
    digest: Digest
    media: MediaType | None
    #: the context (see `plan`) in which the content was found to be final; "" if it was not
    settled: str = ""
    #: why it is final
    reason: Reason = Reason.NOT_SMALLER
    detail: str = ""


class StatIndex:
    """Remembers the contents of files by path and stat data, for the files below one folder.

    It only saves reading. If it is lost, damaged or overwritten by another process, the run takes longer, but its
    results are the same.
    """

    def __init__(self, file: Path | None) -> None:
        """Load the index from `file`. With None it is in memory only."""
        self._file = file
        self._entries: dict[str, list[Any]] = {}
        self._changed = False
        if file is None:
            return
        with contextlib.suppress(OSError, ValueError):
            stored = json.loads(file.read_bytes())
            if isinstance(stored, dict) and stored.get("version") == _INDEX_VERSION:
                self._entries = _whole(stored.get("entries"))

    def lookup(self, path: str, state: os.stat_result) -> Known | None:
        """What is known of the file at `path`; None unless it is certainly the same as when it was read."""
        entry = self._entries.get(path)
        if not _SAYS_WHEN_CHANGED or entry is None or entry[:4] != _stamp(state):
            return None
        tick = _COARSE_TICK_NS if state.st_mtime_ns % 1_000_000_000 == 0 else _TICK_NS
        _, modified, changed, _, read_at, content, media, settled, reason, detail = entry
        try:
            if max(modified, changed) + tick >= read_at:
                return None
            kind = MediaType(media) if media else None
            return Known(content, kind, settled, Reason(reason), detail)
        except (TypeError, ValueError):
            return None  # another version of ir-build has written it

    def record(
        self, path: str, state: os.stat_result, known: Known, *, read_at: int | None
    ) -> None:
        """Remember the file at `path`.

        `read_at` is `time.time_ns()` before the file was read. It is None for a file that this process wrote. The
        content of such a file is known, so the time at which the index is saved counts.
        """
        self._entries[path] = [
            *_stamp(state), read_at,
            known.digest, known.media, known.settled, known.reason, known.detail,
        ]  # fmt: skip
        self._changed = True

    def settle(self, path: str, known: Known) -> None:
        """Remember that the content `known` is final. The file at `path` was recorded with it before."""
        entry = self._entries.get(path)
        if entry is not None and entry[5] == known.digest:
            entry[7:] = [known.settled, known.reason, known.detail]
            self._changed = True

    def forget_missing(self, present: Iterable[str]) -> None:
        """Remove the entries of files that are gone. The paths `present` are known to be there."""
        gone = [path for path in self._entries.keys() - set(present) if not os.path.lexists(path)]
        for path in gone:
            del self._entries[path]
        self._changed = self._changed or bool(gone)

    def save(self) -> None:
        """Write the index to its file if it was changed. A failure is ignored."""
        if self._file is None or not self._changed:
            return
        for entry in self._entries.values():
            entry[4] = entry[4] or time.time_ns()
        stored = {"version": _INDEX_VERSION, "entries": self._entries}
        with contextlib.suppress(OSError):
            atomic.write_text(self._file, json.dumps(stored, separators=(",", ":")))
            self._changed = False


def _whole(entries: Any) -> dict[str, list[Any]]:
    """Those of the `entries` of a stored index that have the right form."""
    if not isinstance(entries, dict):
        return {}
    return {
        path: entry
        for path, entry in entries.items()
        if isinstance(entry, list) and len(entry) == _FIELDS
    }


def _stamp(state: os.stat_result) -> list[Any]:
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
