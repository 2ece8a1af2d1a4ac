"""A file on its way in: in memory while it is small, then in a temporary file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import StorageUnavailable

IN_MEMORY = 256 * 1024  #: bytes; larger files go to the disk as they come
PREFIX = ".upload-"
Piece = bytes | bytearray | memoryview
# A view keeps all of the data alive that came with it. Smaller pieces are copied instead.
_SMALL = 16 * 1024


class Spool:
    """Takes the pieces of one file and knows its size and its digest."""

    def __init__(self, folder: Path) -> None:
        """`folder`: of the temporary file, where one is needed."""
        self._folder = folder
        #: the pieces of a file that is in memory
        self.pieces: list[Piece] = []
        self._descriptor = -1
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
            spool.pieces, spool.size = [found], len(found)
        return spool

    def write(self, piece: bytes | memoryview) -> None:
        """Add a piece, which may be kept as it is. Raises `StorageUnavailable`."""
        self.size += len(piece)
        if self.path is not None:
            self._to_disk([piece])
            return
        if len(piece) >= _SMALL:
            self.pieces.append(piece)
        elif self.pieces and isinstance(self.pieces[-1], bytearray):
            self.pieces[-1] += piece
        else:
            self.pieces.append(bytearray(piece))
        if self.size > IN_MEMORY:
            pieces, self.pieces = self.pieces, []
            self._to_disk(pieces)

    def _to_disk(self, pieces: Sequence[Piece]) -> None:
        try:
            if self.path is None:
                self._descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=self._folder)
                self.path = Path(name)
            for piece in pieces:
                _write_all(self._descriptor, piece)
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error

    def digest(self) -> bytes:
        """The SHA-256 of the file. The thread that asks computes it, not the one that receives."""
        if self.path is not None:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest()
        found = hashlib.sha256()
        for piece in self.pieces:
            found.update(piece)
        return found.digest()

    def read(self, limit: int = -1) -> bytes:
        """The file's first `limit` bytes, or all of it."""
        if self.path is not None:
            with self.path.open("rb") as file:
                return file.read(limit)
        if limit >= 0 and self.pieces and limit <= len(self.pieces[0]):
            return bytes(self.pieces[0][:limit])
        data = b"".join(self.pieces)
        return data if limit < 0 else data[:limit]

    def sync(self) -> None:
        """Flush the temporary file, if there is one, to the disk. Raises OSError."""
        if self.path is not None:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())

    def move(self, path: str) -> None:
        """Put the temporary file, on the same disk, at `path`. Raises OSError."""
        assert self.path is not None
        self._let_go()  # Windows does not rename an open file
        self.path.rename(path)

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def close(self) -> None:
        """Remove what is left of it."""
        self._let_go()
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.pieces = []


def _write_all(descriptor: int, data: Piece) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
