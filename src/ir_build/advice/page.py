"""What one page says of its pictures: how large each is shown, and when it is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from turbohtml import Element

from ..pages.loads import SCREENS
from ..pages.shown import DEEPEST, is_scripted, main_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..pages.addresses import Place
    from ..pages.css import Styles
    from ..pages.html import Page

#: CSS pixels of a phone's window
PHONE = SCREENS[0].width
# Characters in a line of text on it.
_LINE = 45
# Bytes of markup before a picture that is seen first.
_MARKUP_BEFORE = 8_000
_BLOCK = re.compile(
    rb"</?(?:p|li|h\d|div|dd|dt|td|th|section|pre|figure|br)\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(rb"<[^<>]*>")
_UNSEEN = frozenset(["template", "noscript"])
_AMP = frozenset(["amp", "\u26a1", "\xe2\x9a\xa1"])
# The attribute that names a file, and whether that is shown as a picture.
_LOADS = {
    "link": ("href", "loaded"), "script": ("src", "loaded"),
    "video": ("poster", "shown"), "input": ("src", "shown"),
}  # fmt: skip


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
    #: paragraphs before it in the page's content, their lines on a phone and those of the longest; None where it
    #: is not one of the first pictures
    before: tuple[int, int, int] | None
    scripted: bool  #: whether a script may show it larger


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page and what it loads of its site."""

    name: str
    uses: tuple[Use, ...] = ()
    #: files that are shown as pictures, in whatever way
    shown: frozenset[PurePosixPath] = frozenset()
    #: style sheets and scripts
    loaded: frozenset[PurePosixPath] = frozenset()


def read(name: str, page: Page, place: Place, styles: Styles) -> PageFacts:
    """What the page of this name says."""
    document = page.document
    shown, uses, loaded = set[PurePosixPath](), [], set[PurePosixPath]()
    amp = not _AMP.isdisjoint(document.root.attrs if document.root else ())
    first = _Early(page)
    for element in page.elements("img", *_LOADS):
        if element.tag != "img":
            _add_loaded(page, place, element, loaded, shown)
            continue
        above = [one for one in islice(element.ancestors, DEEPEST) if isinstance(one, Element)]
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
            uses.append(
                _use(
                    offered=bool(offers),
                    element=element,
                    file=file,
                    styles=styles,
                    first=first,
                    above=above,
                )
            )
    return PageFacts(
        name,
        tuple(uses),
        frozenset(shown),
        frozenset(loaded),
    )


def _addresses(srcset: str) -> Iterator[str]:
    """The addresses in a `srcset`, each of which a description may follow."""
    described = False
    for word in srcset.split():
        address = word
        if described:
            _, comma, address = word.partition(",")
            described = not comma
        if address.strip(",") and not described:
            yield address.strip(",")
            described = not address.endswith(",")


def _add_loaded(
    page: Page,
    place: Place,
    element: Element,
    loaded: set[PurePosixPath],
    shown: set[PurePosixPath],
) -> None:
    """Add what an element other than `<img>` makes browsers load."""
    name, into = _LOADS[element.tag]
    if element.tag == "link" and "stylesheet" not in (element.attr("rel") or "").lower().split():
        return
    address = page.attribute(element, name)
    file = place.file(address) if address else None
    if file is not None:
        (loaded if into == "loaded" else shown).add(file)


def _use(
    *,
    offered: bool,
    element: Element,
    file: PurePosixPath,
    styles: Styles,
    first: _Early,
    above: list[Element],
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
        before=first.before(element, above),
        scripted=is_scripted(element, above),
    )


def _is_in_page(above: list[Element]) -> bool:
    return bool(above) and above[-1].tag == "html"


def _offered(page: Page, place: Place, img: Element) -> Iterator[PurePosixPath]:
    """The files that may be loaded in place of that of `img`."""
    parent = img.parent
    around = [img]
    if isinstance(parent, Element) and parent.tag == "picture":
        children = (one for one in parent.children if isinstance(one, Element))
        around += [one for one in children if one.tag == "source"]
    for element in around:
        for address in _addresses(page.attribute(element, "srcset") or ""):
            if (file := place.file(address)) is not None:
                yield file


class _Early:
    """How many lines of text stand before the first pictures of a page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._main = main_of(page.document)
        self._begin = page.tag(self._main)[1] if self._main is not None else 0
        self._over = self._main is None

    def before(self, element: Element, above: list[Element]) -> tuple[int, int, int] | None:
        """Paragraphs of the content before `element`, their lines on a phone, and those of the longest.

        Asked in the order of the page.
        """
        if self._over or self._main not in above:
            return None
        text = self._page.bytes[self._begin : self._page.tag(element)[0]]
        self._over = len(text) > _MARKUP_BEFORE
        if self._over:
            return None
        parts = _TAG.sub(b" ", _BLOCK.sub(b"\0", text)).split(b"\0")
        lines = [-(-len(b" ".join(part.split())) // _LINE) for part in parts]
        return sum(map(bool, lines)), sum(lines), max(lines)
