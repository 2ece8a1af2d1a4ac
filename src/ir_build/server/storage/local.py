"""Objects in a local folder."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import wrong_setting
from .errors import MissingObject, StorageUnavailable
from .objects import PIECE

if TYPE_CHECKING:
    from .spool import Piece, Spool

# From <linux/fs.h>, as on most processors. The numbers say that the value is a long, but it is an int.
_GET_FLAGS, _SET_FLAGS, _TOP_OF_HIERARCHIES = 0x80086601, 0x40086602, 0x20000
_FLAGS = struct.Struct("i4x")
_KEY = re.compile(r"(\d{8})/([0-9a-f]{2})([0-9a-f]{30}-[a-z]+)")


class LocalStorage:
    """A local folder."""

    def __init__(self, root: Path, *, durable: bool) -> None:
        """`durable`: flush every object to the disk before its row is written."""
        self._root = root
        self._durable = durable
        self._made: set[str] = set()
        self.incoming = root / "incoming"
        try:
            self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            root.chmod(0o700)
        except OSError as error:
            raise wrong_setting("storage", f"{root}: {error.strerror}") from error
        _spread(root)

    def take(self, key: str, spool: Spool) -> None:
        with _translated():
            path = self._new(key)
            if spool.path is None:
                self._write(path, spool.pieces)
            else:
                if self._durable:
                    spool.sync()
                spool.move(path)
            if self._durable:
                _sync_folder(Path(path).parent)

    def _write(self, path: str, pieces: Sequence[Piece]) -> None:
        with open(path, "xb", buffering=0) as file:  # noqa: PTH123  (a Path costs as much as this)
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    view = view[file.write(view) :]
            if self._durable:
                os.fsync(file.fileno())

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        try:
            file = Path(self._path(key)).open("rb")  # noqa: SIM115  (below)
        except FileNotFoundError:
            raise MissingObject(key) from None
        except OSError as error:
            raise StorageUnavailable(error.strerror) from error
        with file:
            file.seek(start)
            while piece := file.read(min(PIECE, end - file.tell())):
                yield piece

    def delete(self, keys: list[str]) -> None:
        with _translated():
            for key in keys:
                Path(self._path(key)).unlink(missing_ok=True)

    def keys(self, day: str) -> Iterator[str]:
        for path in (self._root / day).glob("*/*"):
            yield f"{day}/{path.parent.name}{path.name}"

    def check(self) -> None:
        with _translated():
            self.incoming.stat()

    def _new(self, key: str) -> str:
        path = self._path(key)
        folder = key[: len("YYYYMMDD/00")]
        if folder not in self._made:
            parent = Path(path).parent
            parent.mkdir(parents=True, exist_ok=True)
            if self._durable:
                for above in (parent.parent, self._root):
                    _sync_folder(above)
            self._made.add(folder)
        return path

    def _path(self, key: str) -> str:
        match = _KEY.fullmatch(key)
        if match is None:
            raise MissingObject(key)
        return f"{self._root}/{match[1]}/{match[2]}/{match[3]}"


def _spread(folder: Path) -> None:
    """Have ext4 put the folders in this one far from each other, as `chattr +T` does.

    An ext4 without a journal takes up to a millisecond to place a file where many were removed just
    now. With this, the files of a day that expires lie elsewhere than those of today.
    """
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415  (not everywhere)

        descriptor = os.open(folder, os.O_RDONLY)
        try:
            (flags,) = _FLAGS.unpack(fcntl.ioctl(descriptor, _GET_FLAGS, bytes(_FLAGS.size)))
            fcntl.ioctl(descriptor, _SET_FLAGS, _FLAGS.pack(flags | _TOP_OF_HIERARCHIES))
        except OSError:
            pass  # another file system, or the folder of another user
        finally:
            os.close(descriptor)


def _sync_folder(folder: str | Path) -> None:
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(error.strerror) from error
