"""The size of an SVG, read from its root element. The rest is not parsed."""

from __future__ import annotations

import re

_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*+:)?svg\b[^>]*+>", re.DOTALL)
_SIDE = re.compile(rb"""\s(width|height)\s*=\s*["']\s*([\d.]{1,12})(?:px)?\s*["']""")
_VIEW = re.compile(rb"""\sviewBox\s*=\s*["']([^"']{1,200})["']""")


def dimensions(data: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels, from the beginning of a file. Raises `ValueError` if it does not say them."""
    match = _ROOT.search(data)
    if match is None:
        raise ValueError
    tag = match[0]
    sides = {name: float(value) for name, value in _SIDE.findall(tag)}
    if len(sides) == 2:
        return round(sides[b"width"]), round(sides[b"height"])
    view = _VIEW.search(tag)
    if view is None:
        raise ValueError
    _, _, width, height = (float(part) for part in re.split(rb"[\s,]+", view[1].strip()))
    return round(width), round(height)
