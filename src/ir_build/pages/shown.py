"""Which pictures a page shows, and what may be done to each where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import addresses
from .html import MARK, Page, PageLeft

if TYPE_CHECKING:
    from pathlib import PurePosixPath
    from typing import Protocol

    from turbohtml import Document, Element

    from .addresses import Place
    from .css import PictureStyle

    class StylesOf(Protocol):
        """What style sheets say of each picture, in the order of the page."""

        def of(self, img: Element, /) -> PictureStyle: ...


# Elements whose pictures are not shown, and those whose pictures are left to their authors.
_UNSEEN = frozenset(["template", "noscript"])
_ELSEWHERE = frozenset(["picture", "pre", "svg", "math", "object", "canvas"])
# Attributes by which authors, or scripts of theirs, choose files themselves.
_OWN = ("srcset", "sizes", "data-src", "data-srcset", "ismap", "usemap", MARK)
# What holds the content of a page, the best first.
_MAIN = ('main, [role="main"]', "article", "#content")
_AROUND = frozenset(["header", "nav", "footer", "aside"])
# What browsers load as pictures, or are asked to, whatever `<img>` says.
_LOADED = (
    'link[rel~="preload"][as="image" i][href], link[rel~="prefetch"][href], link[rel~="icon"][href]'
)
# How scripts call the pictures that they enlarge or move. Two of them are known to take `<picture>`, too:
# glightbox shows what its link names, medium-zoom what the picture shows.
_SCRIPTED = re.compile(
    r"(?<!g)lightbox|(?<!medium-)zoom|fancybox|photoswipe|pswp|magnific|carousel|swiper|slick|splide"
    r"|glide|gallery",
    re.IGNORECASE,
)
# How many elements around a picture are looked at for the names of scripts, and how many there may be at all:
# browsers nest no deeper.
_LEVELS, DEEPEST = 12, 512


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture where it stands on a page."""

    element: Element
    address: str
    file: PurePosixPath  #: from the site's root
    style: PictureStyle
    main: bool  #: whether it is a part of the page's content
    #: why it cannot be put into `<picture>`, in words; empty if it can
    not_wrapped: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a page."""

    shown: list[Shown]
    #: files that the page loads by itself, whatever is offered beside them
    loaded: frozenset[PurePosixPath | None]


def pictures_of(page: Page, place: Place, styles: StylesOf) -> Pictures:
    """The pictures of the site that `page` shows, without those that their authors take care of.

    Raises `PageLeft`.
    """
    document = page.document
    if document.select_one("html[amp], html[\u26a1], html[\xe2\x9a\xa1]") is not None:
        raise PageLeft("AMP allows no other pictures than its own")
    main = main_of(document)
    loaded = {place.file(page.attribute(link, "href") or "") for link in document.select(_LOADED)}
    shown = []
    for element in document.select("img"):
        address = page.attribute(element, "src")
        file = place.file(address) if address else None
        if address is None or file is None:
            continue
        above = list(islice(element.ancestors, DEEPEST))
        tags = [getattr(one, "tag", "#document") for one in above]
        # What is in a template hangs on a document of its own.
        if len(above) == DEEPEST or not _UNSEEN.isdisjoint(tags):
            continue
        if any(name in element.attrs for name in _OWN) or any(map(_is_elsewhere, tags)):
            loaded.add(file)
            continue
        style = styles.of(element)
        why = style.wrap_keeps or _scripted(element, above)
        inside = main is not None and _is_inside(above, main)
        shown.append(Shown(element, addresses.trimmed(address), file, style, inside, why))
    return Pictures(shown, frozenset(loaded))


def main_of(document: Document) -> Element | None:
    """The element that holds the content of the page."""
    for selector in _MAIN:
        if (found := document.select_one(selector)) is not None:
            return found
    return document.select_one("body")


def _is_elsewhere(tag: str) -> bool:
    return tag in _ELSEWHERE or tag.startswith("amp-")


def _is_inside(above: list[Any], main: Element) -> bool:
    for one in above:
        if one == main:
            return True
        if getattr(one, "tag", "") in _AROUND:
            return False
    return False


def is_scripted(element: Element, above: list[Any]) -> bool:
    """Whether a script may look for the picture, as those do that enlarge pictures."""
    return bool(_scripted(element, above))


def _scripted(element: Element, above: list[Any]) -> str:
    """Why a script may look for the picture where it is, in words; empty if nothing says so."""
    names: list[str] = []
    for one in (element, *above[:_LEVELS]):
        attrs = getattr(one, "attrs", {})
        names += attrs
        told = attrs.get("class") or ""
        names += [told] if isinstance(told, str) else told
    return _scripted_by(" ".join(names))


# Most pictures of a site stand in the same elements.
@lru_cache(maxsize=4096)
def _scripted_by(names: str) -> str:
    found = _SCRIPTED.search(names)
    return f"a script may look for it ({found[0]})" if found else ""
