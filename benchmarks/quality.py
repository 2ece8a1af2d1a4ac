"""Bytes, CPU seconds and perceptual quality on a folder of files, of `ir-build` and its peers."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import peers
import scoring
import timing

from ir_build.formats import HEAD_BYTES, MediaType, sniff

if TYPE_CHECKING:
    from collections.abc import Callable

    from timing import Cost

    #: makes the files of the first folder smaller in the second
    Run = Callable[[Path, Path], Cost]

_RASTERS = (MediaType.JPEG, MediaType.PNG, MediaType.GIF, MediaType.WEBP, MediaType.AVIF)


def by_type(folder: Path) -> dict[MediaType, list[Path]]:
    """The files of `folder` that are measured on."""
    found: dict[MediaType, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                media = sniff(file.read(HEAD_BYTES))
            if media:
                found.setdefault(media, []).append(path)
    return found


def ours(kind: str, effort: str, source: Path, out: Path, *options: object) -> Cost:
    """`ir-build optimize` from one folder to another, with an empty cache."""
    return timing.ir_build(
        "optimize", source, "--out", out, "--compression-type", kind, "--effort", effort,
        "--timeout", 3600, *options, cache=out.with_name(f"{out.name}.cache"),
    )  # fmt: skip


def measure(folder: Path, *, kind: str, effort: str, score: bool, beside_peers: bool) -> None:
    """Print a table of what happens to the files of `folder`, by format."""
    if score:
        print(f"quality by {scoring.METRIC}")
    print(f"{'':32}files  in MB  out/in  CPU s  mean  worst 5 %   worst  grew")
    for media, paths in sorted(by_type(folder).items()):
        runs: dict[str, Run] = {
            f"ir-build {one} {effort}": partial(ours, one, effort)
            for one in (("lossy", "lossless") if beside_peers else (kind,))
        }
        if beside_peers:
            runs |= {f"{p.name} ({p.kind})": p.run for p in peers.PEERS if media in p.media}
        with tempfile.TemporaryDirectory() as temporary:
            source = Path(temporary) / "source"
            source.mkdir()
            for number, path in enumerate(paths):
                shutil.copyfile(path, source / f"{number:05}.{_suffix(media)}")
            for number, (name, run) in enumerate(runs.items()):
                out = source.with_name(f"out{number}")
                print(f"{media:5}{name:27}", end="", flush=True)
                cost = run(source, out)
                print(_row(source, out, cost, score=score and media in _RASTERS), flush=True)


def _suffix(media: MediaType) -> str:
    # What peers go by.
    return "jpg" if media is MediaType.JPEG else media.value


def _row(source: Path, out: Path, cost: Cost, *, score: bool) -> str:
    pairs = [(path, out / path.name) for path in sorted(source.iterdir())]
    before, after = (sum(path.stat().st_size for path in side) for side in zip(*pairs, strict=True))
    grew = sum(two.stat().st_size > one.stat().st_size for one, two in pairs)
    quality = " " * 24
    if score:
        scores = scoring.scores(pairs)
        low = float(np.percentile(scores, 5))
        quality = f"{np.mean(scores):6.1f}{low:11.1f}{min(scores):8.1f}"
    return f"{len(pairs):5}{before / 1e6:7.1f}{after / before:8.3f}{cost.cpu:7.1f}{quality}{grew:6}"
