"""Text, and what `foreignObject` holds: a run of blanks shows as one where CSS does not say else."""

from __future__ import annotations

import re

from . import values
from .tokens import Start, Text, Token

_RUN = re.compile(r"[ \t\r\n]{2,}+")


def shortened(token: Token) -> str:
    """The token with single blanks; a line break stays one, as it is nothing in some scripts."""
    if isinstance(token, Start):
        return _tag(token)
    if isinstance(token, Text) and not token.raw.startswith("<!["):
        return _RUN.sub(lambda run: "\n" if "\n" in run[0] else " ", token.raw)
    return token.raw


def words(text: str) -> str:
    """Text of an SVG with single blanks: SVG 1.1 leaves out line breaks, and CSS does not."""
    return _RUN.sub(_joined, text)


def _joined(run: re.Match[str]) -> str:
    blank = " " if run[0].strip("\r\n") else ""
    return f"\n{blank}" if "\n" in run[0] else blank


def _tag(token: Start) -> str:
    parts = [f"<{token.name}"]
    for name, quoted in token.attributes:
        value = quoted[1:-1]
        if name == "style" and "&" not in value:
            value = values.style(value)
        parts.append(f"{name}={quoted[0]}{value}{quoted[0]}")
    return " ".join(parts) + ("/>" if token.empty else ">")
