"""How the rows of a PNG are filtered: all in one way, or each strip of rows in the way that suits it.

A filter leaves the difference of each byte from its neighbours. Photos need that. Drawings and text
repeat, and are shorter without a filter. A screenshot is made of both. To compare the ways, each strip is
deflated together with the strips before it, so that a repetition of these counts.

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
#: Bytes of a strip: once, twice and four times as far as deflate looks back. (Others: `python benchmarks FOLDER
#: --effort best --sweep png.filters:STRIPS "(65536,)"`.)
STRIPS = (65_536, 32_768, 131_072)

_WINDOW = 32_768  # how far deflate looks back (RFC 1951, section 2)
# Levels of libdeflate at which strips and whole pictures are compared: quick ones.
# (Others: `--effort best --sweep png.filters:_STRIP_LEVEL 6`.)
_STRIP_LEVEL, LEVEL = 4, 7
# No row is filtered if the rows are then no longer than this share of what the best quick filter leaves.
# (Others: `--effort best --sweep png.filters:_CLEAR 0.0 1.0`.)
_CLEAR = 0.9
# A mixture must leave no more than this share. A smaller saving at this level is chance, and often none at a
# higher level. (Others: `--effort best --sweep png.filters:_WORTH 0.99 1.0`.)
_WORTH = 0.998


def streams(filtered: Callable[[str], tuple[Rows, int]], height: int) -> list[Rows]:
    """The rows of a picture, filtered in each of the ways that may be shortest. The most promising is first.

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
    """The rows of a picture, in which each strip of about `size` bytes is the shortest after those before it."""
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
