"""Servers as processes, what they cost, and what a load on them answers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICK = os.sysconf("SC_CLK_TCK")
_BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def upload(request):
    async with request.form() as form:
        return JSONResponse({"size": form["file"].size}, 201)

app = Starlette(routes=[Route("/upload", upload, methods=["POST"])])
config = uvicorn.Config(app, port=0, log_config=None, access_log=False)
server = uvicorn.Server(config)
listener = config.bind_socket()
print("serving http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
server.run([listener])
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    upload: str  #: URL of the endpoint that takes files
    auth: str
    process: subprocess.Popen[str]
    folder: Path

    def cpu(self) -> float:
        """User and system seconds of the server and its workers, living and dead."""
        return cpu_of(self.process.pid)

    def memory(self) -> int:
        """Resident bytes of the server's own process."""
        return _status(self.process.pid, "VmRSS")

    def peak(self) -> int:
        """The most resident bytes of the server's own process since `forget_peak`."""
        return _status(self.process.pid, "VmHWM")

    def forget_peak(self) -> None:
        """Count the peak from now on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


_ACCOUNT = {"key": "1" * 32, "secret": "2" * 64}


@dataclass(frozen=True)
class Load:
    """What a load was answered."""

    statuses: dict[str, int]
    seconds: float
    server_cpu: float  #: seconds

    @property
    def rate(self) -> float:
        """Uploads a second that were taken."""
        return self.statuses.get("201", 0) / self.seconds


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    """The measure: Starlette reads the form, and that is all."""
    with _running([sys.executable, "-c", _BARE], {}, "upload") as server:
        yield server


@contextlib.contextmanager
def ours(**settings: object) -> Iterator[Server]:
    """`ir-build serve` with fresh data, and no limit of requests of one account."""
    account = {f"main_{name}": value for name, value in _ACCOUNT.items()}
    given = {"port": 0, "rate": 0, **account, **settings}
    environment = {f"IR_BUILD_SERVER_{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "ir_build", "serve"]
    with _running(command, environment, "v1/images") as server:
        yield server


def load(server: Server, files: list[Path], **options: object) -> Load:
    """Upload files as `options`, those of load.py, say."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), server.upload]
    for name, value in options.items():
        command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    before = server.cpu()
    answer = subprocess.run(
        [*command, "--auth", server.auth, "--", *map(str, files)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    cpu = server.cpu() - before
    found = json.loads(answer)
    return Load(found["statuses"], found["seconds"], cpu)


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], path: str) -> Iterator[Server]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IR_BUILD")}
    with tempfile.TemporaryDirectory(prefix="ir-benchmark-") as name:
        folder = Path(name)
        if environment:
            environment.setdefault("IR_BUILD_SERVER_DATA_DIR", str(folder / "data"))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env=clean | environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            url = _told(process, folder / "log")
            yield Server(f"{url}/{path}", json.dumps(_ACCOUNT), process, folder)
        finally:
            process.terminate()
            process.wait()


def _told(process: subprocess.Popen[str], log: Path) -> str:
    """The address that the server says it is at."""
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.fullmatch(r"serving (http://[^/]+)\S*\n", line):
            return match[1]
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def cpu_of(process: int) -> float:
    """User and system seconds of a process and of everything that it started."""
    return sum(_cpu(pid) for pid in (process, *_children(process)))


def _children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_children(child)]
    return found


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK


def _status(pid: int, name: str) -> int:
    match = re.search(
        rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    return int(match[1]) * 1024 if match else 0


def wait_idle(server: Server) -> None:
    """Wait until the server has nothing to do."""
    before = server.cpu()
    while True:
        time.sleep(0.5)
        if server.cpu() - before < 0.02:
            return
        before = server.cpu()
