"""How large the pictures inside an SVG are drawn, as far as the document says it.

A drawing may be shown larger than it says. A picture in it may be drawn larger than its own pixels. In both
cases the loss in the picture is enlarged, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import values
from .analysis import box

if TYPE_CHECKING:
    from .tokens import End, Start

#: CSS pixels of absolute units (CSS Values and Units, 6.2)
_UNITS = {"px": 1, "pt": 96 / 72, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96}
#: CSS pixels of a page's width. A drawing that says no size of its own may fill it. Not fitted: the columns of
#: usual themes are narrower (800 pixels in that of Read the Docs).
_PAGE = 1000
#: The content of these elements is drawn elsewhere, in other sizes.
_ELSEWHERE = frozenset({"pattern", "symbol", "marker", "defs", "mask", "clipPath", "svg"})


class Scale:
    """How many CSS pixels a user unit is at one point of a document; None if that cannot be told."""

    def __init__(self) -> None:
        self._scales: list[float | None] = []

    def start(self, token: Start) -> float | None:
        """Enter an element. The result is the scale in it: CSS pixels for each unit, or None."""
        attributes = {name: value[1:-1] for name, value in token.attributes}
        local = token.name.rpartition(":")[2]
        scale: float | None
        if not self._scales:
            scale = _root(token, attributes)
        else:
            scale = None if local in _ELSEWHERE else self._scales[-1]
        factor = values.magnification(attributes.get("transform", ""))
        styled = "transform" in attributes.get("style", "")
        scale = None if scale is None or factor is None or styled else scale * factor
        if not token.empty:
            self._scales.append(scale)
        return scale

    def end(self, token: End) -> None:  # noqa: ARG002  (every end is that of the last start)
        """Leave an element."""
        self._scales.pop()


def enlargement(token: Start, scale: float | None, pixels: tuple[int, int]) -> float | None:
    """How much an `image` element enlarges the pixels of its picture; None if that cannot be told.

    `scale` is that of the element. `pixels` are the width and height of the picture.
    """
    attributes = {name: value[1:-1] for name, value in token.attributes}
    if scale is None or "style" in attributes or "class" in attributes or not all(pixels):
        return None
    ratios = []
    for name, count in zip(("width", "height"), pixels, strict=True):
        length = attributes.get(name)
        if length is not None:
            numbers = values.numbers_of(length.removesuffix("px"))
            if not numbers or len(numbers) != 1:
                return None
            ratios.append(float(numbers[0]) / count)
    fitted = attributes.get("preserveAspectRatio", "")
    fills = "none" in fitted or "slice" in fitted
    return scale * (max if fills else min)(ratios, default=1.0)


def _root(token: Start, attributes: dict[str, str]) -> float | None:
    size = box(token)
    if size is None:
        return 1.0 if "viewBox" not in attributes else None
    # The drawing is as large as its sides allow. A side without a length allows the most.
    return max(
        _pixels(attributes.get(name, "")) / side
        for name, side in zip(("width", "height"), size, strict=True)
        if name == "width" or name in attributes
    )


def _pixels(length: str) -> float:
    number, unit = length.strip(), "px"
    if number[-2:] in _UNITS:
        number, unit = number[:-2], number[-2:]
    numbers = values.numbers_of(number)
    return float(numbers[0]) * _UNITS[unit] if numbers and len(numbers) == 1 else _PAGE
