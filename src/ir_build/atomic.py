"""Put a whole file in place in one step. Readers see the old file or the new one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .errors import Changed, Unreadable

if TYPE_CHECKING:
    from io import BufferedReader

#: the names of files in writing; only a killed process leaves one behind
TEMP_PREFIX = ".ir-build-"
TEMP_SUFFIX = ".tmp"

_PIECE = 2**30

#: seconds after which a temporary file belongs to no process, not even to one that sleeps
_STALE_AFTER = 3 * 24 * 3600


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BufferedReader, os.stat_result]]:
    """The regular file at `path`, open for reading, and its state.

    A link is not followed. Raises `Unreadable`, from the block too.
    """
    with _named(path):
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123  (a descriptor)
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise Unreadable("not a regular file", path=path)
            yield file, state


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise `Unreadable`, with the path, for an OSError in the block."""
    try:
        yield
    except Unreadable:
        raise
    except OSError as error:
        kind = Changed if isinstance(error, FileNotFoundError) else Unreadable
        raise kind.of(error, path) from error


def read(path: Path) -> tuple[bytes, os.stat_result]:
    """The bytes of the regular file at `path`, and its state. Raises `Unreadable`."""
    with opened(path) as (file, state):
        return file.read(), state


def replace(path: Path, data: bytes, *, seen: os.stat_result, keep_times: bool) -> os.stat_result:
    """Replace the file at `path`, which was `seen` when it was read, by `data`.

    Mode, extended attributes and, where permitted, owner and group stay; `keep_times` keeps the
    modification time too. A link is replaced, not written through, and a file that has changed
    since it was `seen` is not replaced. Returns the new file's state. Raises `Unreadable`.
    """
    with _named(path):
        _refuse_changed(path, seen)
        with _beside(path, like=seen, source=path, seen=seen, keep_times=keep_times) as file:
            file.write(data)
        return path.lstat()  # the rename changes the state


def _refuse_changed(path: Path, seen: os.stat_result) -> None:
    now = path.lstat()
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (seen.st_ino, seen.st_size, seen.st_mtime_ns):
        raise Changed("changed while it was being optimised", path=path)


def create(path: Path, data: bytes, *, like: os.stat_result, source: Path) -> os.stat_result:
    """Write `data` to `path`, new or not, as a copy of the file `source`, whose state is `like`.

    Mode, times and extended attributes are those of `source`. Missing folders are made. Returns the
    new file's state. Raises `Unreadable`.
    """
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path, like=like, source=source, keep_times=True) as file:
            file.write(data)
        return path.lstat()


def copy(source: Path, path: Path, *, durable: bool = True) -> None:
    """Make `path`, new or not, a copy of the file `source` with its attributes.

    The file system shares blocks if it can. The memory that this takes does not depend on the size.
    Missing folders are made. Raises `Unreadable`.
    """
    with opened(source) as (original, state):
        path.parent.mkdir(parents=True, exist_ok=True)
        block = _beside(path, like=state, source=source, keep_times=True, durable=durable)
        with block as made:
            if sys.platform == "linux":
                with contextlib.suppress(OSError):  # two file systems
                    while os.copy_file_range(original.fileno(), made.fileno(), _PIECE):
                        pass
            shutil.copyfileobj(original, made)  # the rest


def link(path: Path, target: Path) -> None:
    """Make `path`, new or not, a symbolic link to `target`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMP_PREFIX}{os.urandom(8).hex()}{TEMP_SUFFIX}")
    temporary.symlink_to(target)
    try:
        _rename(str(temporary), path)
    except OSError:
        temporary.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` in one step. Lone surrogates of file names survive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path, durable=False) as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def write_private(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` in one step. Only this user can read it. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _beside(path, mode=0o600) as file:
        file.write(text.encode())


def create_private(path: Path, text: str) -> bool:
    """Write `text` as UTF-8 to `path`, unless there is a file. Only this user can read it.

    Returns whether this call made the file. When several try at once, one of them does. The file
    appears whole. Raises OSError.
    """
    descriptor, temporary = tempfile.mkstemp(TEMP_SUFFIX, TEMP_PREFIX, path.parent)  # mode 0600
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike a rename, this does not replace a file
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
    """A new file beside `path`. It takes its place when the block ends; an error removes it.

    The mode of an existing file stays. Raises `Unreadable`, if the folder cannot be written to
    before the block begins.
    """
    with _named(path):
        like = path.stat() if path.exists() else None
        if like is not None and not stat.S_ISREG(like.st_mode):
            raise Unreadable("not a regular file", path=path)
        block = _beside(path, like=like, source=None if like is None else path)
        file = block.__enter__()
    try:
        yield file
    except BaseException as error:
        block.__exit__(type(error), error, error.__traceback__)
        raise
    with _named(path):
        block.__exit__(None, None, None)


@contextlib.contextmanager
def _beside(
    path: Path,
    *,
    mode: int = 0o666,
    like: os.stat_result | None = None,
    source: Path | None = None,
    seen: os.stat_result | None = None,
    keep_times: bool = False,
    durable: bool = True,
) -> Iterator[BinaryIO]:
    """A temporary file that is renamed to `path` at the end of the block.

    It gets the attributes of `source`, whose state was `like`. Without a source it gets `mode`, less
    what the umask takes away. With `seen`, the file at `path` must still be in that state.
    """
    descriptor, temporary = _new(path.parent, mode if like is None else 0o600)
    try:
        with open(descriptor, "w+b") as file:  # noqa: PTH123  (a descriptor)
            yield file
            file.flush()
            if durable:
                # A crash of the machine must not leave an empty file under the old name.
                os.fsync(file.fileno())
        if like is not None and source is not None:
            _keep_attributes(temporary, source, like)
            if not keep_times:
                os.utime(temporary)
        if seen is not None:
            _refuse_changed(path, seen)  # an editor may have saved while the disk was busy
        _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _new(folder: Path, mode: int) -> tuple[int, str]:
    """A new file, open for reading and writing, and its path: `mode` is subject to the umask.

    (The umask can only be read by setting it, which would change what other threads write.)
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        path = os.path.join(folder, f"{TEMP_PREFIX}{os.urandom(8).hex()}{TEMP_SUFFIX}")  # noqa: PTH118
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags, mode), path


def _keep_attributes(temporary: str, source: Path, like: os.stat_result) -> None:
    shutil.copystat(source, temporary, follow_symlinks=False)
    _keep_owner(temporary, like)
    os.chmod(temporary, stat.S_IMODE(like.st_mode))  # noqa: PTH101  (a new owner takes bits away)


def _keep_owner(temporary: str, like: os.stat_result) -> None:
    if not hasattr(os, "chown"):
        return
    made = os.stat(temporary)  # noqa: PTH116  (in some folders a new file has the folder's group)
    for owner, group in ((like.st_uid, -1), (-1, like.st_gid)):
        if owner not in (-1, made.st_uid) or group not in (-1, made.st_gid):
            with contextlib.suppress(OSError):
                os.chown(temporary, owner, group)


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
