"""How full a build keeps the line to a server: its time beside the least that it can take."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import warm

from ir_build.api import Session, Source, load

_DELAYS = (0.1, 1.0, 3.0)
_CALLS = 2  #: an upload and a download


def measure(files: int, concurrency: int) -> None:
    """Print, for each delay, the time of a build and its ratio to the ideal.

    The ideal is the sum of the delays of all calls, shared out evenly among as many as may be
    under way at once; on this machine's own network the bytes take no time to speak of.
    """
    print(f"{files} files, {concurrency} calls at once")
    print(f"{'delay s':>8}{'ideal s':>9}{'build s':>9}{'ratio':>7}")
    for delay in _DELAYS:
        seconds = _build(files, concurrency, delay)
        ideal = files * _CALLS * delay / concurrency
        print(f"{delay:8.1f}{ideal:9.1f}{seconds:9.1f}{seconds / ideal:7.2f}", flush=True)


def _build(files: int, concurrency: int, delay: float) -> float:
    server = Path(__file__).with_name("delayed.py")
    with (
        tempfile.TemporaryDirectory() as temporary,
        subprocess.Popen(
            [sys.executable, server, str(delay)], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            folder = Path(temporary)
            site = folder / "site"
            site.mkdir()
            for number in range(files):
                (site / f"{number}.png").write_bytes(warm.png(number))
            environ = {
                "IR_BUILD_API_KEY": "a",
                "IR_BUILD_API_SECRET": "b",
                "IR_BUILD_API_URL": f"http://127.0.0.1:{port}/v1",
            }
            settings = {"cache_dir": str(folder / "cache"), "concurrency": concurrency}
            config = load(Source("benchmark", settings, folder), folder=folder, environ={})
            with Session(config, copies=True, environ=environ) as session:
                report = session.optimize_folder(site)
        finally:
            process.kill()
    assert len(report.optimised) == files, report.warnings or report.failed[:1] or report.kept[:1]
    return report.seconds
