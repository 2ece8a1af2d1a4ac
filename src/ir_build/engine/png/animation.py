"""APNG: the pixels of each frame are packed anew. Its place, its time and the way it is shown stay.

Source: PNG, third edition, 4.9 and 11.3.6. All frames share one header, palette and colour type. So none
of these changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...containers.png_chunks import SIGNATURE, PngChunk
from ...errors import FileSkipped, Reason
from . import coding

if TYPE_CHECKING:
    from ...options import Options
    from .file import Extras, PngFile

# Pixels of all frames. To pack a million takes about a quarter of a CPU second, and more in noise
# (`python benchmarks FOLDER --lossless`). So more pixels take most of the time that a worker has.
_CODED_PIXELS = 100_000_000
_CONTROL_SIZE = 26  # bytes of an fcTL chunk (11.3.6.2)
# The chunks of an animation, and their order.
_PARTS = {b"acTL": "a", b"fcTL": "c", b"IDAT": "I", b"fdAT": "f"}
_ORDER = re.compile(r"ac?I+(cf+)*")


@dataclass(slots=True)
class _ApngFrame:
    """A frame, or the picture for viewers that know no animation."""

    control: bytes | None  #: its fcTL without the sequence number
    size: bytes  #: width and height as they are stored
    data: bytearray = field(default_factory=bytearray)  #: its pixels, deflated

    @property
    def pixels(self) -> int:
        return int.from_bytes(self.size[:4], "big") * int.from_bytes(self.size[4:], "big")


def recompressed(file: PngFile, kept: Extras, options: Options) -> bytes:
    """The same frames in fewer bytes, with the chunks that are `kept` beside them.

    Raises `CorruptFile`, and `FileSkipped` if chunks are out of order, or if a file is interlaced or too large.
    """
    header = file.chunks[0].data
    if header[12]:
        # The verifier decodes by Pillow, and Pillow does not decode interlaced frames.
        raise _skipped("interlaced")
    pictures = _pictures(file)
    pixels = sum(one.pixels for one in pictures)
    if pixels > _CODED_PIXELS:
        raise _skipped(f"{len(pictures)} frames of {pixels} pixels altogether")
    shared = [PngChunk(kind, data) for kind in (b"PLTE", b"tRNS") if (data := file.find(kind))]
    chunks = [PngChunk(b"IHDR", header), *kept.before, *shared]
    chunks += [one for one in file.chunks if one.kind == b"acTL"]
    number = 0
    for at, picture in enumerate(pictures):
        alone = [
            PngChunk(b"IHDR", picture.size + header[8:]),
            *shared,
            PngChunk(b"IDAT", bytes(picture.data)),
        ]
        packed = coding.recompressed(
            SIGNATURE + b"".join(one.encode() for one in (*alone, PngChunk(b"IEND", b""))),
            coding.Types.FIXED,
            options.effort,
            # A frame has no more data than its own pixels.
            picture.pixels,
            among=pixels,
        )
        if picture.control is not None:
            chunks.append(PngChunk(b"fcTL", number.to_bytes(4, "big") + picture.control))
            number += 1
        data = coding.deflated(packed)
        if at:
            chunks.append(PngChunk(b"fdAT", number.to_bytes(4, "big") + data))
            number += 1
        else:
            chunks.append(PngChunk(b"IDAT", data))
    chunks += [*kept.after, PngChunk(b"IEND", b"")]
    return SIGNATURE + b"".join(one.encode() for one in chunks)


def _pictures(file: PngFile) -> list[_ApngFrame]:
    """The first picture and the frames after it. Raises `FileSkipped` if viewers differ on them."""
    parts = [one for one in file.chunks if one.kind in _PARTS]
    controls = [one for one in parts if one.kind == b"fcTL"]
    numbers = [one.data[:4] for one in parts if one.kind in (b"fcTL", b"fdAT")]
    canvas = file.chunks[0].data[:8]
    if (
        not _ORDER.fullmatch("".join(_PARTS[one.kind] for one in parts))
        or numbers != [at.to_bytes(4, "big") for at in range(len(numbers))]
        or parts[0].data[:4] != len(controls).to_bytes(4, "big")
        or any(len(one.data) != _CONTROL_SIZE for one in controls)
        or (parts[1].kind == b"fcTL" and parts[1].data[4:12] != canvas)
    ):
        raise _skipped("whose chunks are not in the order of its frames")
    pictures: list[_ApngFrame] = []
    control = None
    for part in parts[1:]:
        if part.kind == b"fcTL":
            control = part.data[4:]
            if pictures:
                pictures.append(_ApngFrame(control, control[:8]))
        elif part.kind == b"fdAT":
            pictures[-1].data += part.data[4:]
        else:
            if not pictures:
                pictures.append(_ApngFrame(control, canvas))
            pictures[0].data += part.data
    return pictures


def _skipped(what: str) -> FileSkipped:
    return FileSkipped(Reason.UNSUPPORTED_VARIANT, f"animated (APNG), {what}")
