"""Animated WebP: each frame is coded again. Places, times, blending and disposal stay as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...errors import CorruptFile
from ...options import Compression, Effort
from ..shared import raster
from ..shared.scorer import target_of_resized
from . import coding
from .file import WebPFile, WebPFrame

if TYPE_CHECKING:
    from PIL import Image

    from ...options import Options

#: Frames are coded again if they have up to so many pixels together, by effort. Not fitted: a limit for the CPU
#: time.
_AFFORDABLE = {Effort.FAST: 0, Effort.DEFAULT: 12_000_000, Effort.BEST: 40_000_000}
#: If there are more frames than this, none is coded again. Not fitted: each takes some time, however small.
_MAX_FRAMES = 2_000
#: ANMF flags: the frame replaces what is there, and stays there (RFC 9649, 2.7.1.1).
_REPLACE = 0x02


def compress(
    file: WebPFile, options: Options
) -> tuple[WebPFile | None, WebPFile | None, tuple[str, ...]]:
    """The animation coded without loss, the one coded with loss, and notes on both.

    One of the two may be None: the first if frames were resized, the second if it is no other than the first
    or is not asked for. Raises `CorruptFile` and `TooLarge`.
    """
    for frame in file.frames:
        raster.check_size(frame.image.width, frame.image.height, options.max_pixels)
    resized = options.resize is not None and options.resize.fit(file.width, file.height)
    if resized and resized != (file.width, file.height):
        work = len(file.frames) * file.width * file.height
        if work <= _AFFORDABLE[Effort.BEST]:
            return None, _resized(file, resized, options), ()
        return file, None, ("too long an animation to resize",)
    work = sum(frame.image.width * frame.image.height for frame in file.frames)
    if work > _AFFORDABLE[options.effort] or len(file.frames) > _MAX_FRAMES:
        return file, None, ()
    exact: list[WebPFrame] = []
    lossy: list[WebPFrame] = []
    quality = 75
    for frame in file.frames:
        image = coding.decode(frame.image)
        # Most frames are small differences. The slowest method gains only 1 or 2 % on these.
        effort = options.effort if options.effort is Effort.BEST else Effort.FAST
        stream, _ = coding.again_without_loss(frame.image, image, effort, total=work)
        exact.append(replace(frame, image=stream))
        if (
            options.compression_type is Compression.LOSSY
            and not stream.lossless
            and raster.can_be_scored(*image.size)
        ):
            coded = coding.up_to_score(
                image, options.quality, options.effort, alpha=stream.alpha, guess=quality
            )
            if coded is not None and len(coded[0].data) < len(stream.data):
                stream, quality = coded
        lossy.append(replace(frame, image=stream))
    if lossy == exact:
        return replace(file, frames=tuple(exact)), None, ()
    return replace(file, frames=tuple(exact)), replace(file, frames=tuple(lossy)), ()


def _resized(file: WebPFile, size: tuple[int, int], options: Options) -> WebPFile:
    """Each frame as it is shown, resized. Only the part that differs from the frame before is coded."""
    shown = raster.decode(file.write(), "WEBP")
    lossless = all(frame.image.lossless for frame in file.frames)
    frames: list[WebPFrame] = []
    before: Image.Image | None = None
    for number, frame in enumerate(file.frames):
        try:
            shown.seek(number)
            image = raster.resized(shown.convert("RGBA"), size)
        except (OSError, EOFError) as error:
            raise CorruptFile(f"frame {number + 1} cannot be decoded") from error
        box = _changed(before, image)
        part = image.crop(box)
        part = part.convert("RGB") if raster.opaque(part) else part
        coded = None
        if not lossless and raster.can_be_scored(*part.size):
            coded = coding.up_to_score(part, target_of_resized(options), options.effort)
        if coded is not None:
            stream = coded[0]
        elif lossless:
            stream = coding.lossless(part, Effort.FAST)
        else:
            stream = coding.lossy(part, 100, options.effort)
        fields = (box[0] // 2, box[1] // 2, part.width - 1, part.height - 1)
        header = b"".join(field.to_bytes(3, "little") for field in fields)
        frames.append(WebPFrame(header + frame.header[12:15] + bytes([_REPLACE]), stream))
        before = image
    return replace(file, width=size[0], height=size[1], frames=tuple(frames))


def _changed(before: Image.Image | None, image: Image.Image) -> tuple[int, int, int, int]:
    """The smallest box around every pixel that differs: left, top, right and bottom. Left and top are even."""
    if before is None:
        return 0, 0, image.width, image.height
    differs = (np.asarray(before) != np.asarray(image)).any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not rows.size:
        return 0, 0, 1, 1
    left, top = int(columns[0]) & ~1, int(rows[0]) & ~1
    return left, top, int(columns[-1]) + 1, int(rows[-1]) + 1
