"""The glyph names that a code of a simple font may mean (ISO 32000-1, 9.6.6 and annex D).

If a font does not name its encoding, readers take different ones. So all of these encodings count.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pikepdf
from fontTools.agl import UV2AGL
from fontTools.encodings.MacRoman import MacRoman
from fontTools.encodings.StandardEncoding import StandardEncoding

from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Iterator


def names(font: pikepdf.Dictionary, codes: set[int]) -> set[bytes]:
    """The names of all glyphs that `codes` may show in `font`. Raises `Unusual`."""
    encoding = font.get("/Encoding")
    base = encoding.get("/BaseEncoding") if isinstance(encoding, pikepdf.Dictionary) else encoding
    if base == pikepdf.Name.MacExpertEncoding:
        raise Unusual("the expert encoding")
    usual = {name for code in codes for name in _usual()[code]}
    return usual | {name for code, name in differences(font) if code in codes}


def differences(font: pikepdf.Dictionary) -> Iterator[tuple[int, bytes]]:
    """The codes and glyph names that the dictionary of the font itself lists."""
    encoding = font.get("/Encoding")
    entries = encoding.get("/Differences") if isinstance(encoding, pikepdf.Dictionary) else None
    code = 0
    for one in entries if isinstance(entries, pikepdf.Array) else ():
        if isinstance(one, pikepdf.Integer):
            code = int(one)
        else:
            yield code, str(one)[1:].encode("utf-8", "surrogateescape")
            code += 1


@cache
def _usual() -> tuple[frozenset[bytes], ...]:
    """The names of each code in the encodings of Adobe, of Windows and of the Macintosh."""
    windows = bytes(range(256)).decode("cp1252", "replace")
    return tuple(
        frozenset(
            name.encode()
            for name in (
                StandardEncoding[code],
                MacRoman[code] if code < len(MacRoman) else ".notdef",
                UV2AGL.get(ord(windows[code]), "bullet"),
                # WinAnsiEncoding differs from the code page of Windows here.
                {0xA0: "space", 0xAD: "hyphen"}.get(code, "bullet" if code > 0x7E else ".notdef"),
            )
        )
        for code in range(256)
    )
