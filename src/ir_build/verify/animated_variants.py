"""Compare an animation with its original, a GIF: each canvas at its time."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..errors import CorruptFile, TooLarge
from ..formats import MediaType
from . import look
from .compare import alike
from .raster import slack

if TYPE_CHECKING:
    from ..options import Options
    from .decoded import Picture
    from .gif_screen import GifScreen

# When a frame asks for at most `_TOO_FAST` hundredths of a second, browsers show it for `_SLOWED` milliseconds
# (a rule of Gecko, Blink and WebKit).
_SLOWED, _TOO_FAST = 100, 1
# The largest loop count of a GIF. One more does not fit into a WebP, so that it becomes no end.
_MOST_REPEATS = 0xFFFF


def animation(before: GifScreen, after: Picture, media: MediaType, options: Options) -> str:
    """Why `after`, a file of type `media`, does not show the animation `before`, in words; empty when it does.

    Raises `CorruptFile` when `before` cannot be decoded.
    """
    shows = _Shows(after)
    looked_at = look.frames_looked_at(len(before.delays), before.size[0] * before.size[1])
    ends = accumulate(_SLOWED if delay <= _TOO_FAST else 10 * delay for delay in before.delays)
    for number, (canvas, end) in enumerate(zip(before.canvases(), ends, strict=True)):
        one = Image.fromarray(canvas)
        try:
            other = shows.until(end)
        except (CorruptFile, TooLarge) as broken:
            return f"the new file {broken.message}"
        if other is None:
            return f"frame {number + 1} is shown at another time"
        difference = _difference(one, other, media, options, closely=number in looked_at)
        if difference:
            return f"frame {number + 1}: {difference}"
    if not shows.is_over(end):
        return "it goes on after the last frame"
    return _repeats(before, after, media)


class _Shows:
    """The frames of an animation, in the order of their times."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._next = 0
        self._asked = self._end = 0.0
        self._frame: Image.Image | None = None

    def until(self, end: float) -> Image.Image | None:
        """The frame that is shown from the `end` of the last call to this one, in milliseconds.

        It is None if two frames are shown in that time.
        """
        if self._asked == self._end and self._next < self._picture.frames:
            self._frame = self._picture.frame(self._next).convert("RGBA")
            self._end += self._picture.duration()
            self._next += 1
        self._asked = end
        return self._frame if end <= self._end else None

    def is_over(self, end: float) -> bool:
        """Whether the animation ends at `end`, in milliseconds."""
        return self._next == self._picture.frames and self._end == end


def _difference(
    one: Image.Image, other: Image.Image, media: MediaType, options: Options, *, closely: bool
) -> str:
    before, after = (np.array(image) for image in (one, other))
    for pixels in (before, after):
        # Each decoder gives transparent pixels a colour of its own.
        pixels[pixels[..., 3] == 0] = 0
    if np.array_equal(before, after):
        return ""
    difference = alike(one, other, None, slack=slack(options))
    if not difference and closely:
        difference = look.difference(one, other, media, options.quality)
    return difference


def _repeats(before: GifScreen, after: Picture, media: MediaType) -> str:
    """How often `after` runs, in words, if that is not as often as `before`; empty if it is."""
    # The count of a GIF does not include the first time. In `plays` it does, and 0 means without end.
    repeats = before.loops[-1] if before.loops else None
    plays = 1 if repeats is None else repeats and repeats + 1
    if repeats == _MOST_REPEATS:
        plays = 0
    # Pillow does not tell how often an AVIF runs. The engine makes AVIF only of animations without end.
    found = after.loop if media is MediaType.WEBP else 0
    return "" if found == plays else f"it runs {found} times instead of {plays} (0: without end)"
