"""Attributes of SVG elements: the same values in fewer characters."""

from __future__ import annotations

from . import svgoutline, svgpath, svgvalues
from .svgnames import COLOURS, NUMERIC, TRANSFORMS

#: as many decimals as there are
EXACT = 99


def shortened(
    local: str, name: str, value: str, places: int | None, *, pen: bool, animated: bool
) -> str:
    """The value of the attribute `name` of a `local` element, without references in it.

    Outlines are rounded to `places` decimals, and only respelled when these are None. With a `pen`
    they keep all corners; what is `animated` keeps its commands.
    """
    if name == "d" and local == "path":
        return _outline(value, None if animated else places, pen=pen)
    if name == "points":
        return _corners(value, None if animated else places, pen=pen)
    if name in TRANSFORMS:
        return svgvalues.transform(value)
    if name in NUMERIC:
        return svgvalues.length(value)
    if name in COLOURS:
        return svgvalues.colour(value)
    if name == "style":
        return svgvalues.style(value)
    return value


def _outline(value: str, places: int | None, *, pen: bool) -> str:
    commands = svgpath.parse(value)
    if commands is None:
        return value
    shorter = svgpath.write(commands)
    if places is not None:
        rewritten = svgoutline.rewrite(commands, places, stroked=pen)
        if rewritten is not None and len(rewritten) < len(shorter):
            shorter = rewritten
    return shorter if len(shorter) < len(value) else value


def _corners(value: str, places: int | None, *, pen: bool) -> str:
    numbers = svgvalues.numbers_of(value)
    if numbers is None:
        return value
    if places not in (None, EXACT):
        rounded = svgoutline.rewrite_points(numbers, places, stroked=pen)
        if rounded is not None:
            return rounded
    return svgvalues.join(map(svgvalues.shorten, numbers))
