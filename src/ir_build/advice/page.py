"""What one page says of its pictures: how large each is shown, and when it is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..pages.loads import SCREENS
from ..pages.shown import is_scripted, main_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from turbohtml import Element

    from ..pages.addresses import Place
    from ..pages.css import Styles
    from ..pages.html import Page

#: CSS pixels of a phone's window
PHONE = SCREENS[0].width
#: Characters of text before a picture that is seen first, and bytes of markup in which they are looked for.
_TEXT_BEFORE, _MARKUP_BEFORE = 800, 8_000
_UNSEEN = frozenset(["template", "noscript"])
_SRCSET = re.compile(r"\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s+[^,]*)?(?:,|$)")
# What names a picture that may be shown in another size than on the page.
_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif")
_ELSEWHERE = ", ".join(
    f'{tag}[{attribute}$="{ending}" i]'
    for tag, attribute in (("a", "href"), ("link", "href"), ("meta", "content"))
    for ending in _ENDINGS
)


@dataclass(frozen=True, slots=True)
class Use:
    """A picture where it stands on a page."""

    file: PurePosixPath  #: from the site's root
    #: the largest width and height in CSS pixels that the page shows it at; None if it may be any
    width: float | None
    height: float | None
    #: the largest width on a phone
    on_phone: float | None
    sized: bool  #: whether it has room of its own before it is there
    lazy: bool
    urgent: bool  #: whether the page asks for it before others
    offered: bool  #: whether other files may be loaded in its place
    early: bool  #: whether it is of the page's content, and hardly any text stands before it
    scripted: bool  #: whether a script may show it larger


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page and what it loads of its site."""

    name: str
    uses: tuple[Use, ...] = ()
    #: files that are shown as pictures, in whatever way
    shown: frozenset[PurePosixPath] = frozenset()
    #: base names of pictures that are named for other ends: links, icons, cards
    elsewhere: frozenset[str] = frozenset()
    #: style sheets and scripts
    loaded: frozenset[PurePosixPath] = frozenset()


def read(name: str, page: Page, place: Place, styles: Styles) -> PageFacts:
    """What the page of this name says."""
    document = page.document
    shown, uses = set(), []
    amp = document.select_one("html[amp], html[\u26a1], html[\xe2\x9a\xa1]") is not None
    first = _Early(page)
    for element in document.select("img"):
        above = [one for one in element.ancestors if getattr(one, "tag", "")]
        file = place.file(page.attribute(element, "src") or "")
        # What is in a template hangs on a document of its own.
        if amp or not _UNSEEN.isdisjoint(one.tag for one in above) or not _is_in_page(above):
            continue
        offers = set(_offered(page, place, element))
        shown |= offers
        if file is None:
            continue
        shown.add(file)
        if not styles.is_hidden(element):
            uses.append(_use(element, file, styles, bool(offers), first, above))
    posters = document.select("video[poster], input[type=image i][src]")
    for element in posters:
        file = place.file(page.attribute(element, "poster") or page.attribute(element, "src") or "")
        shown |= {file} - {None}
    return PageFacts(
        name,
        tuple(uses),
        frozenset(shown),
        frozenset(_elsewhere(page)),
        frozenset(_loaded(page, place)),
    )


def _use(
    element: Element, file: PurePosixPath, styles: Styles, offered: bool, first: _Early, above: list[Element]
) -> Use:
    lazy = (element.attr("loading") or "").strip().lower() == "lazy"
    return Use(
        file,
        width=styles.widest(element),
        height=styles.tallest(element),
        on_phone=styles.widest(element, PHONE),
        sized=styles.is_sized(element),
        lazy=lazy,
        urgent=(element.attr("fetchpriority") or "").strip().lower() == "high",
        offered=offered,
        early=first.is_early(element, above),
        scripted=is_scripted(element, above),
    )


def _is_in_page(above: list[Element]) -> bool:
    return bool(above) and above[-1].tag == "html"


def _offered(page: Page, place: Place, img: Element) -> Iterator[PurePosixPath]:
    """The files that may be loaded in place of that of `img`."""
    parent = img.parent
    around = [img]
    if getattr(parent, "tag", "") == "picture":
        around += [one for one in parent.children if getattr(one, "tag", "") == "source"]
    for element in around:
        for address in _SRCSET.findall(page.attribute(element, "srcset") or ""):
            if (file := place.file(address)) is not None:
                yield file


def _elsewhere(page: Page) -> Iterator[str]:
    for element in page.document.select(_ELSEWHERE):
        address = element.attr("content") if element.tag == "meta" else element.attr("href")
        yield (address or "").rpartition("/")[2].lower()


def _loaded(page: Page, place: Place) -> Iterator[PurePosixPath]:
    for element in page.document.select('link[rel~="stylesheet" i][href], script[src]'):
        address = page.attribute(element, "href" if element.tag == "link" else "src")
        if (file := place.file(address or "")) is not None:
            yield file


class _Early:
    """Which pictures of a page are seen first."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._main = main_of(page.document)
        self._begin = page.tag(self._main)[1] if self._main is not None else 0
        self._over = self._main is None

    def is_early(self, element: Element, above: list[Element]) -> bool:
        """Whether little text of the content stands before it. Asked in the order of the page."""
        if self._over or self._main not in above:
            return False
        text = self._page.bytes[self._begin : self._page.tag(element)[0]]
        self._over = len(text) > _MARKUP_BEFORE
        if self._over:
            return False
        self._over = len(re.sub(rb"<[^>]*>|\s+", b" ", text).strip()) > _TEXT_BEFORE
        return not self._over
