"""The style sheets that a page names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .sheet import print_alone, without_pictures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from turbohtml import Element


@dataclass(frozen=True, slots=True)
class SheetLink:
    """A style sheet of a page: its address as it is written, or its `text`.

    `sometimes` says that it holds in some windows only, or only if a reader chooses it.
    """

    href: str = ""
    text: str | None = None
    sometimes: bool = False


def sheet_links(elements: Iterable[Element]) -> list[SheetLink]:
    """The style sheets of a page, from its `<link>` and `<style>` elements.

    Those that cannot matter to a picture are left out: sheets for paper, and public sheets for fonts, icons,
    formulas and the colours of code.
    """
    found: list[SheetLink] = []
    for element in elements:
        media = (element.attr("media") or "").strip().lower()
        late = element.attr("onload") is not None  # how pages load a style sheet without waiting
        sometimes = late or not set(re.split(r"[\s,]+", media)) <= {"", "all", "screen", "print"}
        if print_alone(media) and not late:
            continue
        if element.tag == "style":
            found.append(SheetLink(text=element.text, sometimes=sometimes))
            continue
        href = (element.attr("href") or "").strip()
        relations = _words(element.attrs.get("rel"))
        named = "stylesheet" in relations or (late and "preload" in relations)
        if href and named and not without_pictures(href):
            sometimes = sometimes or "alternate" in relations
            found.append(SheetLink(href=href, sometimes=sometimes))
    return found


def _words(value: str | list[str] | None) -> list[str]:
    words = value if isinstance(value, list) else (value or "").split()
    return [word.lower() for word in words]
