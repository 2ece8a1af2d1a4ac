"""What tests leave behind: processes and temporary files, found, named and ended.

Every process that a test starts has a mark in its environment, and a folder of ours for its temporary
files. As a program, this file waits for the end of the tests, however they end, for which its standard
input closes. Then it ends every process with the mark and removes the folder. Processes are looked for
in /proc; on a system without it none is found.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

NAME = "TESTS_MARK"
_PROC = Path("/proc")

#: what may run longer than a test or a module
_kept: set[int] = set()


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """What is started in the block is for more than the test that happens to want it first."""
    before = _children()
    yield
    _kept.update(_children() - before)


class Leftovers:
    """The processes and the folder of this one; both are in the environment from here on."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(8)
        folder = Path(tempfile.gettempdir()) / f"ir-tests-{self.mark}"
        folder.mkdir()
        folder.chmod(0o711)  # PostgreSQL runs as another user where we are root
        # Ctrl-C must not end it first, so it has a session of its own. The one of the process that has
        # started us must not end it either, so it has no mark.
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", __file__, self.mark, folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name != NAME},
        )
        os.environ |= {NAME: self.mark, "TMPDIR": str(folder)}
        # It was remembered; and a test that changes TMPDIR does so for what it starts, not for us.
        tempfile.tempdir = str(folder)
        self._others: set[int] = set()
        self._unclear: set[int] = set()

    def close(self) -> None:
        self._reaper.communicate()

    def running(self) -> set[int]:
        """The ids of our children and of all processes with the mark."""
        pids = _pids() - {self._reaper.pid}
        self._others &= pids
        children = _children(pids - self._others)
        environs = {pid: _environ(pid) for pid in pids - self._others - children}
        found = {pid for pid, environ in environs.items() if _mark(self.mark) in environ}
        # One that is just executing a program has no environment; the second time it has none.
        self._unclear = {pid for pid, environ in environs.items() if not environ} - self._unclear
        self._others |= environs.keys() - found - self._unclear
        return found | {pid for pid in children if _state(pid) != "Z"}

    def since(self, before: set[int]) -> set[int]:
        """Those that neither ran `before` nor descend from such as did; they have 5 s to end."""
        until = time.monotonic() + 5
        while True:
            left = {pid for pid in self.running() if not _line(pid) & (before | _kept)}
            if not (left or self._unclear) or time.monotonic() > until:
                return left
            time.sleep(0.01)


def end(pids: set[int]) -> list[str]:
    """Kill processes; their command lines."""
    told = []
    for pid in sorted(pids):
        with contextlib.suppress(OSError):
            words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            told.append(b" ".join(words).decode(errors="replace").strip())
            os.kill(pid, signal.SIGKILL)
    return told


def _pids() -> set[int]:
    return {int(name) for name in os.listdir(_PROC) if name.isdigit()} if _PROC.is_dir() else set()


def _children(among: set[int] | None = None) -> set[int]:
    pids = _pids() if among is None else among
    return {pid for pid in pids if _parent(pid) == os.getpid()}


def _mark(mark: str) -> bytes:
    return f"{NAME}={mark}".encode()


def _environ(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return [*filter(None, (_PROC / str(pid) / "environ").read_bytes().split(b"\0"))]
    return []


def _state(pid: int) -> str:
    return _stat(pid)[0]


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """State and parent of a process; that of one that is gone is a zombie without a parent."""
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[:2]
    return ["Z", "0"]


def _line(pid: int) -> set[int]:
    """A process and those that it descends from."""
    found = set()
    while pid > 1:
        found.add(pid)
        pid = _parent(pid)
    return found


def _main(mark: str, folder: str) -> None:
    sys.stdin.buffer.read()
    # Several times, since what is being killed may just have started another.
    for _ in range(50):
        found = {pid for pid in _pids() if _mark(mark) in _environ(pid)}
        end(found)
        if not found:
            break
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
