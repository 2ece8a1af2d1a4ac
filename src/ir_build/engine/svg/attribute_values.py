"""Attributes of SVG elements: the same values in fewer characters."""

from __future__ import annotations

from . import outline, path, values
from .names import COLOURS, NUMERIC, OUTLINED


def shortened(
    local: str, name: str, value: str, places: int | None, *, pen: int, plain: bool
) -> str:
    """The value of the attribute `name` of a `local` element, without references in it.

    Outlines are rounded to `places` decimals, and stay where they are when these are None. What a pen
    draws keeps all corners, and decimals enough for sides to have `pen` units of the last one, so that
    they keep their directions; 0 where none draws. With `plain` outlines keep their commands.
    """
    if name == "d" and local in OUTLINED:
        return _outline(value, places, pen=pen, plain=plain)
    if name in NUMERIC:
        return values.length(value)
    if name in COLOURS:
        return values.colour(value)
    return value


def _outline(value: str, places: int | None, *, pen: int, plain: bool) -> str:
    commands = path.parse(value)
    if commands is None:
        return value
    spellings = [value, path.write(commands)]
    if not plain:
        if places is None:
            rewritten = outline.respell(commands, stroked=pen > 0)
        else:
            rewritten = outline.rewrite(commands, places, stroked=pen > 0, units=pen)
        if rewritten is not None:
            spellings.append(rewritten)
    return min(spellings, key=len)
