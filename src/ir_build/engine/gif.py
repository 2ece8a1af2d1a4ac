"""GIF, still and animated: the same frames, each with a better coding, and no comments.

Lossy GIF is not attempted: frames, delays, disposal and loop are exactly the original's.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from ..candidate import Candidate
from ..errors import CorruptFile, TooLarge
from . import giffile, raster

if TYPE_CHECKING:
    from ..options import Options
    from .giffile import Frame, GifFile

# Pixels of all frames: more are not coded anew, and much more are not decoded at all.
_CODED_PIXELS = 400_000_000
_MAX_FRAMES_PIXELS = 4_000_000_000


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest GIF that stands for `data`."""
    file = giffile.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    for frame in file.frames:
        raster.check_size(frame.width, frame.height, options.max_pixels)
    area = sum(frame.width * frame.height for frame in file.frames)
    if len(file.frames) * file.width * file.height > _MAX_FRAMES_PIXELS:
        raise TooLarge(
            f"{len(file.frames)} frames of {file.width} x {file.height} pixels, "
            f"more than {_MAX_FRAMES_PIXELS} altogether"
        )
    frames = file.frames
    if area <= _CODED_PIXELS:
        frames = tuple(_coded(file, frame) for frame in frames)
    notes = (f"stripped {', '.join(file.stripped)}",) if file.stripped else ()
    size = (file.width, file.height)
    if options.resize and options.resize.fit(*size) != size:
        notes = (*notes, "not resized: GIF")
    return Candidate(file.encode(frames), lossy=False, notes=notes)


def _coded(file: GifFile, frame: Frame) -> Frame:
    """The frame with the shorter one of its own coding and Pillow's."""
    table = frame.table or file.table or bytes(768)
    alone = replace(frame, control=b"", left=0, top=0, table=b"")
    size = frame.width.to_bytes(2, "little") + frame.height.to_bytes(2, "little")
    depth = (len(table) // 3).bit_length() - 2
    still = b"".join((b"GIF89a", size, bytes((0x80 | depth, 0, 0)), table, alone.encode(), b"\x3b"))
    image = raster.decode(still, "GIF")
    if image.mode not in ("P", "L"):
        raise CorruptFile("a frame is not indexed")
    indices = Image.frombytes("P", image.size, image.tobytes())
    highest = max(index for index, used in enumerate(indices.histogram()) if used)
    if highest * 3 >= len(table):
        return frame  # an index without a colour: viewers differ, so nothing is touched
    # A palette of just the colours in use makes Pillow begin with the shortest codes.
    indices.putpalette(table[: 3 * (highest + 1)])
    buffer = BytesIO()
    indices.save(buffer, "GIF", optimize=False, interlace=False)
    (coded,) = giffile.parse(buffer.getvalue()).frames
    if len(coded.codes) >= len(frame.codes):
        return frame
    return replace(frame, interlaced=False, code_size=coded.code_size, codes=coded.codes)
