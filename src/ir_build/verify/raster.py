"""Verify a raster candidate: it has the same size, frames, timing, transparency and colours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..errors import CorruptFile, TooLarge
from ..formats import MediaType
from ..options import Compression
from . import avif, look
from .colour import readings, shown_in_srgb
from .compare import alike, deep, equal
from .decoded import Picture
from .verdict import Verdict, differs

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from ..candidate import Candidate
    from ..options import Options
    from .colour import Reading

    Compare = Callable[[Image.Image, Image.Image, tuple[Reading, Reading] | None], str]

# The limits of `similarity` were chosen for this SSIMULACRA2 score. They get wider for lower scores. Not fitted:
# they only have to find another picture, and `look` compares how pictures look.
_GOOD_QUALITY = 60.0


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:
    """Whether `candidate` looks like `original`, a file of type `media`, and is equal to it if nothing may be lost.

    Raises `CorruptFile` or `TooLarge` for the original.
    """
    before = Picture(original, media, options.max_pixels)
    lossless = not candidate.lossy or options.compression_type is Compression.LOSSLESS
    score = None
    try:
        after = Picture(candidate.data, media, options.max_pixels)
        difference = _properties(before, after, options, lossless=lossless)
        if not difference and lossless and after.size == before.size:
            difference = _frames(before, after, partial(equal, unseen=_has_unseen(before, media)))
            if not difference and media is MediaType.AVIF:
                difference = _parts(original, candidate.data)
            elif not difference and before.frames == 1 and before.depth > 8:
                difference = deep(original, candidate.data)
        elif not difference:
            difference = _frames(before, after, partial(alike, slack=slack(options)))
            if not difference and after.size == before.size:
                looks = _looks(before, after, media, options.quality)
                difference, score = looks.difference, looks.score
    except _OriginalBroken as broken:
        raise broken.error from broken
    except (CorruptFile, TooLarge) as broken:
        return differs(f"the new file {broken.message}")
    return differs(difference) if difference else Verdict(ok=True, score=score)


def slack(options: Options) -> float:
    """What the limits of `similarity` are multiplied by: 1 for a good quality, up to 2 for the lowest one."""
    return 1 + max(0.0, _GOOD_QUALITY - options.quality) / _GOOD_QUALITY


def _has_unseen(picture: Picture, media: MediaType) -> bool:
    # The decoder chooses the colour of a transparent pixel when it lays frames over frames.
    return picture.frames > 1 or media is MediaType.GIF


def _parts(original: bytes, candidate: bytes) -> str:
    """The difference between the coded pictures of two AVIF files, in words; empty for none.

    They are compared as bytes, because Pillow shows 8 bits a sample only.
    """
    before = avif.coded(original)
    if before is None or before != avif.coded(candidate):
        return "the coded pictures or their properties differ"
    return ""


class _OriginalBroken(Exception):
    """The original, not the candidate, turned out to be broken."""

    def __init__(self, error: CorruptFile | TooLarge) -> None:
        super().__init__(error)
        self.error = error


def _properties(before: Picture, after: Picture, options: Options, *, lossless: bool) -> str:
    """The difference that the headers tell, in words; empty for none."""
    # Some pictures are not resized: animations and CMYK. So their own size is right, too.
    expected = before.size
    if options.resize and after.size != before.size:
        expected = options.resize.fit(*before.size)
    if after.size != expected:
        return (
            f"{_size(expected)} pixels became {_size(after.size)}"
            if expected == before.size
            else f"{_size(before.size)} pixels should become {_size(expected)}, "
            f"not {_size(after.size)}"
        )
    if after.frames != before.frames:
        return f"{before.frames} frame{'s'[: before.frames - 1]} became {after.frames}"
    if after.size == before.size and after.shown_size != before.shown_size:
        return f"shown at {_size(after.shown_size)} instead of {_size(before.shown_size)}"
    if {before.inverted, after.inverted} == {True, False}:
        return "its four colours would be taken for inverted ones, or for others"
    if after.gain_map != before.gain_map:
        return "the gain map for brighter screens was lost or added"
    # A power instead of sRGB's curve scores over 90, but it is not the same.
    respelled = lossless and after.colours.spelled != before.colours.spelled
    if respelled or after.colours.tag != before.colours.tag:
        return "the colour tags (cICP, gAMA, cHRM) changed"
    return ""


def _frames(before: Picture, after: Picture, compare: Compare) -> str:
    """The first difference in pixels or timing of any frame, in words; empty for none."""
    animated = before.frames > 1
    for number in range(before.frames):
        try:
            one = before.frame(number)
        except CorruptFile as error:
            raise _OriginalBroken(error) from error
        other = after.frame(number)
        where = f"frame {number + 1}: " if animated else ""
        if animated and before.duration() != after.duration():
            return f"{where}{before.duration():g} ms became {after.duration():g} ms"
        reading = readings(before.colours, one.mode, after.colours, other.mode)
        if before.orientation != after.orientation:
            one, other = before.upright(one), after.upright(other)
        if difference := compare(one, other, reading):
            return where + difference
    if animated and before.loop != after.loop:
        return f"a loop count of {before.loop} became {after.loop}"
    return ""


def _looks(before: Picture, after: Picture, media: MediaType, quality: float) -> look.Look:
    """How the frames look that are looked at: what is wrong with the first bad one, or the lowest score."""
    lowest = look.Look()
    for number in look.frames_looked_at(before.frames, before.size[0] * before.size[1]):
        # A frame is drawn over those before it. So Pillow decodes the frames in between as well.
        one, other = (
            shown_in_srgb(picture.upright(picture.frame(number)), picture.colours)
            for picture in (before, after)
        )
        found = look.look(one, other, media, quality)
        if found.difference and before.frames > 1:
            return look.Look(f"frame {number + 1}: {found.difference}")
        if found.difference:
            return found
        lowest = look.Look(score=look.lowest(lowest.score, found.score))
    return lowest


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
