"""Hours of uploads while servers and workers are killed at random: nothing may be lost.

It stands on the tests' own servers and on their check of the books (`tests/server`).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from server.books import Load, check_books
from server.running import start
from services.postgres import postgres
from services.s3 import s3


def soak(seconds: float) -> None:
    """Half of the time one server on SQLite and a folder, half two on PostgreSQL and S3."""
    _soak("SQLite and a folder, one server", seconds / 2, 1, {})
    with postgres() as database, s3() as store:
        bucket = store.new_bucket()
        settings = {
            "database": database.new_database(),
            "storage": f"{bucket.url}/soak",
            "s3_endpoint": bucket.endpoint,
            "s3_region": "us-east-1",
            "s3_access_key": bucket.access_key,
            "s3_secret_key": bucket.secret_key,
        }
        _soak("PostgreSQL and S3, two servers", seconds / 2, 2, settings)


def _soak(name: str, seconds: float, count: int, settings: dict[str, str]) -> None:
    settings = {
        "secret_key": "k" * 40,
        "rate": "0",
        "deadline": "5",
        "sweep_interval": "1",
        "jobs": "2",
        **settings,
    }
    with tempfile.TemporaryDirectory(prefix="ir-soak-") as folder:

        def launch(number: int):  # noqa: ANN202  (the tests' own server)
            return start(Path(folder) / f"data-{number}", Path(folder) / "log", **settings)

        servers = [launch(number) for number in range(count)]
        key, secret = servers[0].key, servers[0].secret
        accepted: list[tuple[str, dict]] = []
        seen: Counter[str] = Counter()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for server in servers:
                server.key, server.secret = key, secret
            with Load(servers, threads=6) as load:
                load.wait_for(4)
                time.sleep(random.uniform(0, 3))
                victim = random.randrange(count)
                with contextlib.suppress(OSError, ValueError):
                    os.kill(random.choice(_workers(servers[victim].process.pid)), signal.SIGKILL)
                    seen["workers killed"] += 1
                time.sleep(random.uniform(0, 1))
                servers[victim].stop(signal.SIGKILL)
                seen["servers killed"] += 1
            accepted += load.accepted
            servers[victim] = launch(victim)
            servers[victim].key, servers[victim].secret = key, secret
            seen.update({str(status): times for status, times in load.statuses.items()})
            # All of them at every restart would take longer with every round.
            check = accepted[-200:] + random.sample(accepted, min(200, len(accepted)))
            seen["images"] = check_books(servers[victim], check, every=False)
        check_books(servers[0], accepted)
        for server in servers:
            server.stop()
    print(
        f"soak of {seconds:.0f} s, {name}: {dict(seen)}; all accepted images are there, "
        "the books balance",
        flush=True,
    )


def _workers(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
