"""What a second worker is worth, and how much memory one takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import quality
from PIL import Image

_PEAK = """
import resource, sys
from pathlib import Path
from ir_build import engine
from ir_build.formats import MediaType
from ir_build.options import Options
engine.compress(Path(sys.argv[1]).read_bytes(), MediaType(sys.argv[2]), Options())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_SIZES = ((1000, 1000), (4000, 3000), (10_000, 10_000))


def measure(folder: Path) -> None:
    """Print wall seconds with one worker and with two, and peak memory by the picture's size."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        one, two, both = (base / name for name in ("one", "two", "both"))
        first = quality.ours("lossy", "default", folder, one, "--jobs", 1)
        second = quality.ours("lossy", "default", folder, two, "--jobs", 2)
        print(f"one worker: {first.wall:.1f} s wall, {first.cpu:.1f} s CPU")
        print(f"two workers: {second.wall:.1f} s wall, {second.cpu:.1f} s CPU")
        print(f"speed-up {first.wall / second.wall:.2f}; what is left to chance is the machine's:")
        print(f"two runs side by side take {_side_by_side(folder, both) / first.wall:.2f} of one")
        for width, height in _SIZES:
            path = base / "picture.jpg"
            _photo(width, height).save(path, quality=92)
            peak = subprocess.check_output([sys.executable, "-c", _PEAK, str(path), "jpeg"])
            print(f"JPEG of {width * height / 1e6:.0f} MP: {int(peak) / 1024:.0f} MB at most")


def _side_by_side(folder: Path, out: Path) -> float:
    """Wall seconds of two independent runs with one worker each."""
    started = time.perf_counter()
    runs = [
        subprocess.Popen(
            [
                sys.executable, "-m", "ir_build", "optimize", str(folder),
                "--out", f"{out}{number}", "--cache-dir", f"{out}{number}.cache", "--jobs", "1",
            ],
            stdout=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if "IR_BUILD" not in name},
        )
        for number in range(2)
    ]  # fmt: skip
    for run in runs:
        run.wait()
    return time.perf_counter() - started


def _photo(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(1)
    coarse = Image.fromarray((random.random((30, 40, 3)) * 255).astype(np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    noise = random.integers(-6, 7, (height, width, 1), dtype=np.int8)
    return Image.fromarray(np.clip(smooth.astype(np.int16) + noise, 0, 255).astype(np.uint8))
