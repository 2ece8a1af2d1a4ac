"""Style sheets inside an SVG in fewer characters: the same rules with the same values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .tokens import End, Start, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tokens import Token

_TOKEN = re.compile(
    r"""
    (?P<comment>/\*.*?\*/)
    | (?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|url\([^()"']*+\)|\\.)
    | (?P<blank>[ \t\r\n\f]++)
    | (?P<other>[^"'\\/ \t\r\n\f]|/(?!\*))
    """,
    re.DOTALL | re.VERBOSE,
)
_CDATA = re.compile(r"<!\[CDATA\[(.*)\]\]>", re.DOTALL)
#: characters beside which blanks say nothing
_TIGHT = "{};,>"
_COLOUR = re.compile(r":#([0-9a-fA-F])\1([0-9a-fA-F])\2([0-9a-fA-F])\3(?=[;}])")


def minify(raw: str) -> str:
    """The text of a style sheet as it stands in the source, shortened; odd ones as they are."""
    section = _CDATA.fullmatch(raw)
    sheet = section[1] if section else raw
    if not section and "&" in sheet:
        return raw  # a reference stands for characters that these rules have not seen
    shorter = _shortened(sheet)
    if shorter is None:
        return raw
    if section and ("&" in shorter or "<" in shorter):
        return f"<![CDATA[{shorter}]]>"
    return shorter


def minified(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with every style sheet shortened that is one text, or one section with blanks around."""
    result: list[Token] = []
    begin = None
    for token in tokens:
        if isinstance(token, End) and begin is not None:
            parts = [one for one in result[begin:] if not isinstance(one, Text) or one.raw.strip()]
            if len(parts) == 1 and isinstance(parts[0], Text):
                result[begin:] = [Text(minify(parts[0].raw))]
            begin = None
        result.append(token)
        if isinstance(token, Start) and not token.empty:
            begin = len(result) if token.name.rpartition(":")[2] == "style" else None
    return result


def _shortened(sheet: str) -> str | None:
    """The sheet without comments and needless blanks, None where it is not plain enough."""
    parts: list[str] = []
    depth = at = 0
    last, blank = "", False
    for match in _TOKEN.finditer(sheet):
        if match.start() != at:
            return None  # an open string, an open comment
        at = match.end()
        kind, text = match.lastgroup, match[0]
        if kind == "comment" and not text.startswith("/*!"):
            # Between letters it parts two words without a blank.
            if last and not blank and last not in _TIGHT and at < len(sheet):
                return None
            continue
        if kind == "blank":
            blank = True
            continue
        depth += (text == "{") - (text == "}")
        if depth < 0:
            return None
        tight = not last or last in _TIGHT or text in _TIGHT or (last == ":" and depth > 0)
        if blank and not tight:
            parts.append(" ")
        if text == "}" and last == ";":
            parts.pop()
        parts.append(text)
        last, blank = text[-1], False
    if at != len(sheet) or depth:
        return None
    return _COLOUR.sub(r":#\1\2\3", "".join(parts))
