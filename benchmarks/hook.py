"""What a commit waits for the hook, when nothing is to be done with its ten files."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import timing
import warm

FILES = 10
RUNS = 5


def measure() -> None:
    """Print CPU seconds: the least of some runs, and Python's own share."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = Path(temporary), Path(temporary) / "cache"
        paths = [folder / f"{number}.png" for number in range(FILES)]
        for number, path in enumerate(paths):
            path.write_bytes(warm.png(number))
        timing.ir_build("optimize", *paths, cache=cache)
        timing.ir_build("hook", *paths, cache=cache)
        known = min(timing.ir_build("hook", *paths, cache=cache).cpu for _ in range(RUNS))
        checked_out = []
        for _ in range(RUNS):
            for path in paths:
                os.utime(path)
            checked_out.append(timing.ir_build("hook", *paths, cache=cache).cpu)
        floor = min(timing.command([sys.executable, "-c", "pass"]).cpu for _ in range(RUNS))
        print(f"{FILES} unchanged files     {known:.3f} CPU s")
        print(f"the same, checked out  {min(checked_out):.3f} CPU s")
        print(f"python does nothing    {floor:.3f} CPU s")
