"""Room on the disk that uploads leave free, so that images can be deleted from a full one.

A deletion writes to the database first. Other programs may fill a disk to its last byte, so a file
holds part of the room. It is removed when there is no other room.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..errors import unavailable
from .errors import StorageUnavailable

_ZEROS = bytes(1024 * 1024)


class DiskReserve:
    """The room on the disks of some folders. Its methods may raise `StorageUnavailable`."""

    def __init__(self, folders: Iterable[Path], database: Path | None, size: int) -> None:
        """`folders` hold uploads, `database` is the folder of an SQLite file.

        The file has `size` bytes, and as many are left free. With 0 there is neither.
        """
        self._file = None if database is None else database / "reserve"
        self._folders = [*folders, *filter(None, [database])]
        self._size = size

    @property
    def is_full(self) -> bool:
        """Whether there is no room for uploads."""
        return any(self._room(folder) < 2 * self._size for folder in self._folders)

    def refuse_when_full(self) -> None:
        """Raise `HttpError` 503 when there is no room for an upload."""
        if self.is_full:
            raise unavailable("The server's disk is full: delete images, or try again later")

    def make_room(self) -> None:
        """Remove the file when there is no other room for a deletion."""
        if self._file is not None and _free(self._file.parent) < self._size:
            self._file.unlink(missing_ok=True)

    def keep(self) -> None:
        """Make the file if there is room for it."""
        file = self._file
        if file is None or not self._size or file.exists():
            return
        if _free(file.parent) >= 2 * self._size:
            try:
                _fill(file, self._size)
            except OSError:  # another program took the room
                file.unlink(missing_ok=True)

    def _room(self, folder: Path) -> int:
        kept = 0
        if self._file is not None:
            with contextlib.suppress(OSError):
                kept = self._file.stat().st_size
        return _free(folder) + kept


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:  # the folder is gone, for example
        raise StorageUnavailable(error.strerror) from error


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
            os.posix_fallocate(file.fileno(), 0, size)
            return
        for start in range(0, size, len(_ZEROS)):
            file.write(_ZEROS[: size - start])
