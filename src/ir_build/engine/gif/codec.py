"""GIF, still and animated: the same pictures at the same times, drawn and coded in fewer bytes.

Lossless coding keeps every canvas. Lossy coding may use fewer colours, as far as the score allows it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...candidate import Candidate
from ...errors import TooLarge
from ...options import Compression, Effort
from ..shared import raster
from . import coding
from . import file as gif_file
from .changes import all_stay
from .frames_shown import Unclear, indices
from .redraw import redraw

if TYPE_CHECKING:
    from ...options import Options
    from .file import GifFile, GifFrame

# Pixels of all frames. A file with more than the first number is not coded anew. A file with more than the
# second is not even decoded. Not fitted: a worker has no time for more.
_CODED_PIXELS = 400_000_000
_MAX_FRAMES_PIXELS = 4_000_000_000
# Pixels of all canvases up to which fewer colours are tried, by effort. docs/effort.md draws what that gains:
# `python benchmarks FOLDER --curve effort.svg`.
_SCORED_PIXELS = {Effort.FAST: 0, Effort.DEFAULT: 100_000_000, Effort.BEST: 400_000_000}
# A lossy result must be smaller than the exact one by this share. Less is not worth the quality. This is
# a choice: not fitted.
_WORTH_LOSS = 0.10


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest GIF that stands for `data`.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` for a file that must stay as it is.
    """
    file = gif_file.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    for frame in file.frames:
        raster.check_size(frame.width, frame.height, options.max_pixels)
    canvases = len(file.frames) * file.width * file.height
    if canvases > _MAX_FRAMES_PIXELS:
        raise TooLarge(
            f"{len(file.frames)} frames of {file.width} x {file.height} pixels, "
            f"more than {_MAX_FRAMES_PIXELS} altogether"
        )
    notes = (f"stripped {', '.join(file.stripped)}",) if file.stripped else ()
    size = (file.width, file.height)
    if options.resize and options.resize.fit(*size) != size:
        notes = (*notes, "not resized: GIF")
    best = min(_candidates(file, canvases, thorough=options.effort is Effort.BEST), key=len)
    lossy = _lossy(file, canvases, options)
    if lossy is not None and len(lossy) < (1 - _WORTH_LOSS) * min(len(best), len(data)):
        return Candidate(lossy, lossy=True, notes=(*notes, "fewer colours"))
    if len(best) >= len(data):
        return Candidate(data, lossy=False)
    return Candidate(best, lossy=False, notes=notes)


def _lossy(file: GifFile, canvases: int, options: Options) -> bytes | None:
    if (
        options.compression_type is not Compression.LOSSY
        or not raster.can_be_scored(file.width, file.height)
        or canvases > _SCORED_PIXELS[options.effort]
        or not _is_clear(file)
    ):
        return None
    from .palette import reduced  # noqa: PLC0415  (It needs the score, and lossless coding does not.)

    try:
        fewer = reduced(file, options.quality)
        thorough = options.effort is Effort.BEST
        return None if fewer is None else redraw(fewer, thorough=thorough).encode()
    except Unclear:
        return None


def _candidates(file: GifFile, canvases: int, *, thorough: bool) -> list[bytes]:
    found = [file.encode()]
    if canvases <= _CODED_PIXELS and _is_clear(file):
        try:
            return [*found, redraw(file, thorough=thorough).encode()]
        except Unclear:
            pass
    if sum(frame.width * frame.height for frame in file.frames) <= _CODED_PIXELS:
        frames = tuple(_coded(frame) for frame in file.frames)
        found.append(replace(file, frames=frames).encode())
    return found


def _is_clear(file: GifFile) -> bool:
    """Whether each frame is drawn over the ones before it, and all viewers agree on what is seen.

    If a frame has no transparent index, some viewers show a colour of the file where no frame has drawn.
    """
    first, *_ = file.frames
    covered = (first.width, first.height) == (file.width, file.height)
    return (
        all_stay(file)
        and (covered or first.control.transparent is not None)
        and all(
            frame.left + frame.width <= file.width and frame.top + frame.height <= file.height
            for frame in file.frames
        )
    )


def _coded(frame: GifFrame) -> GifFrame:
    """The frame with the same pixels, as its file codes them or as we do, whichever is shorter."""
    pixels = indices(frame)
    size = coding.code_size(int(pixels.max()))
    codes = coding.lzw(pixels, size)
    if len(codes) >= len(frame.codes):
        return frame
    return replace(frame, interlaced=False, code_size=size, codes=codes)
