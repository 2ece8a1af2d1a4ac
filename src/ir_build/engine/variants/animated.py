"""An animated GIF as animated WebP or AVIF, and a still of its first frame."""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...errors import FileSkipped, Reason
from ...formats import MediaType
from ...marker import mark
from ...options import Compression, Effort
from ...quality import Reference
from ...quality.coloured import ColouredPlaces
from ...quality.pages import shown
from ...quality.ssimulacra2 import of_both
from ...variant import Variant
from ..gif import file as gif_file
from ..gif.frames_shown import indices
from ..png import codec as png_codec
from ..shared import raster
from ..webp import coding as webp_coding
from .lossy import FINER_COLOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ...options import Options
    from ...variant import Wanted
    from ..gif.file import GifFile

# The most pixels in all frames of an animation that is coded at all, and of one that is coded with loss. All frames
# are in memory, at 3 or 4 bytes a pixel. Not fitted: these limit memory and CPU time, and longer animations stay GIF.
_CODED = {Effort.FAST: 100_000_000, Effort.DEFAULT: 200_000_000, Effort.BEST: 200_000_000}
_LOSSY = {Effort.FAST: 0, Effort.DEFAULT: 20_000_000, Effort.BEST: 60_000_000}
# The qualities that are tried, from the lowest on, until every frame keeps the promise. The lowest one is what most
# still pictures need (`lossy._SCALES`). Not fitted: smaller steps may save bytes, but each takes the CPU time of
# another file.
_QUALITIES = {MediaType.AVIF: (62, 72, 82, 92), MediaType.WEBP: (80, 88, 94)}
# The speed of libaom. Not fitted: a lower one takes a multiple of the CPU time (`lossy._AVIF_SPEEDS` has numbers),
# and animations have many frames.
_SPEED = 8
# About so many frames are compared first, and then all the others. Not fitted: the result is the same for any number.
# A file that fails is given up sooner.
_LOOKED_AT = 4
# When a frame asks for fewer than `_SHORTEST` hundredths of a second, browsers show it for `_SLOWED` milliseconds
# (a rule of Gecko, Blink and WebKit).
_SLOWED, _SHORTEST = 100, 2
# What a GIF asks for after a frame (GIF89a specification, 23, disposal method): its place is cleared, or what was
# there before is put back.
_CLEARED, _PUT_BACK = 2, 3
# The extension for loop counts of Netscape, and another name of it. It counts repeats. WebP counts how often the
# animation runs, which is one more, in 16 bits. The largest count would not fit into these, so it becomes no end.
_REPEATS = re.compile(rb"(?:NETSCAPE2\.0|ANIMEXTS1\.0)\x03\x01(..)", re.DOTALL)
_MOST_REPEATS = 0xFFFF
# The flag for transparency in a VP8X chunk (RFC 9649, 2.7).
_ALPHA = 0x10


@dataclass(frozen=True, slots=True)
class _Animation:
    """What a GIF shows."""

    frames: list[Image.Image]  #: all RGB, or all RGBA if one of them is transparent
    durations: list[int]  #: milliseconds
    plays: int  #: how often it runs; 0 for without end


def variants(data: bytes, options: Options, wanted: Wanted) -> list[Variant]:
    """Make the files for the animated GIF `data`; none if no file is small enough.

    Raises `FileSkipped`, also when the animation is too long, `CorruptFile` and `TooLarge`.
    """
    animation = _read(gif_file.parse(data), options)
    first = animation.frames[0]
    limit = (1 - wanted.smaller) * wanted.shipped
    made: list[Variant] = []
    for media in wanted.formats:
        coded = _coded(animation, media, options, limit)
        if coded is not None and len(made) < wanted.most - wanted.still:
            made.append(Variant(media=media, width=first.width, height=first.height, data=coded))
    if wanted.still and wanted.most:
        made.append(_still(first, options, wanted))
    return made


def _read(file: GifFile, options: Options) -> _Animation:
    raster.check_size(file.width, file.height, options.max_pixels)
    if len(file.frames) * file.width * file.height > _CODED[options.effort]:
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "too long an animation")
    frames = [_compact(Image.fromarray(canvas)) for canvas in _canvases(file)]
    if any(frame.mode == "RGBA" for frame in frames):
        frames = [frame.convert("RGBA") for frame in frames]
    delays = [frame.control.delay for frame in file.frames]
    durations = [10 * delay if delay >= _SHORTEST else _SLOWED for delay in delays]
    return _Animation(frames, durations, _plays(file))


def _compact(canvas: Image.Image) -> Image.Image:
    return canvas.convert("RGB") if raster.opaque(canvas) else canvas


def _plays(file: GifFile) -> int:
    """How often the GIF runs; 0 for without end. The file itself does not count the first time."""
    said = b"".join([*(frame.extensions for frame in file.frames), file.rest])
    found = {int.from_bytes(one, "little") for one in _REPEATS.findall(said)}
    if len(found) > 1:
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "several loop counts")
    repeats = found.pop() if found else None
    if repeats is None:
        return 1
    return 0 if repeats in (0, _MOST_REPEATS) else repeats + 1


def _canvases(file: GifFile) -> Iterator[NDArray[np.uint8]]:
    """The canvas after each frame, as browsers show it: height x width x 4 (red, green, blue, alpha)."""
    canvas = np.zeros((file.height, file.width, 4), np.uint8)
    for frame in file.frames:
        part = canvas[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
        before = part.copy()
        pixels = indices(frame)[: part.shape[0], : part.shape[1]]
        drawn = pixels != frame.control.transparent
        part[drawn] = _colours(frame.table or file.table, pixels[drawn])
        yield canvas.copy()
        if frame.control.disposal == _CLEARED:
            part[:] = 0
        elif frame.control.disposal == _PUT_BACK:
            part[:] = before


def _colours(table: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    colours = np.full((len(table) // 3, 4), 255, np.uint8)
    colours[:, :3] = np.frombuffer(table, np.uint8).reshape(-1, 3)
    if pixels.size and pixels.max() >= len(colours):
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "an index without a colour")
    return colours[pixels]


def _coded(animation: _Animation, media: MediaType, options: Options, limit: float) -> bytes | None:
    """The shortest file of type `media` in at most `limit` bytes; None when there is none."""
    files = []
    if media is MediaType.WEBP:
        files.append(_saved(animation, media, lossless=True, quality=100))
    first, *_ = animation.frames
    pixels = len(animation.frames) * first.width * first.height
    if (
        options.compression_type is Compression.LOSSY
        and media in _QUALITIES
        and pixels <= _LOSSY[options.effort]
        and raster.can_be_scored(*first.size)
        # libavif can store how often an animation runs, but Pillow has no setting for it.
        and (media is MediaType.WEBP or animation.plays == 0)
    ):
        lossy = _lossy(animation, media, options, min(limit, *map(len, files), limit))
        files += [] if lossy is None else [lossy]
    return min((one for one in files if len(one) <= limit), key=len, default=None)


def _lossy(animation: _Animation, media: MediaType, options: Options, limit: float) -> bytes | None:
    """The file at the lowest of `_QUALITIES` at which every frame keeps the promise; None when there is none."""
    frames = animation.frames
    every = max(1, len(frames) // _LOOKED_AT)
    order = sorted(range(len(frames)), key=lambda number: number % every != 0)
    for quality in _QUALITIES[media]:
        data = _saved(animation, media, quality=quality)
        if len(data) > limit:
            return None
        seen = _frames_of(data, media, animation)
        if seen and all(_holds(frames[at], seen[at], options.quality) for at in order):
            return data
    return None


def _holds(before: Image.Image, after: Image.Image, target: float) -> bool:
    """Whether the frame `after` reaches the score `target`, and all its places keep their colours."""
    one, other = raster.pixels(before), raster.pixels(after)
    if of_both(*Reference(one, keep=False).scores(other)) < target:
        return False
    return not any(
        ColouredPlaces(page, target).moved(new_page) for _, page, new_page in shown(one, other)
    )


def _saved(animation: _Animation, media: MediaType, **how: int) -> bytes:
    first, *others = animation.frames
    if media is MediaType.AVIF:
        how |= {"speed": _SPEED, "max_threads": 1}
        extra: dict[str, object] = {"subsampling": "4:4:4", "advanced": FINER_COLOUR}
    else:
        # There are no key frames but the first. Players need others only to begin in the middle.
        how |= {"method": 4, "kmin": 0, "kmax": 0, "loop": animation.plays}
        extra = {}
    buffer = io.BytesIO()
    first.save(
        buffer,
        media.upper(),
        save_all=True,
        append_images=others,
        duration=animation.durations,
        **how,
        **extra,
    )
    data = buffer.getvalue()
    if media is MediaType.WEBP and first.mode == "RGBA" and data[12:16] == b"VP8X":
        data = _transparent(data)
    return mark(data, media)


def _transparent(webp: bytes) -> bytes:
    """The file with the flag for transparency.

    libwebp sets it only if a frame has transparent pixels. But the canvas around frames may be transparent, too.
    """
    return webp[:20] + bytes([webp[20] | _ALPHA]) + webp[21:]


def _frames_of(data: bytes, media: MediaType, animation: _Animation) -> list[Image.Image]:
    """What the file `data` shows for each frame of the animation; empty if its frames change at other times."""
    coded = raster.decode(data, media.upper())
    found: list[Image.Image] = []
    ends = np.cumsum(animation.durations).tolist()
    end = 0
    for number in range(getattr(coded, "n_frames", 1)):
        coded.seek(number)
        coded.load()
        end += round(coded.info["duration"])
        image = coded.convert(animation.frames[0].mode)
        # The encoder stores equal frames that follow each other as one.
        found += [image] * (bisect_right(ends, end) - len(found))
        if not found or ends[len(found) - 1] != end:
            return []
    return found


def _still(frame: Image.Image, options: Options, wanted: Wanted) -> Variant:
    """The picture `frame` without loss: as PNG, or as WebP if that is wanted and shorter."""
    buffer = io.BytesIO()
    frame.save(buffer, "PNG", compress_level=1)
    exactly = replace(options, compression_type=Compression.LOSSLESS, resize=None)
    files = {MediaType.PNG: png_codec.compress(buffer.getvalue(), exactly).data}
    if MediaType.WEBP in wanted.formats:
        files[MediaType.WEBP] = webp_coding.lossless(frame, Effort.FAST).file()
    media = min(files, key=lambda one: len(files[one]))
    return Variant(
        media=media, width=frame.width, height=frame.height, data=files[media], still=True
    )
