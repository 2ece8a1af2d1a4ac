"""Put a whole file in place in one step: the old one or the new one, never anything between."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import threading
import time
from typing import TYPE_CHECKING, BinaryIO

from .errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: the names of files being written; left behind only by a killed process
TEMP_PREFIX = ".ir-build-"
TEMP_SUFFIX = ".tmp"

#: a temporary file older than this belongs to no running process, seconds
_STALE_AFTER = 3600


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """The regular file at `path`, open for reading, and its state.

    A link is not followed. Raises `Unreadable`, from the block too.
    """
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123  (a descriptor)
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise Unreadable("not a regular file")
            yield file, state
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def read(path: Path) -> tuple[bytes, os.stat_result]:
    """The bytes of the regular file at `path`, and its state. Raises `Unreadable`."""
    with opened(path) as (file, state):
        return file.read(), state


def replace(path: Path, data: bytes, *, seen: os.stat_result, keep_times: bool) -> os.stat_result:
    """Replace the file at `path`, which was `seen` when it was read, by `data`.

    Mode and, where permitted, owner stay; `keep_times` keeps the modification time too. A link is
    replaced, not written through, and a file that has changed since it was `seen` is not replaced.
    Returns the new file's state. Raises `Unreadable`.
    """
    try:
        now = path.lstat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (
            seen.st_ino,
            seen.st_size,
            seen.st_mtime_ns,
        ):
            raise Unreadable("changed while it was being optimised")
        return _write(path, data, like=seen, keep_times=keep_times)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def create(path: Path, data: bytes, *, like: os.stat_result) -> os.stat_result:
    """Write `data` to `path`, new or not, with the mode and times of the file it was made from.

    Missing folders are made. Returns the new file's state. Raises `Unreadable`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _write(path, data, like=like, keep_times=True)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` in one step; lone surrogates of file names survive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o666 & ~_umask()
    _write(path, text.encode("utf-8", "surrogateescape"), mode=mode, durable=False)


def write_private(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` in one step, for this user's eyes only. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, text.encode(), mode=0o600)


def create_private(path: Path, text: str) -> bool:
    """Write `text` as UTF-8 to `path` for this user's eyes only, unless a file is there already.

    Returns whether this call made the file. Of several that try at once one does, and nobody sees
    the file before it is whole. Raises OSError.
    """
    descriptor, temporary = tempfile.mkstemp(TEMP_SUFFIX, TEMP_PREFIX, path.parent)  # mode 0600
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # which does not replace what is there, as a rename does
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            if path.exists():
                return False
            os.replace(temporary, path)  # noqa: PTH105
        return True
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108


def is_temporary(name: str) -> bool:
    """Whether a file called `name` is one of ours, being written or left by a killed process."""
    return name.startswith(TEMP_PREFIX) and name.endswith(TEMP_SUFFIX)


def remove_stale(path: Path) -> None:
    """Remove the temporary file at `path` if no running process can still be writing it."""
    with contextlib.suppress(OSError):
        if time.time() - path.lstat().st_mtime > _STALE_AFTER:
            path.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path`, which takes its place when the block ends, and is gone otherwise.

    A file that is there keeps its mode. Raises `Unreadable` when the place cannot be written to,
    before the block is entered.
    """
    try:
        like = path.stat() if path.exists() else None
        if like is not None and not stat.S_ISREG(like.st_mode):
            raise Unreadable("not a regular file")
        mode = 0o666 & ~_umask()
        block = _beside(path, like=like, mode=mode, keep_times=False, durable=True)
        file = block.__enter__()
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    try:
        yield file
    except BaseException as error:
        block.__exit__(type(error), error, error.__traceback__)
        raise
    try:
        block.__exit__(None, None, None)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def _write(
    path: Path,
    data: bytes,
    *,
    like: os.stat_result | None = None,
    mode: int = 0o644,
    keep_times: bool = False,
    durable: bool = True,
) -> os.stat_result:
    with _beside(path, like=like, mode=mode, keep_times=keep_times, durable=durable) as file:
        file.write(data)
    return path.lstat()  # after the rename, which stamps the file again


@contextlib.contextmanager
def _beside(
    path: Path, *, like: os.stat_result | None, mode: int, keep_times: bool, durable: bool
) -> Iterator[BinaryIO]:
    """A temporary file that is renamed to `path` at the end of the block."""
    descriptor, temporary = tempfile.mkstemp(TEMP_SUFFIX, TEMP_PREFIX, path.parent)
    try:
        with open(descriptor, "w+b") as file:  # noqa: PTH123  (a descriptor)
            yield file
            file.flush()
            if durable:
                # A crash of the machine must not leave an empty file under the old name.
                os.fsync(file.fileno())
        if like is not None:
            mode = stat.S_IMODE(like.st_mode)
            _keep_owner(temporary, like)
        os.chmod(temporary, mode)  # noqa: PTH101
        if like is not None and keep_times:
            os.utime(temporary, ns=(like.st_atime_ns, like.st_mtime_ns))
        _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _keep_owner(temporary: str, like: os.stat_result) -> None:
    if not hasattr(os, "chown") or (os.geteuid(), os.getegid()) == (like.st_uid, like.st_gid):
        return
    with contextlib.suppress(OSError):
        os.chown(temporary, like.st_uid, like.st_gid)


def _rename(temporary: str, path: Path) -> None:
    # Windows refuses while another process (a virus scanner, a web server) has the file open.
    for pause in (0.05, 0.2, 0.75):
        try:
            os.replace(temporary, path)  # noqa: PTH105
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(pause)
        else:
            return
    os.replace(temporary, path)  # noqa: PTH105


# It can only be read by setting it: two threads at once would leave the wrong one behind.
_UMASK_LOCK = threading.Lock()


def _umask() -> int:
    with _UMASK_LOCK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
