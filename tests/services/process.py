"""What starting any server needs: free ports, waiting for an answer, and a sure end."""

import contextlib
import itertools
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import leftovers

#: what no process can put off
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows ends a process by either
#: below those that any system gives to outgoing connections
_PORTS = range(10_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on, all different, for programs that must be told one.

    Chosen by chance, so that two runs of the tests hardly meet before a program listens.
    """
    shuffled = random.SystemRandom().sample(_PORTS, len(_PORTS))
    return list(itertools.islice(filter(_is_free, shuffled), count))


def _is_free(port: int) -> bool:
    with socket.socket() as tried, contextlib.suppress(OSError):
        tried.bind(("127.0.0.1", port))
        return True
    return False


@contextlib.contextmanager
def running(
    command: list[str],
    *,
    log: Path,
    answers: Callable[[], bool],
    user: str | None = None,
    end: signal.Signals = KILL,
) -> Iterator[None]:
    """Run a server until the block ends; RuntimeError with its log when it doesn't come up."""
    with log.open("wb") as output, leftovers.lasting():
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    try:
        deadline = time.monotonic() + 60
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(end)
        process.wait()
