"""Pictures inside an SVG, as data addresses: each is optimised as if it were a file."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ... import marker
from ...errors import FileSkipped, InputError
from ...formats import HEAD_BYTES, MediaType, sniff
from .. import compress
from .tokens import Start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...candidate import Candidate
    from ...options import Options
    from .tokens import Token

_ADDRESS = re.compile(r"(data:image/[\w.+-]+;base64,)([A-Za-z0-9+/=\s]+)")


def shrink(tokens: Sequence[Token], options: Options) -> tuple[list[Token], bool]:
    """The tokens with smaller pictures in them, and whether any pixel of those may differ."""
    known: dict[str, tuple[str, bool]] = {}
    lossy = False
    result: list[Token] = []
    for token in tokens:
        if isinstance(token, Start) and "data:image/" in token.raw:
            attributes = []
            raw = token.raw
            for name, quoted in token.attributes:
                value = quoted[1:-1]
                address = _ADDRESS.fullmatch(value)
                if address:
                    if value not in known:
                        known[value] = _shrunk(address, options)
                    shorter, changes = known[value]
                    lossy = lossy or changes
                    raw = raw.replace(value, shorter)
                    attributes.append((name, f"{quoted[0]}{shorter}{quoted[0]}"))
                else:
                    attributes.append((name, quoted))
            result.append(replace(token, attributes=tuple(attributes), raw=raw))
        else:
            result.append(token)
    return result, lossy


def _shrunk(address: re.Match[str], options: Options) -> tuple[str, bool]:
    """A shorter data address, and whether its pixels may differ; the same where there is none."""
    picture = _compressed(address[2], replace(options, resize=None))
    if picture is None:
        return address[0], False
    shorter = address[1] + base64.b64encode(picture.data).decode()
    return (shorter, picture.lossy) if len(shorter) < len(address[0]) else (address[0], False)


def _compressed(encoded: str, options: Options) -> Candidate | None:
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error:
        return None
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
