"""What the server costs beside the least that could take an upload, and how it bears much at once."""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from serving import bare, cpu_of, load, ours, wait_idle

from ir_build import backends, formats
from ir_build.options import Options
from ir_build.sandbox.pool import Sandbox

_MB = 1_000_000
_ROUNDS = 5
_SECONDS = 4


def measure() -> None:
    """Print every figure with the bound that it has to keep."""
    with tempfile.TemporaryDirectory(prefix="ir-benchmark-") as name:
        folder = Path(name)
        for size, least in ((100_000, 0.35), (5_000_000, 0.5)):
            throughput(_file(folder, size), least)
        compression(folder)
        for backend in ("none", "engine"):
            memory_of_large_uploads(_file(folder, 50 * _MB - 100), backend)
        overload(folder)
        memory_of_many_uploads(_file(folder, 10_000))


def throughput(file: Path, least: float) -> None:
    """Uploads a second with compression off, and those that Starlette's `form()` takes."""
    connections = 8
    ratios, rates, costs = [], [], []
    with bare() as floor, ours(backend="none") as server:
        for each in (floor, server):
            load(each, [file], connections=connections, seconds=1)
        for _ in range(_ROUNDS):
            runs = [
                load(each, [file], connections=connections, seconds=_SECONDS)
                for each in (floor, server)
            ]
            assert all(set(run.statuses) == {"201"} for run in runs), runs
            rates.append([run.rate for run in runs])
            ratios.append(runs[1].rate / runs[0].rate)
            costs.append([1000 * run.server_cpu / run.statuses["201"] for run in runs])
    rate = [statistics.median(column) for column in zip(*rates, strict=True)]
    cost = [statistics.median(column) for column in zip(*costs, strict=True)]
    print(
        f"{file.stat().st_size / 1e6:.1f} MB, compression off: {rate[1]:.0f}/s beside {rate[0]:.0f}/s"
        f" of a bare form(): {statistics.median(ratios):.2f} (at least {least});"
        f" by CPU {cost[0] / cost[1]:.2f}: {cost[1]:.2f} ms beside {cost[0]:.2f} ms",
        flush=True,
    )


def compression(folder: Path) -> None:
    """Images a second through the server, and by the engine alone on as many workers.

    The engine with and without the verification, which the server never leaves out.
    """
    jobs = os.cpu_count() or 1
    files = _photos(folder)
    contents = [file.read_bytes() for file in files]
    options = Options(min_saving=0.0)

    def alone(*, verified: bool) -> tuple[float, float]:
        def work(data: bytes) -> None:
            kind = formats.sniff(data)
            assert kind is not None
            candidate = backend.compress(data, kind, options, "a")
            if verified:
                sandbox.verify(data, candidate, kind, options)

        with (
            contextlib.closing(Sandbox(jobs=jobs, time_limit=60, memory_limit=1024**3)) as sandbox,
            ThreadPoolExecutor(jobs) as pool,
        ):
            backend = backends.LocalBackend(sandbox)
            list(pool.map(work, contents[:jobs]))
            cpu, started = cpu_of(os.getpid()), time.perf_counter()
            list(pool.map(work, contents))
            seconds = time.perf_counter() - started
            return seconds / len(files), (cpu_of(os.getpid()) - cpu) / len(files)

    def served() -> tuple[float, float]:
        with ours(jobs=jobs) as server:
            load(server, files[:jobs], connections=jobs, count=jobs)
            found = load(server, files, connections=2 * jobs, count=len(files))
            assert found.statuses == {"201": len(files)}, found
            return found.seconds / len(files), found.server_cpu / len(files)

    rounds = [(alone(verified=True), alone(verified=False), served()) for _ in range(3)]
    seconds = statistics.median(third[0] for *_, third in rounds)
    print(f"compression on, {jobs} workers: {seconds:.2f} s an image")
    for number, name in enumerate(("engine and verification (at least 0.9)", "engine")):
        wall, cpu = (
            statistics.median(each[number][column] / each[2][column] for each in rounds)
            for column in (0, 1)
        )
        print(f"  {wall:.2f} of {name} alone; by CPU {cpu:.2f}", flush=True)


def memory_of_large_uploads(file: Path, backend: str) -> None:
    """What sixteen uploads of 50 MB at once add to the server's process."""
    with ours(backend=backend, max_file_size=50 * _MB, quota=0) as server:
        load(server, [_file(file.parent, 10_000)], connections=16, count=200)
        before = server.memory()
        server.forget_peak()
        found = load(server, [file], connections=16, count=16)
        grown = server.peak() - before
    print(
        f"16 x 50 MB at once, backend {backend}: {found.statuses}, at most {grown / 2**20:.0f} MiB more (at most 64)",
        flush=True,
    )


def overload(folder: Path) -> None:
    """Eight times as many connections as there are places: what is answered."""
    files = _photos(folder)
    with ours(jobs=1, queue=2) as server:
        found = load(server, files, connections=24, seconds=30, pause=0.2)
    print(f"overload: {found.statuses} (201 and 429 only)", flush=True)


def memory_of_many_uploads(file: Path, count: int = 10_000) -> None:
    """The server's memory after a tenth of the uploads and after all."""
    with ours(backend="none") as server:
        found = load(server, [file], connections=8, count=count // 10)
        wait_idle(server)
        early = server.memory()
        found = load(server, [file], connections=8, count=count - count // 10)
        wait_idle(server)
        late = server.memory()
    assert set(found.statuses) == {"201"}, found
    print(
        f"memory after {count // 10} uploads {early / 2**20:.1f} MiB, after {count}"
        f" {late / 2**20:.1f} MiB",
        flush=True,
    )


def _file(folder: Path, size: int) -> Path:
    """A PNG of so many bytes; what follows its end does not matter where nothing is compressed."""
    path = folder / f"{size}.png"
    if not path.exists():
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48), "teal").save(buffer, "png")
        path.write_bytes(buffer.getvalue() + os.urandom(size - len(buffer.getvalue())))
    return path


def _photos(folder: Path) -> list[Path]:
    """Pictures as a camera's, all different."""
    paths = [folder / f"photo-{number}.jpg" for number in range(12)]
    for number, path in enumerate(paths):
        if not path.exists():
            noise = Image.effect_noise((480, 360), 10 + number)
            large = Image.effect_noise((12, 9), 200).resize((480, 360), Image.Resampling.BICUBIC)
            planes = [Image.blend(large.rotate(turn), noise, 0.15) for turn in (0, 90, 180)]
            Image.merge("RGB", planes).save(path, quality=92)
    return paths
