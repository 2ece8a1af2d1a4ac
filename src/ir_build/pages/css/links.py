"""The style sheets that a page names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .sheet import print_alone

if TYPE_CHECKING:
    from turbohtml import Document

# What these answer holds @font-face alone.
_FONTS = frozenset(("fonts.googleapis.com", "fonts.bunny.net"))
# Style sheets that are for letters, code and formulas, by their addresses on another host.
_FOR_TEXT = re.compile(
    r"/(highlight\.?js|@highlightjs|prism(js)?|katex|mathjax|font-?awesome|bootstrap-icons"
    r"|material-design-icons|@fontsource|pygments|asciinema-player)[/@.-]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SheetLink:
    """A style sheet of a page: its address as written, or else its `text`."""

    href: str = ""
    text: str | None = None


def sheet_links(document: Document) -> list[SheetLink]:
    """The style sheets of a page in their order, without those for paper and those of fonts."""
    found: list[SheetLink] = []
    for element in document.iter_elements(["link", "style"]):
        if print_alone((element.attr("media") or "").lower()):
            continue
        if element.tag == "style":
            found.append(SheetLink(text=element.text))
            continue
        href = (element.attr("href") or "").strip()
        relations = _words(element.attrs.get("rel"))
        if href and "stylesheet" in relations and not _is_for_text(href):
            found.append(SheetLink(href=href))
    return found


def _is_for_text(href: str) -> bool:
    """Whether a style sheet of another host has no rule for pictures."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return bool(parts.netloc) and (
        parts.hostname in _FONTS or _FOR_TEXT.search(parts.path) is not None
    )


def _words(value: str | list[str] | None) -> list[str]:
    words = value if isinstance(value, list) else (value or "").split()
    return [word.lower() for word in words]
