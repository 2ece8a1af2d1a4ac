"""Lossy results beside their originals, for a slider."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ...formats import MediaType
from ..numbers import share, size
from .text import anchor, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...view import Pictured, View


def worst_first(pictures: Iterable[Pictured]) -> list[Pictured]:
    """Those with the lowest scores first; those without a score by what they save, the most first."""
    return sorted(
        pictures,
        key=lambda one: (
            one.score is None,
            one.score or 0.0,
            one.after - one.before,
            one.name,
        ),
    )


def pictures_section(pictures: Iterable[Pictured]) -> Iterator[str]:
    """All pictures, the worst first."""
    for one in worst_first(pictures):
        facts = [f"{one.media.upper()}", f"{size(one.before)} → {size(one.after)}"]
        facts.append(f"-{share(one.before - one.after, one.before)}")
        if one.score is not None:
            facts.append(f"score {one.score:.1f}")
        yield (
            f'<article class="picture" id="{anchor(one.name)}"><h3>{safe(one.name)}</h3>'
            f"<p>{', '.join(facts)}</p>"
        )
        first, *others = one.views.views
        yield _slider(one, first)
        if others:
            yield f"<details><summary>{_more(len(others))}</summary>"
            yield from (_slider(one, view) for view in others)
            yield "</details>"
        yield "</article>"


def _more(count: int) -> str:
    return "One more place" if count == 1 else f"{count} more places"


def _slider(picture: Pictured, view: View) -> str:
    where = _where(picture, view)
    label = safe(f"{picture.name}, {where}")
    stills: tuple[bytes | None, ...] = view.still or (None, None)
    figures = "".join(
        f"<figure>{_picture(data, still, view, safe(f'{name} of {picture.name}, {where}'))}"
        f"<figcaption><b>{name}</b> {told}</figcaption></figure>"
        for name, data, still, told in (
            ("Original", view.original, stills[0], size(picture.before)),
            ("Result", view.result, stills[1], size(picture.after)),
        )
    )
    return f'<p class="where">{where[0].upper()}{where[1:]}</p><div class="ir-slider" data-label="{label}">{figures}</div>'


def _where(picture: Pictured, view: View) -> str:
    left, top, width, height = view.box
    across, down = picture.views.size
    what = "first page" if picture.media is MediaType.PDF else "picture"
    if picture.views.whole:
        return f"the whole {what}, {across} x {down} pixels"
    return (
        f"where it differs most: {width} x {height} of the {what}'s {across} x {down} pixels, "
        f"from {left}, {top}"
    )


def _picture(data: bytes, still: bytes | None, view: View, alt: str) -> str:
    _, _, width, height = view.box
    image = f'<img src="{_address(data)}" width="{width}" height="{height}" alt="{alt}">'
    if still is None:
        return image
    return (
        f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{_address(still)}">'
        f"{image}</picture>"
    )


def _address(data: bytes) -> str:
    kind = "png" if data.startswith(b"\x89PNG") else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
