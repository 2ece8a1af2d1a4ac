"""What is inserted into a page for each of its pictures."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from ..formats import FORMATS
from . import addresses
from .html import ATTRIBUTES, MARK, Page, PageLeft
from .loads import UNUSED, Loads
from .names import RULE_NAME
from .shown import main_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePosixPath

    from turbohtml import Element

    from ..formats import MediaType
    from ..options import Pages
    from .addresses import Place
    from .picture import Picture, VariantFile
    from .shown import Pictures, Shown

    #: the picture that a file of the site is, None for what is none, or not known
    Find = Callable[[PurePosixPath], Picture | None]

# Fragments by which themes show one picture on light and another on dark pages.
_SCHEMES = ("only-light", "only-dark", "gh-light-mode-only", "gh-dark-mode-only")
# A picture is the largest thing that is seen first if it has so many CSS pixels each way, and so few
# characters of text stand before it. A screen of 412 x 823 holds some 1,500.
_LARGE, _TEXT_BEFORE = 200, 800
# Bytes in which so much text is looked for; tags take several times as many.
_MARKUP_BEFORE = 8_000
# Dots that count visits have one or two pixels each way.
_DOT = 2
# CSS pixels of the shorter side below which a picture is an icon or a badge, not the first picture.
_SMALL = 64
# CSS pixels by which a width may be off that belongs to a height. Some pictures stand in one line.
_NEARLY = 0.1
_NUMBER = re.compile(r"\s*(\d{1,5})\s*")


#: Attributes for width and height make a picture keep both where a theme only narrows it. This rule, in the
#: file `RULE_NAME`, is for those whose height we have added. It loses to every other one, since it counts for
#: nothing and stands first.
RULE = f":where(img[{MARK}~=h]){{height:auto}}\n"


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
    #: what was inserted into the page as its author left it, each before a byte of that
    inserted: list[tuple[int, str]] = field(default_factory=list)
    #: names of the variants that it names, by their picture's file from the site's root
    used: dict[PurePosixPath, set[str]] = field(default_factory=dict)
    #: bytes of pictures that the page loads, before and after
    loads: Loads = field(default_factory=Loads)
    #: why pictures are without sizes or formats: the address of each, and the reason
    left: list[tuple[str, str]] = field(default_factory=list)
    #: the style sheet that it links, from the site's root
    rule: PurePosixPath | None = None


@dataclass(frozen=True)
class _Picture:
    """A picture, where it stands on a page."""

    shown: Shown
    picture: Picture
    first: bool  #: whether it is the first of the page's content
    below: bool  #: whether it comes after that one
    #: whether another file may be loaded in its place
    offers: bool
    #: whether that may be one with fewer pixels
    by_width: bool

    @property
    def address(self) -> str:
        return self.shown.address


def optimised(
    page: Page, pictures: Pictures, find: Find, options: Pages, rule: Rule | None
) -> Result:
    """Insert what makes the `pictures` of `page` smaller. Raises `PageLeft`.

    `rule` is the style sheet for pictures that would lose their shape; None if none can be linked.
    """
    known = _known(pictures, find)
    # A parser may take a wrapper for something else where the page is broken. Then without any.
    for wrapping in (True, False):
        result = Result(page.bytes)
        markup = _Markup(page, options, result, rule, wrapping=wrapping)
        page.clear()
        for one in known:
            markup.add(one)
        if result.rule and rule:
            page.insert(rule.at, f'<link rel="stylesheet" href="{escape(rule.address)}" {MARK}>')
        try:
            result.data = page.written()
        except PageLeft:
            if not wrapping:
                raise
        else:
            result.inserted = page.insertions
            return result
    raise AssertionError  # the second time returns or raises


def _known(pictures: Pictures, find: Find) -> list[_Picture]:
    """The pictures of a page of which something is known, and that are more than a dot."""
    places = Counter(one.file for one in pictures.shown)
    alone = {one.file for one in pictures.shown if one.not_wrapped} | pictures.loaded
    found: list[_Picture] = []
    first: str | None = None
    for shown in pictures.shown:
        picture = find(shown.file)
        if picture is None or (picture.width and min(picture.width, picture.height) <= _DOT):
            continue
        large = not picture.width or min(picture.width, picture.height) >= _SMALL
        is_first = shown.main and large and (first is None or _are_a_pair(first, shown.address))
        if is_first:
            first = shown.address
        # Where the page loads the file itself, or where two places want two widths, a page would load more.
        wraps = any(one.media != picture.media for one in picture.variants)
        offers = shown.file not in (alone if wraps else pictures.loaded)
        below = first is not None and not is_first
        found.append(_Picture(shown, picture, is_first, below, offers, places[shown.file] == 1))
    return found


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
        self._important = page.document.select_one('[fetchpriority="high" i]') is not None

    def add(self, one: _Picture) -> None:
        """Insert what is known to be right for one picture."""
        start, end = self._page.tag(one.shown.element)
        name = start + len("<img")
        if self._page.bytes[start:name].lower() != b"<img":
            return  # an element that the parser has put there by itself
        added = self._missing_sizes(one)
        width = _given(one.shown.element, "width") or int(added.get("width", 0))
        if self._rule is not None and "height" in added and one.shown.style.squashes:
            self._result.rule = self._rule.file
        why = one.shown.not_wrapped or ("" if self._wrapping else "the HTML around it is broken")
        if why and self._options.formats:
            self._result.left.append((one.address, f"no other formats: {why}"))
        lazy = self._loading(one, added)
        # `sizes=auto` takes a picture's own shape away, so that both attributes have to say it.
        shaped = {"width", "height"} <= {*one.shown.element.attrs, *added}
        plan = self._plan(one, width, by_layout=lazy and shaped)
        added |= plan.attributes
        if plan.variants:
            used = self._result.used.setdefault(one.shown.file, set())
            used |= {variant.name for variant in plan.variants}
        picture = one.picture
        self._result.loads.add(one.shown.file, picture.size, width or picture.width, plan.choices)
        if not added and not plan.before:
            return
        if plan.before:
            self._page.insert(start, plan.before)
        text = "".join(f' {key}="{escape(added[key])}"' for key in ATTRIBUTES if key in added)
        kind = " h" if "height" in added else ""
        self._page.insert(name, f'{text} {MARK}="{picture.hashed}{kind}"')
        if plan.after:
            self._page.insert(end, plan.after)

    def _missing_sizes(self, one: _Picture) -> dict[str, str]:
        """The attributes `width` and `height` that are missing."""
        picture, style, attrs = one.picture, one.shown.style, one.shown.element.attrs
        width, height = picture.width, picture.height
        given = _given(one.shown.element, "width")
        if not width and (style.sized or given):
            width, height = picture.ratio
        if not (self._options.attributes and width and height) or {"width", "height"} <= set(attrs):
            return {}
        if "width" in attrs and not given:
            return {}
        why = style.sizes_keep
        if not why and style.squashes and not style.height and self._rule is None:
            why = (
                "no style sheet of the site is linked, before which a rule for its height could be"
            )
        across = style.height * width / height
        if not why and abs(across - round(across)) > _NEARLY:
            why = "its author gave it a height, to which no width in whole pixels belongs"
        if why:
            self._result.left.append((one.address, f"no sizes: {why}"))
            return {}
        if style.height:
            return {"width": str(max(1, round(across)))}
        added = {} if given else {"width": str(width + style.frame)}
        given = given or width + style.frame
        return {**added, "height": str(max(1, round(given * height / width)))}

    def _loading(self, one: _Picture, added: dict[str, str]) -> bool:
        """Add when the picture is to be loaded; whether it waits until it is nearly seen."""
        attrs, picture = one.shown.element.attrs, one.picture
        if not self._options.attributes or not one.shown.main:
            return str(attrs.get("loading")).lower() == "lazy"
        if one.first:
            large = min(picture.width, picture.height) >= _LARGE
            alone = one.address.rpartition("#")[2] not in _SCHEMES
            asked = {"loading", "fetchpriority"} & set(attrs)
            if large and alone and not asked and not self._important and self._is_seen_first(one):
                added["fetchpriority"] = "high"
                self._important = True
        elif one.below and self._has_room(one, added):
            # One without room of its own would move the page while that is read.
            if "loading" not in attrs and "fetchpriority" not in attrs:
                added["loading"] = "lazy"
            if "decoding" not in attrs:
                added["decoding"] = "async"
        return str(attrs.get("loading") or added.get("loading")).lower() == "lazy"

    def _has_room(self, one: _Picture, added: dict[str, str]) -> bool:
        """Whether the picture takes its room before it is loaded."""
        if one.shown.style.keeps_natural_width:
            return False
        return {"width", "height"} <= {*one.shown.element.attrs, *added}

    def _is_seen_first(self, one: _Picture) -> bool:
        """Whether little text of the content stands before the picture."""
        main = main_of(self._page.document)
        begin = self._page.tag(main)[1] if main is not None else 0
        text = self._page.bytes[begin : self._page.tag(one.shown.element)[0]][:_MARKUP_BEFORE]
        return len(re.sub(rb"<[^>]*>|\s+", b" ", text).strip()) <= _TEXT_BEFORE

    def _plan(self, one: _Picture, width: int, *, by_layout: bool) -> _Plan:
        """Which variants stand where, for a picture that attributes make `width` CSS pixels wide."""
        picture, style, named = one.picture, one.shown.style, _named(one)
        # With widths in `srcset`, `sizes` is the natural width. So something else has to say the width.
        by_width = one.by_width and self._options.sizes and width > 0
        by_width = by_width and not style.keeps_natural_width
        if (
            not one.offers
            or not named
            or (not by_width and not width and picture.width != picture.pixels)
        ):
            return _Plan()
        sizes = ""
        if by_width:
            column = self._options.content_width or style.column
            sizes = _sizes(width, column, by_layout=by_layout)
        others = [found for found in named if found.variant.media != picture.media]
        if not others:
            return _own_format(one, named, sizes)
        if one.shown.not_wrapped or not self._wrapping:
            return _Plan()
        return _other_formats(picture, others, sizes)


def rule_of(page: Page, place: Place) -> Rule | None:
    """Where the rule goes: before all other styles, beside the first file of these."""
    at = None
    for element in page.document.select("link[rel~=stylesheet], style"):
        begin, end = page.tag(element)
        at = begin if at is None else at
        address = page.attribute(element, "href") if element.tag == "link" else None
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


def _named(picture: _Picture) -> list[_Named]:
    """The variants, the narrowest of each format first; none where their addresses cannot be written."""
    named = []
    for one in sorted(picture.picture.variants, key=lambda variant: variant.width):
        link = addresses.beside(picture.address, one.name)
        if link is None or not link.isascii():
            return []
        named.append(_Named(one, link))
    return named


def _own_format(picture: _Picture, named: list[_Named], sizes: str) -> _Plan:
    itself = addresses.for_srcset(picture.address)
    if not sizes or itself is None:
        return _Plan()
    links = [f"{one.link} {one.variant.width}w" for one in named]
    listed = ", ".join([*links, f"{itself} {picture.picture.pixels}w"])
    choices = [(one.variant.width, one.variant.size) for one in named]
    return _Plan(
        attributes={"srcset": listed, "sizes": sizes},
        variants=tuple(one.variant for one in named),
        choices=(*choices, (picture.picture.pixels, picture.picture.size)),
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


def _sizes(width: int, column: float | None, *, by_layout: bool) -> str:
    """The attribute `sizes` of a picture of `width` CSS pixels in a column that is no wider than `column`.

    `by_layout` is for a lazy picture whose shape is known.
    """
    most = min(width, math.ceil(column)) if column else width
    told = f"(min-width: {most}px) {most}px, calc(100vw - {UNUSED}px)"
    # Browsers that know `auto` take the size that the picture has, once the page is laid out.
    return f"auto, {told}" if by_layout else told


def _given(element: Element, name: str) -> int:
    """The whole number in an attribute; 0 if there is none."""
    found = _NUMBER.fullmatch(str(element.attrs.get(name) or ""))
    return int(found[1]) if found else 0
