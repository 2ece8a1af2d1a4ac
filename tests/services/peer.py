"""A peer to talk to: a process of its own, on a socket."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from . import leftovers

#: what the tests sign in with; the secret is looked for where it must not be
KEY, SECRET = "5a" * 16, "canary" + "7f" * 13


class Peer:
    """The process, and what it is told and tells."""

    def __init__(self, port):
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/v1"
        # A test may set proxies, which are for the client only.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def set(self, **wanted):
        self._control("PUT", wanted)

    def fail(self, *faults):
        self.set(faults=faults)

    @property
    def seen(self):
        """Of every request: what it was, its path, its headers and the head of its body."""
        return self._control("GET")["seen"]

    @property
    def faults(self):
        """How many are still to come."""
        return self._control("GET")["faults"]

    @property
    def most(self):
        """The most requests that were under way at once."""
        return self._control("GET")["most"]

    def count(self, where):
        return sum(seen[0] == where for seen in self.seen)

    def _control(self, method, document=None):
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.origin}/control", data, method=method)
        with self._opener.open(request, timeout=20) as answer:
            return json.load(answer)


@contextlib.contextmanager
def peer_process() -> Iterator[Peer]:
    program = Path(__file__).with_name("peer_process.py")
    with leftovers.lasting():
        process = subprocess.Popen(
            [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with process:
        yield Peer(int(process.stdout.readline()))
        process.stdin.close()
        process.wait(10)
