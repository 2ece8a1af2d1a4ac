"""What is inserted into a page for each of its pictures."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from ..formats import FORMATS
from . import addresses
from .html import ATTRIBUTES, MARK, Page, PageLeft
from .loads import Loads
from .names import RULE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePosixPath

    from turbohtml import Document, Element

    from ..formats import MediaType
    from ..options import Pages
    from .addresses import Place
    from .css import PictureStyle, Styles
    from .picture import Picture, VariantFile

    #: the picture that a file of the site is, None for what is none, or not known
    Find = Callable[[PurePosixPath], Picture | None]

# Elements whose pictures are not shown, or not by the rules of HTML pages.
_ELSEWHERE = frozenset(
    ["template", "noscript", "picture", "pre", "svg", "math", "object", "canvas"]
)
# Attributes by which authors, or scripts of theirs, choose files themselves.
_OWN = ("srcset", "sizes", "data-src", "data-srcset", "ismap", "usemap", MARK)
# What holds the content of a page, the best first.
_MAIN = ('main, [role="main"]', "article", "#content")
_AROUND = frozenset(["header", "nav", "footer", "aside"])
# How scripts call the pictures that they enlarge or move. Two of them are known to take `<picture>`, too:
# glightbox shows what its link names, medium-zoom what the picture shows.
_SCRIPTED = re.compile(
    r"(?<!g)lightbox|(?<!medium-)zoom|fancybox|photoswipe|pswp|magnific|carousel|swiper|slick|splide"
    r"|glide|gallery",
    re.IGNORECASE,
)
# How many elements around a picture are looked at for the names of scripts, and how many there may be at all:
# browsers nest no deeper.
_LEVELS, _DEEPEST = 12, 512
# Fragments by which themes show one picture on light and another on dark pages.
_SCHEMES = ("only-light", "only-dark", "gh-light-mode-only", "gh-dark-mode-only")
# A picture is the largest thing that is seen first if it has so many CSS pixels each way, and so few
# characters of text stand before it. A screen of 412 x 823 holds some 1,500.
_LARGE, _TEXT_BEFORE = 200, 800
# Bytes in which so much text is looked for; tags take several times as many.
_MARKUP_BEFORE = 8_000
# Dots that count visits have one or two pixels each way.
_DOT = 2
_NUMBER = re.compile(r"\s*(\d{1,5})\s*")


#: Attributes for width and height make a picture keep both where a theme only narrows it. This rule, in the
#: file `RULE_NAME`, loses to every other one, since it counts for nothing and stands first.
RULE = f":where(img[{MARK}]){{height:auto}}\n"


@dataclass(frozen=True, slots=True)
class Rule:
    """Where the style sheet with the rule is linked."""

    at: int  #: the byte of the page before which the link goes
    address: str
    file: PurePosixPath  #: from the site's root


@dataclass
class Result:
    """A page with its insertions."""

    data: bytes
    #: names of the variants that it names, by their picture's file from the site's root
    used: dict[PurePosixPath, set[str]] = field(default_factory=dict)
    #: bytes of pictures that the page loads, before and after
    loads: Loads = field(default_factory=Loads)
    #: why pictures are without sizes or formats: the address of each, and the reason
    left: list[tuple[str, str]] = field(default_factory=list)
    #: the style sheet that it links, from the site's root
    rule: PurePosixPath | None = None


@dataclass(frozen=True)
class _Shown:
    """A picture on a page."""

    element: Element
    address: str
    file: PurePosixPath
    picture: Picture
    style: PictureStyle
    main: bool  #: whether it is a part of the page's content
    first: bool  #: whether it is the first of these


def optimised(
    page: Page, find: Find, place: Place, styles: Styles, options: Pages, rule: Rule | None
) -> Result:
    """Insert what makes the pictures of `page` smaller. Raises `PageLeft`.

    `rule` is the style sheet for pictures that would lose their shape; None if none can be linked.
    """
    shown = list(_pictures(page, place, find, styles))
    # A parser may take a wrapper for something else where the page is broken. Then without any.
    for wrapping in (True, False):
        result = Result(page.bytes)
        markup = _Markup(page, options, result, rule, wrapping=wrapping)
        page.clear()
        for one in shown:
            markup.add(one)
        if result.rule and rule:
            page.insert(rule.at, f'<link rel="stylesheet" href="{escape(rule.address)}" {MARK}>')
        try:
            result.data = page.written()
        except PageLeft:
            if not wrapping:
                raise
        else:
            return result
    raise AssertionError  # the second time returns or raises


def _pictures(page: Page, place: Place, find: Find, styles: Styles) -> list[_Shown]:
    document = page.document
    if document.select_one("html[amp], html[\u26a1], html[\xe2\x9a\xa1]") is not None:
        raise PageLeft("AMP allows no other pictures than its own")
    main = _main(document)
    found: list[_Shown] = []
    first: str | None = None
    for element in document.select("img"):
        address = addresses.written_in(element, page, "src")
        if not address or _is_left(element):
            continue
        file = place.file(address)
        picture = None if file is None else find(file)
        inside = main is not None and _is_inside(element, main)
        large = picture is None or min(picture.width, picture.height) > _DOT
        is_first = inside and large and (first is None or _are_a_pair(first, address))
        if is_first:
            first = address
        if file is not None and picture is not None and large:
            style = styles.of(element)
            found.append(_Shown(element, address, file, picture, style, inside, is_first))
    return found


def _is_left(element: Element) -> bool:
    if any(name in element.attrs for name in _OWN):
        return True
    above = islice(element.ancestors, _DEEPEST)
    tags = [getattr(one, "tag", "#document") for one in above]
    # What is in a template hangs on a document of its own.
    return len(tags) == _DEEPEST or any(tag in _ELSEWHERE or tag.startswith("amp-") for tag in tags)


def _main(document: Document) -> Element | None:
    for selector in _MAIN:
        if (found := document.select_one(selector)) is not None:
            return found
    return document.select_one("body")


def _is_inside(element: Element, main: Element) -> bool:
    for above in islice(element.ancestors, _DEEPEST):
        if above == main:
            return True
        if getattr(above, "tag", "") in _AROUND:
            return False
    return False


def _are_a_pair(one: str, other: str) -> bool:
    """Whether only one of two addresses is shown, by the colours of the page."""
    return all(address.rpartition("#")[2] in _SCHEMES for address in (one, other))


class _Markup:
    """Inserts what belongs to pictures into one page."""

    def __init__(
        self, page: Page, options: Pages, result: Result, rule: Rule | None, *, wrapping: bool
    ) -> None:
        self._page = page
        self._options = options
        self._result = result
        self._rule = rule
        self._wrapping = wrapping
        self._preloaded = {
            addresses.written_in(link, page, "href")
            for link in page.document.select('link[rel~="preload"][as="image" i]')
        }
        self._important = page.document.select_one('[fetchpriority="high" i]') is not None

    def add(self, shown: _Shown) -> None:
        """Insert what is known to be right for one picture."""
        start, end = self._page.tag(shown.element)
        name = start + len("<img")
        if self._page.bytes[start:name].lower() != b"<img":
            return  # an element that the parser has put there by itself
        added = self._missing_sizes(shown)
        width = _given(shown.element, "width") or int(added.get("width", 0))
        if self._rule is not None and "height" in added and shown.style.squashes:
            self._result.rule = self._rule.file
        lazy = self._loading(shown, added)
        plan = self._plan(shown, width, lazy=lazy)
        added |= plan.attributes
        if plan.variants:
            used = self._result.used.setdefault(shown.file, set())
            used |= {one.name for one in plan.variants}
        picture = shown.picture
        self._result.loads.add(shown.file, picture.size, width or picture.width, plan.choices)
        if not added and not plan.before:
            return
        if plan.before:
            self._page.insert(start, plan.before)
        text = "".join(f' {key}="{escape(added[key])}"' for key in ATTRIBUTES if key in added)
        self._page.insert(name, f'{text} {MARK}="{picture.hashed}"')
        if plan.after:
            self._page.insert(end, plan.after)

    def _missing_sizes(self, shown: _Shown) -> dict[str, str]:
        """The attributes `width` and `height` that are missing."""
        picture, attrs = shown.picture, shown.element.attrs
        if not (self._options.attributes and picture.width and picture.height):
            return {}
        if "height" in attrs or ("width" in attrs and not _given(shown.element, "width")):
            return {}
        why = shown.style.sizes_keep
        if not why and shown.style.squashes and self._rule is None:
            why = (
                "no style sheet of the site is linked, before which a rule for its height could be"
            )
        if why:
            self._result.left.append((shown.address, f"no sizes: {why}"))
            return {}
        if "width" in attrs:
            width = _given(shown.element, "width")
            return {"height": str(max(1, round(width * picture.height / picture.width)))}
        return {"width": str(picture.width), "height": str(picture.height)}

    def _loading(self, shown: _Shown, added: dict[str, str]) -> bool:
        """Add when the picture is to be loaded; whether it waits until it is nearly seen."""
        attrs, picture = shown.element.attrs, shown.picture
        if not self._options.attributes or not shown.main:
            return str(attrs.get("loading")).lower() == "lazy"
        if shown.first:
            large = min(picture.width, picture.height) >= _LARGE
            alone = shown.address.rpartition("#")[2] not in _SCHEMES
            asked = {"loading", "fetchpriority"} & set(attrs)
            if large and alone and not asked and not self._important and self._is_seen_first(shown):
                added["fetchpriority"] = "high"
                self._important = True
        elif "loading" not in attrs and "fetchpriority" not in attrs:
            added["loading"] = "lazy"
        if "decoding" not in attrs and not shown.first:
            added["decoding"] = "async"
        return str(attrs.get("loading") or added.get("loading")).lower() == "lazy"

    def _is_seen_first(self, shown: _Shown) -> bool:
        """Whether little text of the content stands before the picture."""
        main = _main(self._page.document)
        begin = self._page.tag(main)[1] if main is not None else 0
        text = self._page.bytes[begin : self._page.tag(shown.element)[0]][:_MARKUP_BEFORE]
        return len(re.sub(rb"<[^>]*>|\s+", b" ", text).strip()) <= _TEXT_BEFORE

    def _plan(self, shown: _Shown, width: int, *, lazy: bool) -> _Plan:
        """Which variants stand where, for a picture that attributes make `width` CSS pixels wide."""
        picture, style = shown.picture, shown.style
        named = _named(shown)
        # With widths in `srcset`, `sizes` is the natural width. So something else has to say the width.
        by_width = self._options.sizes and bool(width) and not style.keeps_natural_width
        if shown.address in self._preloaded:
            named = []  # a browser would load both
        if not named or (not by_width and not width and picture.width != picture.pixels):
            return _Plan()
        sizes = ""
        if by_width:
            sizes = _sizes(width, self._options.content_width or style.column, lazy=lazy)
        others = [one for one in named if one.variant.media != picture.media]
        if not others:
            return _own_format(shown, named, sizes)
        why = style.wrap_keeps or _scripted(shown.element)
        if why or not self._wrapping:
            why = why or "the HTML around it is broken"
            self._result.left.append((shown.address, f"no other formats: {why}"))
            return _Plan()
        return _other_formats(picture, others, sizes)


def _scripted(element: Element) -> str:
    """Why a script may look for the picture where it is, in words; empty if nothing says so."""
    names: list[str] = []
    for one in (element, *islice(element.ancestors, _LEVELS)):
        attrs = getattr(one, "attrs", {})
        names += attrs
        told = attrs.get("class") or ""
        names += [told] if isinstance(told, str) else told
    found = _SCRIPTED.search(" ".join(names))
    return f"a script may look for it ({found[0]})" if found else ""


def rule_of(page: Page, place: Place) -> Rule | None:
    """Where the rule goes: before all other styles, beside the first file of these."""
    at = None
    for element in page.document.select("link[rel~=stylesheet], style"):
        begin, end = page.tag(element)
        at = begin if at is None else at
        address = addresses.written_in(element, page, "href") if element.tag == "link" else None
        file = place.file(address) if address and end else None
        link = addresses.beside(address or "", RULE_NAME)
        if file is not None and link:
            return Rule(at, link, file.with_name(RULE_NAME))
    return None


@dataclass(frozen=True)
class _Named:
    """A variant and its address on the page."""

    variant: VariantFile
    link: str


@dataclass(frozen=True)
class _Plan:
    """What is inserted to offer variants, and the files that browsers choose from."""

    before: str = ""  #: before the picture's tag
    after: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    variants: tuple[VariantFile, ...] = ()
    #: pixels and bytes of what is loaded in place of the picture by browsers that know all formats
    choices: tuple[tuple[int, int], ...] = ()


def _named(shown: _Shown) -> list[_Named]:
    """The variants, the narrowest of each format first; none where their addresses cannot be written."""
    named = []
    for one in sorted(shown.picture.variants, key=lambda variant: variant.width):
        link = addresses.beside(shown.address, one.name)
        if link is None or not link.isascii():
            return []
        named.append(_Named(one, link))
    return named


def _own_format(shown: _Shown, named: list[_Named], sizes: str) -> _Plan:
    itself = addresses.for_srcset(shown.address)
    if not sizes or itself is None:
        return _Plan()
    links = [f"{one.link} {one.variant.width}w" for one in named]
    listed = ", ".join([*links, f"{itself} {shown.picture.pixels}w"])
    choices = [(one.variant.width, one.variant.size) for one in named]
    return _Plan(
        attributes={"srcset": listed, "sizes": sizes},
        variants=tuple(one.variant for one in named),
        choices=(*choices, (shown.picture.pixels, shown.picture.size)),
    )


def _other_formats(picture: Picture, named: list[_Named], sizes: str) -> _Plan:
    """`<picture>` with a source for each format, in the order in which they are to be taken."""
    sources, used = [], []
    for one in named:
        if one.variant.still:
            media = "(prefers-reduced-motion: reduce)"
            sources.append(_source(one.variant.media, one.link, media=media))
            used.append(one.variant)
    choices: list[tuple[int, int]] = []
    for media in dict.fromkeys(one.media for one in picture.variants if not one.still):
        files = [one for one in named if one.variant.media == media and not one.variant.still]
        if not sizes:
            files = [one for one in files if one.variant.width == picture.pixels]
        if not files:
            continue
        if len(files) > 1:
            listed = ", ".join(f"{one.link} {one.variant.width}w" for one in files)
            sources.append(_source(media, listed, sizes=sizes))
        else:
            sources.append(_source(media, files[0].link))
        used += [one.variant for one in files]
        choices = choices or [(one.variant.width, one.variant.size) for one in files]
    if not choices:
        return _Plan()
    before = f"<picture {MARK}>{''.join(sources)}"
    return _Plan(before, "</picture>", variants=tuple(used), choices=tuple(choices))


def _source(kind: MediaType, srcset: str, **more: str) -> str:
    attributes = {"type": FORMATS[kind].mime, "srcset": srcset, **more}
    text = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<source{text} {MARK}>"


def _sizes(width: int, column: float | None, *, lazy: bool) -> str:
    """The attribute `sizes` of a picture of `width` CSS pixels in a column that is no wider than `column`."""
    most = min(width, math.ceil(column)) if column else width
    told = f"(min-width: {most}px) {most}px, 100vw"
    # Browsers that know `auto` take the size that the picture has, once the page is laid out.
    return f"auto, {told}" if lazy else told


def _given(element: Element, name: str) -> int:
    """The whole number in an attribute; 0 if there is none."""
    found = _NUMBER.fullmatch(str(element.attrs.get(name) or ""))
    return int(found[1]) if found else 0
