"""How the rows of a PNG are filtered: in one way, or strip by strip in whichever suits each.

A filter leaves the difference of each byte from its neighbours. Photos need that. Drawings and text
repeat, and are shorter as they are. A screenshot is made of both. Each strip is deflated after the
strips before it, so that a repetition of these counts.

The benchmark's step "filters by strips" says what this saves:
`python benchmarks FOLDER --worth --effort best`.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import deflate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    #: the rows of a picture, each after a byte that says how it is filtered
    Rows = bytes

#: ways of oxipng that take little time, and those that take several times as long
QUICK = ("none", "sub", "up", "paeth", "bigrams")
SLOW = ("average", "entropy", "bigent", "brute")
#: bytes of a strip: once, twice and four times as far as deflate looks back
STRIPS = (65_536, 32_768, 131_072)

_WINDOW = 32_768  # how far deflate looks back (RFC 1951, section 2)
# Levels of libdeflate at which strips and whole pictures are compared: quick ones.
# (`--effort best --sweep png.filters:_STRIP_LEVEL 6`)
_STRIP_LEVEL, LEVEL = 4, 7
# Rows without a filter are taken for the whole picture where they are so much shorter than with any
# quick filter. (`--effort best --sweep png.filters:_CLEAR 0.0 1.0`)
_CLEAR = 0.9
# A mixture must be smaller by so much. Fewer bytes at this level are none at a higher one: chance.
# (`--effort best --sweep png.filters:_WORTH 0.99 1.0`)
_WORTH = 0.998


def streams(filtered: Callable[[str], tuple[Rows, int]], height: int) -> list[Rows]:
    """The rows of a picture, filtered in the ways that may be shortest; the most promising first.

    `filtered` makes the rows in one of oxipng's ways, and says how many bytes deflate makes of them
    at `LEVEL`. `height` is the number of rows.
    """
    found = {way: filtered(way) for way in QUICK}
    ways = sorted(found.values(), key=itemgetter(1))
    if ways[0][1] < _CLEAR * ways[1][1] and ways[0] is found["none"]:
        return [ways[0][0]]
    ways = sorted((*ways, *map(filtered, SLOW)), key=itemgetter(1))
    best = ways[:1]
    for size in STRIPS:
        mixed = _mixed([rows for rows, _ in ways], height, size)
        length = _length(mixed, LEVEL)
        if length < _WORTH * ways[0][1]:
            best.append((mixed, length))
    return [rows for rows, _ in sorted(best, key=itemgetter(1))]


def _mixed(ways: Sequence[Rows], height: int, size: int) -> Rows:
    """For each strip of about `size` bytes the rows that are shortest after the strips before."""
    stride = len(ways[0]) // height
    step = max(1, size // stride) * stride
    mixed = bytearray()
    for at in range(0, len(ways[0]), step):
        before = bytes(mixed[-_WINDOW:])
        # Different ways often make the same rows.
        strips = list(dict.fromkeys(rows[at : at + step] for rows in ways))
        mixed += min(strips, key=lambda strip: _length(before + strip, _STRIP_LEVEL))
    return bytes(mixed)


def _length(data: bytes, level: int) -> int:
    return len(deflate.deflate_compress(data, level))
