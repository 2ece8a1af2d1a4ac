"""What a build costs when nothing has changed, beside what it would cost to do nothing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

import timing

_STAT = """
import os, sys
pending = [sys.argv[1]]
while pending:
    with os.scandir(pending.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                entry.stat(follow_symlinks=False)
"""
_COPY = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2])"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(number: int) -> bytes:
    """A picture of 24 x 24 pixels, stored without compression, unlike any other."""
    header = b"\0\0\0\x18\0\0\0\x18\x08\x02\0\0\0"
    rows = b"".join(
        b"\0" + bytes((number * 7 + row * column) % 256 for column in range(72))
        for row in range(24)
    )
    rows = number.to_bytes(4, "big") + rows[4:]
    data = zlib.compress(b"\0" + rows[1:], 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", data)
        + _chunk(b"IEND", b"")
    )


def measure(files: int) -> None:
    """Print the costs of a warm run over `files` small files and of its floors."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source, cache = folder / "source", folder / "cache"
        for number in range(files):
            path = source / f"{number // 500}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
        site = folder / "site"
        shutil.copytree(source, site)
        rows = [("cold: compress everything", timing.ir_build("optimize", site, cache=cache))]
        python = [sys.executable, "-I", "-c"]
        rows += [
            ("floor: python does nothing", timing.command([*python, "pass"])),
            ("floor: stat only", timing.command([*python, _STAT, str(site)])),
            (
                "floor: copy only",
                timing.command([*python, _COPY, str(source), str(folder / "copy")]),
            ),
            ("warm: unchanged files", timing.ir_build("optimize", site, cache=cache)),
            ("warm: unchanged files, again", timing.ir_build("optimize", site, cache=cache)),
        ]
        shutil.rmtree(site)
        shutil.copytree(source, site)
        os.sync()
        rows.append(
            ("warm: a host wrote them anew", timing.ir_build("optimize", site, cache=cache))
        )
        print(f"{files} files of {path.stat().st_size} bytes")
        print(f"{'':32}{'CPU s':>8}{'wall s':>8}{'CPU us/file':>13}")
        for name, cost in rows:
            print(f"{name:32}{cost.cpu:8.2f}{cost.wall:8.2f}{cost.cpu / files * 1e6:13.0f}")
