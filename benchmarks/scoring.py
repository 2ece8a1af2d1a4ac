"""SSIMULACRA2 of files against their originals, as a viewer shows them."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

_TOOL = shutil.which("ssimulacra2")
_PACKAGE = importlib.util.find_spec("ssimulacra2") is not None
#: where the scores come from: libjxl's own tool when it is on the path
METRIC = (
    f"{_TOOL} (libjxl)"
    if _TOOL
    else "the package ssimulacra2"
    if _PACKAGE
    else "the engine's own implementation"
)
#: the score of what has another size or cannot be opened
BROKEN = -1000.0


def shown(path: Path) -> Image.Image:
    """The picture as a viewer shows it: first frame, turned, in sRGB."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
    profile = image.info.get("icc_profile")
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    colours = _colours(image)
    if profile:
        # One for another kind of picture is ignored, as viewers do.
        with contextlib.suppress(ImageCms.PyCMSError):
            colours = ImageCms.profileToProfile(
                colours, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
    colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _colours(image: Image.Image) -> Image.Image:
    """The picture without its transparency, as a profile is for: grey, CMYK or RGB."""
    if image.mode.startswith("I;16"):
        # Pillow cuts off the lower half of coloured samples and clips grey ones.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("1", "L", "LA"):
        return image.convert("L")
    return image if image.mode == "CMYK" else image.convert("RGBA").convert("RGB")


def score(pair: tuple[Path, Path]) -> float:
    """The score of the second file against the first, the worse of a dark and a light page."""
    if pair[0].read_bytes() == pair[1].read_bytes():
        return 100.0
    try:
        one, two = (shown(path) for path in pair)
    except OSError:
        return BROKEN
    if one.size != two.size:
        return BROKEN
    if one.mode != two.mode:
        one, two = one.convert("RGBA"), two.convert("RGBA")
    if one.tobytes() == two.tobytes():
        return 100.0
    shades = (26, 230) if one.mode == "RGBA" else (0,)
    return min(of_pictures(_flat(one, shade), _flat(two, shade)) for shade in shades)


def scores(pairs: list[tuple[Path, Path]]) -> list[float]:
    """The scores of many pairs, on all processors."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(score, pairs))


def of_pictures(one: Image.Image, two: Image.Image) -> float:
    """The score of an opaque picture against another of its size."""
    if not (_TOOL or _PACKAGE):
        from ir_build.quality import Reference  # noqa: PLC0415

        return Reference(np.asarray(one)).score(np.asarray(two))
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{name}.png" for name in ("one", "two")]
        for image, file in zip((one, two), files, strict=True):
            image.save(file, compress_level=1)
        if _TOOL:
            return float(subprocess.check_output([_TOOL, *files]).split()[0])
        from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415

        return float(compute_ssimulacra2(*files))


def _flat(image: Image.Image, shade: int) -> Image.Image:
    """The picture on a grey page; the reference knows no transparency of these shades."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGBA", image.size, (shade, shade, shade, 255))
    return Image.alpha_composite(page, image).convert("RGB")
