"""What a site weighs, as areas: folders, and files in them. An SVG to look at, beside the table.

The layout is that of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..numbers import files, size
from .text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...outcome import Outcome

    Box = tuple[float, float, float, float]  #: left, top, width, height

_WIDTH, _HEIGHT = 1000.0, 420.0
# What is smaller than this share is put together with the rest of its folder.
_LEAST = 1 / 150
# Units of the drawing: the line that names a folder, a letter's width, and the room that words need.
_TITLE, _LETTER, _ROOM = 17.0, 6.4, 34.0


@dataclass(slots=True)
class _Node:
    """A folder, a file, or the rest of a folder."""

    name: str  #: the whole path
    weight: int = 0  #: bytes
    kind: str = ""  #: of a file its type
    inside: dict[str, _Node] = field(default_factory=dict)
    count: int = 0  #: files


def treemap(outcomes: Iterable[Outcome]) -> str:
    """An SVG of `outcomes` by the bytes that are shipped; empty when there are none."""
    root = _Node("")
    for outcome in outcomes:
        _add(root, outcome)
    if not root.weight:
        return ""
    drawn = "".join(_drawn(root, (0.0, 0.0, _WIDTH, _HEIGHT), root.weight * _LEAST))
    return (
        f'<svg class="treemap" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" aria-hidden="true" '
        f'focusable="false">{drawn}</svg>'
    )


def _add(root: _Node, outcome: Outcome) -> None:
    *folders, last = outcome.name.split("/")
    node = root
    for part in (*folders, last):
        node.weight += outcome.after
        node.count += 1
        path = f"{node.name}/{part}" if node.name else part
        node = node.inside.setdefault(part, _Node(path))
    node.weight += outcome.after
    node.count += 1
    node.kind = outcome.media or "other"


def _drawn(node: _Node, box: Box, least: float) -> Iterator[str]:
    """The rectangles of what is in a folder."""
    large = [one for one in node.inside.values() if one.weight >= least]
    if len(large) < len(node.inside):
        rest = [one for one in node.inside.values() if one.weight < least]
        weight, count = sum(one.weight for one in rest), sum(one.count for one in rest)
        if weight:
            large.append(_Node(f"{node.name}/ the rest".lstrip("/"), weight, "rest", count=count))
    large.sort(key=lambda one: (one.kind == "rest", -one.weight, one.name))
    for one, part in zip(large, _squares([one.weight for one in large], box), strict=True):
        while len(one.inside) == 1:
            one = next(iter(one.inside.values()))  # noqa: PLW2901  (a folder with nothing but a folder)
        if any(inner.weight >= least for inner in one.inside.values()):
            left, top, width, height = part
            yield _rectangle(one, part, "folder")
            titled = width > 2 * _ROOM and height > 3 * _TITLE
            title = _TITLE if titled else 2.0
            inner_box = left + 2, top + title, max(0.1, width - 4), max(0.1, height - title - 2)
            yield from _drawn(one, inner_box, least)
        else:
            yield _rectangle(one, part, one.kind or "rest")


def _rectangle(node: _Node, box: Box, kind: str) -> str:
    left, top, width, height = box
    count = f", {files(node.count)}" if node.count > 1 else ""
    told = safe(f"{node.name}: {size(node.weight)}{count}")
    rectangle = (
        f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"/>'
    )
    words = _words(node, width, height)
    text = f'<text x="{left + 4:.1f}" y="{top + 12.5:.1f}">{safe(words)}</text>' if words else ""
    return f"<g><title>{told}</title>{rectangle}{text}</g>"


def _words(node: _Node, width: float, height: float) -> str:
    """As much of a name as there is room for."""
    fits = int((width - 6) / _LETTER)
    if width < _ROOM or height < _TITLE:
        return ""
    name = node.name.rpartition("/")[2]
    return name if len(name) <= fits else f"{name[: max(1, fits - 1)]}…"


def _squares(weights: list[int], box: Box) -> Iterator[Box]:
    """A rectangle for each of `weights`, the largest first, as square as may be."""
    left, top, width, height = box
    total = sum(weights)
    at = 0
    while at < len(weights):
        short = min(width, height)
        scale = width * height / total if total else 0.0
        row = [weights[at] * scale]
        while at + len(row) < len(weights):
            longer = [*row, weights[at + len(row)] * scale]
            if _worst(longer, short) > _worst(row, short):
                break
            row = longer
        thick = sum(row) / short if short else 0.0
        along = 0.0
        for area in row:
            long = area / thick if thick else 0.0
            if width >= height:
                yield left, top + along, thick, long
            else:
                yield left + along, top, long, thick
            along += long
        total -= sum(weights[at : at + len(row)])
        at += len(row)
        if width >= height:
            left, width = left + thick, max(0.0, width - thick)
        else:
            top, height = top + thick, max(0.0, height - thick)


def _worst(areas: list[float], side: float) -> float:
    """The largest ratio of sides when rectangles of these areas stand along `side`."""
    total = sum(areas)
    if not side or not min(areas):
        return float("inf")
    return max(side**2 * max(areas) / total**2, total**2 / (side**2 * min(areas)))
