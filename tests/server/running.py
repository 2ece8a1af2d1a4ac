"""A server of ours as a process, on a socket."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import uvicorn

from ir_build.server.accounts.accounts import IssuedCredentials
from ir_build.server.http.app import create_app
from ir_build.server.http.timeouts import TimeoutProtocol
from ir_build.server.settings import load


@dataclass
class Server:
    """A running server and its main account."""

    url: str
    key: str = ""
    secret: str = field(default="", repr=False)
    process: subprocess.Popen | None = field(default=None, repr=False)
    log: object = None
    service: object = None
    #: until it was ready
    printed: str = ""

    def auth(self):
        return json.dumps({"key": self.key, "secret": self.secret})

    def as_account(self, sub):
        """The same server for a sub-account, given as its JSON."""
        return Server(self.url, sub["api_key"], sub["api_secret"])

    def get(self, path, **query):
        return requests.get(
            self.url + path, {"auth": self.auth(), **query}, timeout=30, allow_redirects=False
        )

    def call(self, method, path, **fields):
        """A call with a url-encoded body, as curl's -d makes it."""
        return requests.request(
            method,
            self.url + path,
            data={"auth": self.auth(), **fields},
            timeout=30,
            allow_redirects=False,
        )

    def upload(self, data, name="a.png", **fields):
        return requests.post(
            self.url + "/images",
            data={"auth": self.auth(), **fields},
            files={"file": (name, data)},
            timeout=60,
        )

    def used(self):
        """Bytes charged in this period."""
        return self.get("/accounts/mine").json()["quota_current"]

    def new_sub(self, **fields):
        """A new sub-account, as JSON."""
        return self.call("POST", "/accounts/sub", title="Sub", **fields).json()

    def raw(self, data, timeout=30):
        """What comes back for these bytes, until the connection is closed."""
        host, _, port = self.url.removeprefix("http://").removesuffix("/v1").rpartition(":")
        with socket.create_connection((host, int(port)), timeout) as stream:
            stream.sendall(data)
            found = b""
            while piece := stream.recv(65536):
                found += piece
        return found

    def stop(self, signal_=signal.SIGTERM):
        """End it, if it still runs; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_)
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


def start(folder, log, *, within=(), **settings):
    """A server on a free port with its data in `folder`; `settings` go in by the environment.

    `within` is a command that executes the one that it is given.
    """
    environment = {name: value for name, value in os.environ.items() if "IR_BUILD" not in name}
    for name, value in {"port": 0, "data_dir": folder, "jobs": 1, **settings}.items():
        environment[f"IR_BUILD_SERVER_{name.upper()}"] = str(value)
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*within, sys.executable, "-m", "ir_build", "serve"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    told, printed = ("", ""), ""
    for line in process.stdout:
        printed += line
        if match := re.fullmatch(r"The main account was made.* in (.*)\n", line):
            told = credentials(match[1], process)
        if match := re.fullmatch(r"serving (http\S+)\n", line):
            return Server(match[1], *told, process, log, printed=printed)
    process.stdout.close()
    process.wait(60)
    raise RuntimeError(f"the server did not start: {log.read_text()}")


def credentials(path, process=None):
    """Key and secret of the main account, from the file in which a server has written them."""
    # Where that has a disk of its own, it is seen through the server.
    root = f"/proc/{process.pid}/root" if process and not Path(path).exists() else ""
    text = Path(f"{root}{path}").read_text()
    return tuple(
        re.search(rf"^IR_BUILD_API_{name}=(\w+)$", text, re.MULTILINE)[1]
        for name in ("KEY", "SECRET")
    )


@contextlib.contextmanager
def serving(folder, **settings):
    """A server that ends with the block."""
    server = start(folder / "data", folder / "server.log", **settings)
    try:
        yield server
    finally:
        server.stop()


def workers(server):
    """The ids of the processes that compress for a server."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("the workers of a process are found in Linux's /proc")
    found = []
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


class Clock:
    """A clock that a test can set."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@contextlib.contextmanager
def inside(folder, clock=time.time, **settings):
    """A server in a thread of this process: for tests that set its clock or look inside.

    `.service` is what its endpoints share.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        given = {"data_dir": str(folder), "jobs": "1", "public_url": url, **settings}
        app = create_app(load(None, {}, given), clock=clock)
        # As `serve` runs it, but for signals, which only a main thread can have.
        running = uvicorn.Server(
            uvicorn.Config(app, http=TimeoutProtocol, ws="none", log_config=None)
        )
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        made = app.state.credentials or IssuedCredentials("", "")
        server = Server(f"{url}/v1", made.key, made.secret)
        server.service = app.state.service
        try:
            yield server
        finally:
            running.should_exit = True
            thread.join(60)
