"""How the rows of a PNG are filtered: in one way, or strip by strip in whichever suits each.

A filter leaves of each byte the difference from its neighbours, which photos need; drawings and
text repeat and are shorter as they are, and a screenshot is made of both. What a way of filtering
makes of a strip is deflated after the strips before it, so that what repeats them counts.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import deflate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    #: the rows of a picture, each after a byte that says how it is filtered
    Rows = bytes

#: ways that take little time, and more that take several times as long
QUICK = ("none", "sub", "up", "paeth", "bigrams")
SLOW = ("average", "entropy", "bigent", "brute")
#: bytes of a strip: about as far as deflate looks back, or a few times that
STRIPS = (65_536, 32_768, 131_072)

_WINDOW = 32_768
# Levels of libdeflate at which strips and whole pictures are compared.
_STRIP_LEVEL, LEVEL = 4, 7
# Rows as they are, where that is so much shorter than any quick filter, are taken for all of it.
_CLEAR = 0.9
# What a few bytes less at this level are worth at a higher one is chance.
_WORTH = 0.998


def streams(filtered: Callable[[str], tuple[Rows, int]], height: int) -> list[Rows]:
    """The rows of a picture, filtered in the ways that may be shortest, most promising first.

    `filtered` makes them in a way of oxipng's and says how long they are at `LEVEL`.
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
    """Strip by strip of about `size` bytes the rows that are shortest after those before."""
    stride = len(ways[0]) // height
    step = max(1, size // stride) * stride
    mixed = bytearray()
    for at in range(0, len(ways[0]), step):
        before = bytes(mixed[-_WINDOW:])
        # Different ways often come to the same.
        strips = list(dict.fromkeys(rows[at : at + step] for rows in ways))
        mixed += min(strips, key=lambda strip: _length(before + strip, _STRIP_LEVEL))
    return bytes(mixed)


def _length(data: bytes, level: int) -> int:
    return len(deflate.deflate_compress(data, level))
