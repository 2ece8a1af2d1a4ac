"""A file on its way in: in memory while it is small, then in a temporary file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

IN_MEMORY = 256 * 1024  #: bytes; larger files go to the disk as they come
PREFIX = ".upload-"


class Spool:
    """Takes the pieces of one file and knows its size and its digest."""

    def __init__(self, folder: Path) -> None:
        """`folder`: of the temporary file, where one is needed."""
        self._folder = folder
        self._pieces: list[bytes] = []
        self._descriptor = -1
        self._hash = hashlib.sha256()
        #: bytes so far
        self.size = 0
        #: where the file is, None while it is in memory
        self.path: Path | None = None

    @classmethod
    def of(cls, found: bytes | Path) -> Spool:
        """A file that is whole already. It is not hashed."""
        spool = cls(Path())
        if isinstance(found, Path):
            spool.path, spool.size = found, found.stat().st_size
        else:
            spool._pieces, spool.size = [found], len(found)
        return spool

    def write(self, piece: bytes) -> None:
        """Add a piece. Raises OSError."""
        self.size += len(piece)
        if self.path is not None:
            self._hash.update(piece)
            _write_all(self._descriptor, piece)
            return
        self._pieces.append(piece)
        if self.size > IN_MEMORY:
            self._descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=self._folder)
            self.path = Path(name)
            pieces, self._pieces = self._pieces, []
            for one in pieces:
                self._hash.update(one)
                _write_all(self._descriptor, one)

    def digest(self) -> bytes:
        """The SHA-256 of the file."""
        if self.path is None:
            # In one go, by the thread that asks, not piece by piece by the one that receives.
            return hashlib.sha256(self._joined()).digest()
        return self._hash.digest()

    def read(self, limit: int = -1) -> bytes:
        """The file's first `limit` bytes, or all of it."""
        if self.path is None:
            data = self._joined()
            return data if limit < 0 else data[:limit]
        with self.path.open("rb") as file:
            return file.read(limit)

    def _joined(self) -> bytes:
        if len(self._pieces) > 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0] if self._pieces else b""

    def sync(self) -> None:
        """Have the temporary file, if there is one, on the disk. Raises OSError."""
        if self.path is not None:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())

    def close(self) -> None:
        """Remove what is left of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._pieces = []


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
