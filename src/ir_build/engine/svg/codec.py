"""SVG in fewer bytes: what is never drawn is left out, and the rest is spelled in fewer characters.

Scripts, style sheets, text and what is not SVG stay as they are. So do ids, classes, `viewBox`, titles and
descriptions. Lossless coding keeps every point that a browser computes, and what editors store for themselves.
Lossy coding drops what editors store, and rounds outlines by less than can be seen. Pictures inside are
treated as files of their own that are shown at twice their size.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ...candidate import Candidate
from ...errors import FileSkipped, Reason
from ...options import Compression, Effort, Options
from ..shared import content_credentials
from . import images, self_intersections
from .analysis import SVG, Namespaces, analyse
from .minify import Outlines, minify
from .tokens import Start, Token, checked, decode, tokenise

if TYPE_CHECKING:
    from collections.abc import Callable

# Blend modes and filters may show differences between pixels that nobody sees in the picture itself.
_AMPLIFIES = re.compile(r"blend-mode|<(?:[\w.-]+:)?fe[A-Z]")
#: A rounded drawing must be smaller than the exact one by this share. Less is not worth a loss. This is a choice:
#: on 40 files 0.0 came to 0.06 % fewer bytes, and 0.05 to 0.3 % more (`python benchmarks FOLDER --sweep
#: svg.codec:_WORTH_ROUNDING 0.0 0.05`).
_WORTH_ROUNDING = 0.02
#: A rounded drawing is not compared with the exact one if it is smaller by this share than one whose outlines
#: keep their commands. Other commands without loss saved only 4.6 % of 324 files. (On 40 others 0.5 came to the
#: same bytes: `--sweep svg.codec:_SURELY_WORTH_ROUNDING 0.5`.)
_SURELY_WORTH_ROUNDING = 0.2
#: Other commands and crossings are looked for in up to so many characters of outlines. Not fitted: more take
#: longer than a worker has.
_MOST_OUTLINES = 2_000_000
#: How often outlines may cross themselves. Not fitted: to draw both files for the comparison then takes half a
#: minute.
_MOST_CROSSINGS = 5_000_000


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest SVG that stands for `data`, in UTF-8.

    Raises `CorruptFile`, and `FileSkipped` for a file that must stay as it is.
    """
    text = checked(decode(data))
    exact = replace(options, compression_type=Compression.LOSSLESS)
    for_pictures = exact if _AMPLIFIES.search(text) else options
    tokens = list(tokenise(text))
    _check_root(tokens)
    found = analyse(tokens)
    if found.signed:
        raise content_credentials.signed()
    if found.outlines <= _MOST_OUTLINES:
        _check_crossings(tokens)
    tokens, lossy_pictures = images.shrink(tokens, for_pictures)
    lossy = options.compression_type is Compression.LOSSY

    def minified(outlines: Outlines) -> tuple[bytes, tuple[str, ...]]:
        small, notes = minify(
            tokens, found, options.preserve_metas, for_readers=lossy, outlines=outlines
        )
        return small.encode(), notes

    rounded, measured = False, lossy and found.measured
    fast = options.effort is Effort.FAST and not measured
    if fast or found.outlines > _MOST_OUTLINES:
        best, notes = minified(Outlines.SHORTENED)
    elif measured:
        best, notes, rounded = _rounded(minified)
    else:
        best, notes = minified(Outlines.RESPELLED)
    if len(best) >= len(data):
        return Candidate(data, lossy=False)
    return Candidate(best, lossy=rounded or lossy_pictures, notes=notes)


def _rounded(
    minified: Callable[[Outlines], tuple[bytes, tuple[str, ...]]],
) -> tuple[bytes, tuple[str, ...], bool]:
    """The smaller drawing, its notes, and whether its outlines are rounded: only if that is worth it."""
    rounder, notes = minified(Outlines.ROUNDED)
    notes = (*notes, "rounded outlines")
    shortened, _ = minified(Outlines.SHORTENED)
    if len(rounder) < (1 - _SURELY_WORTH_ROUNDING) * len(shortened):
        return rounder, notes, True
    exact, exact_notes = minified(Outlines.RESPELLED)
    if len(rounder) < (1 - _WORTH_ROUNDING) * len(exact):
        return rounder, notes, True
    return exact, exact_notes, False


def _check_root(tokens: list[Token]) -> None:
    root = next(token for token in tokens if isinstance(token, Start))
    namespaces = Namespaces()
    namespaces.open(root)
    uri, local = namespaces.element(root.name)
    if uri not in (SVG, "") or local != "svg":
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "XML that is not SVG")


def _check_crossings(tokens: list[Token]) -> None:
    """Raise `FileSkipped` for a drawing that would take minutes to compare."""
    found = self_intersections.self_intersections(tokens)
    if found > _MOST_CROSSINGS:
        raise FileSkipped(
            Reason.UNSUPPORTED_VARIANT,
            f"its outlines cross themselves about {found / 1e6:.0f} million times, which takes too"
            " long to draw for a comparison: draw it with fewer lines, or save it as a PNG",
        )
