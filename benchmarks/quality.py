"""Bytes, CPU seconds and perceptual quality of `ir-build` on a folder of files."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import timing
from PIL import Image, ImageCms, ImageOps

from ir_build.media import HEAD_BYTES, MediaType, sniff

_RASTERS = (MediaType.JPEG, MediaType.PNG, MediaType.GIF, MediaType.WEBP, MediaType.AVIF)
_INDEPENDENT = importlib.util.find_spec("ssimulacra2") is not None


def _shown(path: Path) -> Image.Image:
    """The picture as a viewer shows it: first frame, turned, in sRGB."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
        profile = image.info.get("icc_profile")
        if profile and image.mode in ("RGB", "CMYK", "L"):
            with contextlib.suppress(ImageCms.PyCMSError):
                image = ImageCms.profileToProfile(
                    image, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
                )
        alpha = image.has_transparency_data
        return image.convert("RGBA" if alpha else "RGB")


def _score(pair: tuple[Path, Path]) -> float:
    one, two = (_shown(path) for path in pair)
    if one.size != two.size:
        return -1000.0
    if one.mode != two.mode:
        one, two = one.convert("RGBA"), two.convert("RGBA")
    if one.tobytes() == two.tobytes():
        return 100.0
    if not _INDEPENDENT:
        from ir_build.engine.score import Reference  # noqa: PLC0415

        return Reference(np.asarray(one)).score(np.asarray(two))
    shades = (26, 230) if one.mode == "RGBA" else (0,)
    return min(_independent(_flat(one, shade), _flat(two, shade)) for shade in shades)


def _flat(image: Image.Image, shade: int) -> Image.Image:
    """The picture on a grey page; the package knows no transparency."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGBA", image.size, (shade, shade, shade, 255))
    return Image.alpha_composite(page, image).convert("RGB")


def _independent(one: Image.Image, two: Image.Image) -> float:
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{name}.png" for name in ("one", "two")]
        for image, file in zip((one, two), files, strict=True):
            image.save(file, compress_level=1)
        return float(compute_ssimulacra2(*files))


def _by_type(folder: Path) -> dict[MediaType, list[Path]]:
    found: dict[MediaType, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                media = sniff(file.read(HEAD_BYTES))
            if media:
                found.setdefault(media, []).append(path)
    return found


def measure(folder: Path, *, kind: str, effort: str, score: bool) -> None:
    """Print a table of what `ir-build optimize` does to the files of `folder`, by format."""
    metric = "package ssimulacra2" if _INDEPENDENT else "the engine's own"
    print(f"{kind}, effort {effort}; quality by {metric}" if score else f"{kind}, effort {effort}")
    columns = "files  in MB  out/in  CPU s  mean  worst 5 %  worst  kept  failed"
    print(f"{'':6}{columns}")
    for media, paths in sorted(_by_type(folder).items()):
        with tempfile.TemporaryDirectory() as temporary:
            _measure(media, paths, Path(temporary), kind, effort, score=score)


def _measure(
    media: MediaType, paths: list[Path], folder: Path, kind: str, effort: str, *, score: bool
) -> None:
    source, out = folder / "in", folder / "out"
    source.mkdir()
    for number, path in enumerate(paths):
        shutil.copyfile(path, source / f"{number:05}{path.suffix}")
    report = folder / "report.json"
    cost = timing.ir_build(
        "optimize", source, "--out", out, "--compression-type", kind, "--effort", effort,
        "--report", report, cache=folder / "cache",
    )  # fmt: skip
    totals = json.loads(report.read_text())["totals"]
    quality = ""
    if score and media in _RASTERS:
        pairs = [(path, out / path.name) for path in sorted(source.iterdir())]
        changed = [pair for pair in pairs if pair[0].read_bytes() != pair[1].read_bytes()]
        with ProcessPoolExecutor() as pool:
            scores = [100.0] * (len(pairs) - len(changed)) + list(pool.map(_score, changed))
        low = float(np.percentile(scores, 5))
        quality = f"{np.mean(scores):6.1f}{low:11.1f}{min(scores):7.1f}"
    print(
        f"{media:6}{totals['files']:5}{totals['before'] / 1e6:7.1f}"
        f"{totals['after'] / totals['before']:8.3f}{cost.cpu:7.1f}{quality:24}"
        f"{totals['kept']:6}{totals['failed']:8}"
    )
