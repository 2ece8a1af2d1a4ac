"""SVG made smaller by leaving out what is never drawn and spelling the rest in fewer characters.

Scripts and what is not SVG stay as they are, and so do ids, classes, `viewBox`, titles and
descriptions; style sheets, text and `foreignObject` lose comments and blanks that CSS does not show.
Lossless keeps every point that a browser computes and what editors store for themselves; lossy
drops the latter and rounds outlines far below what can be seen. Pictures inside are treated as
files of their own would be.
"""

from __future__ import annotations

from ..candidate import Candidate
from ..errors import LeftAlone, Reason
from ..options import Compression, Options
from . import svgimages
from .svgminify import minify
from .svgsurvey import SVG, Namespaces, survey
from .svgtext import Start, Token, checked, decode, tokenise

#: a rounded picture must be smaller than the exact one by this share
_WORTH_ROUNDING = 0.02


def compress(data: bytes, options: Options) -> Candidate:
    """Minify an SVG; the result is UTF-8 whatever the source was."""
    text = checked(decode(data))
    tokens, lossy_pictures = svgimages.shrink(list(tokenise(text)), options)
    _check_root(tokens)
    found = survey(tokens)
    lossy = options.compression_type is Compression.LOSSY
    small, notes = minify(tokens, found, options.preserve_metas, for_readers=lossy, rounded=False)
    best = small.encode()
    rounded = False
    if lossy and found.measured:
        text, _ = minify(tokens, found, options.preserve_metas, for_readers=True, rounded=True)
        rounder = text.encode()
        if len(rounder) < (1 - _WORTH_ROUNDING) * len(best):
            best, rounded = rounder, True
            notes = (*notes, "rounded outlines")
    if len(best) >= len(data):
        return Candidate(data, lossy=False)
    return Candidate(best, lossy=rounded or lossy_pictures, notes=notes)


def _check_root(tokens: list[Token]) -> None:
    root = next(token for token in tokens if isinstance(token, Start))
    namespaces = Namespaces()
    namespaces.open(root)
    uri, local = namespaces.element(root.name)
    if uri not in (SVG, "") or local != "svg":
        raise LeftAlone(Reason.UNSUPPORTED_VARIANT, "XML that is not SVG")
