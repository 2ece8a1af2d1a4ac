"""JPEG: the bytes that libjpeg-turbo needs for the score that `ir-build` reached, per file."""

from __future__ import annotations

import math
import tempfile
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import quality
import scoring
from PIL import Image, ImageOps

from ir_build.formats import MediaType
from ir_build.quality import Reference


def measure(folder: Path, *, effort: str) -> None:
    """Print the ratio of bytes at equal score, and its geometric mean over the files of `folder`."""
    paths = quality.by_type(folder).get(MediaType.JPEG, [])
    with tempfile.TemporaryDirectory() as temporary:
        source, out = Path(temporary) / "source", Path(temporary) / "out"
        source.mkdir()
        for number, path in enumerate(paths):
            (source / f"{number:05}.jpg").write_bytes(path.read_bytes())
        quality.ours("lossy", effort, source, out)
        pairs = [(path, out / path.name) for path in sorted(source.iterdir())]
        with ProcessPoolExecutor() as pool:
            ratios = list(pool.map(_ratio, pairs))
    found = [ratio for ratio in ratios if ratio is not None]
    for path, ratio in zip(paths, ratios, strict=True):
        print(f"{path.name:50}{'same pixels' if ratio is None else f'{ratio:8.3f}'}")
    mean = math.exp(np.mean(np.log(found)))
    print(f"{len(found)} re-encoded files: {mean:.3f} of libjpeg-turbo's bytes, geometric mean")


def _ratio(pair: tuple[Path, Path]) -> float | None:
    """Our bytes by those of libjpeg-turbo (4:2:0, optimised tables) at the same score."""
    original, ours = (scoring.shown(path) for path in pair)
    if original.tobytes() == ours.tobytes():
        return None
    reference = Reference(np.asarray(original))
    reached = reference.score(np.asarray(ours))
    # What turbo starts from is what a viewer shows, so it carries neither Exif nor profile.
    with Image.open(pair[0]) as opened:
        grey = ImageOps.exif_transpose(opened).mode == "L"
    picture = original.convert("L") if grey else original
    sizes: dict[int, tuple[float, int]] = {}

    def at(quality_number: int) -> tuple[float, int]:
        if quality_number not in sizes:
            buffer = BytesIO()
            picture.save(buffer, "jpeg", quality=quality_number, subsampling="4:2:0", optimize=True)
            shown = np.asarray(Image.open(buffer).convert("RGB"))
            sizes[quality_number] = reference.score(shown), buffer.tell()
        return sizes[quality_number]

    low, high = 5, 100
    if at(high)[0] < reached:
        return pair[1].stat().st_size / at(high)[1]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle)[0] < reached else (low, middle)
    (below, fewer), (above, more) = at(low), at(high)
    share = (reached - below) / (above - below) if above > below else 1.0
    needed = math.exp(math.log(fewer) + share * math.log(more / fewer))
    return pair[1].stat().st_size / needed
