"""Pictures inside an SVG, as data URLs. Each is optimised like a file, or more carefully.

A drawing may be shown at any size. Its pictures must reach the quality when it is shown at twice its own size.
A picture that is enlarged then, up to twice its pixels, has to score more at its own size. A picture that is
enlarged more keeps its pixels.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ... import marker
from ...errors import FileSkipped, InputError
from ...formats import HEAD_BYTES, MediaType, dimensions, sniff
from ...options import Compression
from .. import compress
from .enlargement import Scale, enlargement
from .tokens import End, Start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...candidate import Candidate
    from ...options import Options
    from .tokens import Token

#: This share of the distance to 100 is added to the score that a picture must reach. Nine lossy pictures that
#: scored 86 scored 81 to 83 when they were drawn at twice their size. Pictures that scored 80 scored 72 to 77.
#: (`python benchmarks FOLDER --sweep svg.images:_NEARER 0.0 0.6` says what others cost.)
_NEARER = 0.3
#: A picture that is enlarged more than this at the drawing's own size keeps its pixels. Not fitted: it is 1, and
#: some more for the rounding to whole pixels.
_MOST_ENLARGED = 1.05

_ADDRESS = re.compile(r"(data:image/[\w.+-]+;base64,)([A-Za-z0-9+/=\s]+)")


def shrink(tokens: Sequence[Token], options: Options) -> tuple[list[Token], bool]:
    """The tokens with smaller pictures in them, and whether any pixel of the pictures may differ."""
    known: dict[tuple[str, Options], tuple[str, bool]] = {}
    lossy = False
    result: list[Token] = []
    scales = Scale()
    for token in tokens:
        scale = scales.start(token) if isinstance(token, Start) else None
        if isinstance(token, End):
            scales.end(token)
        if isinstance(token, Start) and "data:image/" in token.raw:
            attributes = []
            raw = token.raw
            for name, quoted in token.attributes:
                value = quoted[1:-1]
                address = _ADDRESS.fullmatch(value)
                if address:
                    own = _held_larger(token, scale, address[2], options)
                    if (value, own) not in known:
                        known[value, own] = _shrunk(address, own)
                    shorter, changes = known[value, own]
                    lossy = lossy or changes
                    raw = raw.replace(value, shorter)
                    attributes.append((name, f"{quoted[0]}{shorter}{quoted[0]}"))
                else:
                    attributes.append((name, quoted))
            result.append(replace(token, attributes=tuple(attributes), raw=raw))
        else:
            result.append(token)
    return result, lossy


def _held_larger(token: Start, scale: float | None, encoded: str, options: Options) -> Options:
    """The options for a picture, by how much it may be enlarged."""
    data = _decoded(encoded)
    media = sniff(data[:HEAD_BYTES])
    if media is None:
        return options
    found = enlargement(token, scale, dimensions(data, media))
    if found is not None and found > _MOST_ENLARGED:
        return replace(options, compression_type=Compression.LOSSLESS)
    beyond = 1.0 if found is None else min(1.0, max(0.0, 2 * found - 1))
    nearer = _NEARER * beyond * (100 - options.quality)
    return replace(options, quality=options.quality + nearer)


def _shrunk(address: re.Match[str], options: Options) -> tuple[str, bool]:
    """A shorter data URL, and whether its pixels may differ. It is the same URL if there is no shorter one."""
    picture = _compressed(address[2], replace(options, resize=None))
    if picture is None:
        return address[0], False
    shorter = address[1] + base64.b64encode(picture.data).decode()
    return (shorter, picture.lossy) if len(shorter) < len(address[0]) else (address[0], False)


def _decoded(encoded: str) -> bytes:
    """The bytes that `encoded` stands for in base64. They are empty if it has a fault."""
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error:
        return b""


def _compressed(encoded: str, options: Options) -> Candidate | None:
    data = _decoded(encoded)
    media = sniff(data[:HEAD_BYTES])
    if media in (None, MediaType.PDF):
        return None
    if marker.is_marked(data, media):
        return None
    try:
        candidate = compress(data, media, options)
    except (InputError, FileSkipped):
        return None
    if candidate.lossy:
        return replace(candidate, data=marker.mark(candidate.data, media))
    return candidate
