"""What the style sheets of a page say about its pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from turbohtml import Doctype, Element

from . import values
from .cascade import ANY, Cascade, Value
from .values import Ruler
from .wrapping import around, wrap_keeps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cascade import States
    from .sheet import Sheet

_STRICT = frozenset(("", "-//W3C//DTD HTML 4.01//EN", "-//W3C//DTD XHTML 1.0 Strict//EN"))
_TURNED = "a rule sets a writing mode"
# Displays, or parts of them, whose children are not laid out as in a line of text.
_ITEMS = ("flex", "grid", "box", "masonry", "ruby", "math", "var(", "inherit")


@dataclass(frozen=True, slots=True)
class PictureStyle:
    """What may be done to a picture so that nothing on its page moves.

    `sizes_keep` is empty if no box moves when the picture gets width and height; else it is the reason why not.
    `wrap_keeps` is the same for a <picture> around it. `squashes` says that a rule must set its height to auto.
    `keeps_natural_width` says that its width, or that of a box around it, follows its natural width, which
    `sizes` would change. `column` is the largest width that it can be shown at, in CSS pixels; None when not
    known. `frame` is what padding and border add to its width, in CSS pixels. `height` is its height in CSS
    pixels if it has one and no width; else 0. `sized` says that rules give it a width or a height, so that it
    needs no natural size.
    """

    sizes_keep: str
    squashes: bool
    keeps_natural_width: bool
    wrap_keeps: str
    column: float | None
    frame: int = 0
    height: int = 0
    sized: bool = False


class Styles:
    """The style sheets of one page, in their order. Imported ones come before those that import them.

    `unknown` is the address of one that cannot be read; empty if there is none.
    """

    def __init__(self, sheets: Sequence[Sheet], unknown: str = "") -> None:
        layered = {address for sheet in sheets for address in sheet.layered_imports}
        conditional = {address for sheet in sheets for address in sheet.conditional_imports}
        sheets = [one.held_sometimes() if one.address in conditional else one for one in sheets]
        self._sheets = tuple(sheets)
        self._cascade = Cascade([(sheet, sheet.address in layered) for sheet in sheets])
        self._unknown = ""
        if unknown:
            self._unknown = f"the style sheet {unknown} cannot be read (see ignore_remote_styles)"
        elif any(sheet.unreadable for sheet in sheets):
            self._unknown = "a style sheet has more blocks in blocks than can be read"
        self._bounds: dict[tuple[Element, float], float] = {}
        self._turned_parents: dict[Element, bool] = {}

    def of(self, img: Element) -> PictureStyle:
        """What holds for `img`, an element of the page. The tree is changed in between, and changed back."""
        states = self._cascade.states(img)
        sizes_keep = self._unknown or self._sizes_keep(img, states)
        widths = states.get("width", ANY)
        frame = 0 if sizes_keep else self._frame(states) or 0
        follows = sizes_keep and None in widths and img.attr("width") is None
        return PictureStyle(
            sizes_keep,
            # Without any style a picture is as wide as its attribute says.
            squashes=bool(self._sheets or img.attr("style")) and None in states.get("height", ANY),
            keeps_natural_width=bool(follows)
            or any(map(_natural, widths))
            or (any(map(_relative, widths)) and self._shrunk(img)),
            wrap_keeps=self._unknown or self._wrap_keeps(img),
            column=None if self._unknown else self._column(img, states),
            frame=frame if None in widths and img.attr("width") is None else 0,
            height=0 if sizes_keep else self._height_alone(img, states),
            sized=None not in widths,
        )

    def widest(self, img: Element, window: float = math.inf) -> float | None:
        """The largest width that `img` can have in a window of `window` CSS pixels; None if unknown."""
        return None if self._unknown else self._column(img, self._cascade.states(img), window)

    def tallest(self, img: Element) -> float | None:
        """The largest height that rules or its attribute give `img`, in CSS pixels; None if unknown."""
        states = self._cascade.states(img)
        most = self._maximum(states, math.inf, "max-height")
        heights = states.get("height", ANY)
        author = (img.attr("height") or "").strip()
        given = Value(author + "px") if author.isdigit() else None
        height = max(
            math.inf if value is None or _natural(value) else self._measure(value, math.inf)
            for value in (one or given for one in heights)
        )
        largest = min(most, height)
        return None if self._unknown or math.isinf(largest) else largest

    def is_sized(self, img: Element) -> bool:
        """Whether rules may give `img` its room before it is loaded, or it needs no room."""
        states = self._cascade.states(img)
        named = {
            name: any(value and not _natural(value) for value in states.get(name, ()))
            for name in ("width", "height", "aspect-ratio")
        }
        known = [
            given or (img.attr(name) or "").strip()[:1].isdigit() for name, given in named.items()
        ]
        placed = any(value and value.text in _PLACED for value in states.get("position", ()))
        return bool(self._unknown) or placed or sum(known) > 1

    def is_hidden(self, img: Element) -> bool:
        """Whether `img` or one of its ancestors is hidden until a script, a wider window or a reader shows it."""
        around_it = (one for one in img.ancestors if isinstance(one, Element))
        # The last value is the one that holds without any condition.
        displays = (self._cascade.states(one).get("display", ANY)[-1] for one in (img, *around_it))
        return any(value and value.text == "none" for value in displays)

    def _sizes_keep(self, img: Element, states: States) -> str:
        """The reason why a given width would move boxes; empty if there is none."""
        probed = self._attributes_probed(img)
        if probed:
            return f"{_shown(probed)} looks at its attributes"
        alone = self._height_alone(img, states)
        if img.attr("height") is not None and not alone:
            return "its author gave it a height"
        if "all" in states:
            return "a rule resets all of its properties"
        widths, heights = states.get("width", ANY), states.get("height", ANY)
        if any(value and value.weak and value.text != "auto" for value in heights):
            return "a rule in a layer, or without weight, sets its height"
        if any(value and value.text.startswith("revert") for value in (*widths, *heights)):
            return "a rule takes back its size"
        reason = _other_than(_RATIO_ALONE, states)
        if reason:
            return reason
        if self._turned(img):
            return _TURNED
        if None not in widths or img.attr("width") is not None:
            return ""
        if not alone and any(value and value.text not in _AUTO for value in heights):
            return "a rule sets its height alone"
        reason = _other_than(_NEUTRAL, states)
        if reason:
            return reason
        frame = self._frame(states)
        if frame is None or (alone and "frame" in states):
            return "its padding or border is part of its width"
        return self._item(img)

    def _height_alone(self, img: Element, states: States) -> int:
        """The height that `img` has in every window, in whole CSS pixels; 0 if there is none, or a width, too."""
        heights = states.get("height", ())
        if "width" in states or img.attr("width") is not None or len(heights) > 1:
            return 0
        author = (img.attr("height") or "").strip()
        text = heights[0].text if heights and heights[0] else f"{author}px"
        return values.pixels(text, self._defined) or 0

    def _frame(self, states: States) -> int | None:
        """What is part of a width beside the content, in CSS pixels; None when that is not one number."""
        sizings = {value.text for value in states.get("box-sizing", ()) if value}
        if "frame" not in states or sizings <= {"content-box", "initial", "unset"}:
            return 0
        if sizings != {"border-box"} or None in states["box-sizing"]:
            return None
        total = 0
        for edge in (states[name] for name in _BESIDE if name in states):
            width = (
                values.pixels(edge[0].text, self._defined) if len(edge) == 1 and edge[0] else None
            )
            if width is None:
                return None
            total += width
        return total

    def _attributes_probed(self, img: Element) -> str:
        for sheet in self._sheets:
            outer = around(img) if sheet.attributes_inside else ()
            probes = [sheet.attributes.matching(img, self._cascade.names(img))]
            probes += [
                sheet.attributes_inside.matching(element, self._cascade.names(element))
                for element in outer
            ]
            for probe in chain.from_iterable(probes):
                if any(img.attr(name) is None for name in probe.attributes):
                    return probe.shown
        return ""

    def _item(self, img: Element) -> str:
        """The reason why a parent lays `img` out as an item of its own; empty if it does not."""
        for parent in img.ancestors:
            if not isinstance(parent, Element):
                break
            declared = self._cascade.states(parent).get("display", ())
            displays = [value.text for value in declared if value]
            if any(part in display for display in displays for part in _ITEMS):
                return "it is an item of a flexible box or a grid"
            if "contents" not in displays:
                break
        return ""

    def _shrunk(self, img: Element) -> bool:
        """Whether a box around `img` may be as wide as its content. Boxes around the page's content do not count."""
        item_is_given = False
        for element in img.ancestors:
            if not isinstance(element, Element) or _is_content(element):
                break
            states = self._cascade.states(element)
            wide = states.get("width", ANY)
            if element.tag in _SHRUNK or any(map(_natural, wide)):
                return True
            # A flexible box decides the width of an item of given width. The content does not.
            stretched = _STRETCHED_AND_FLEXIBLE if item_is_given else _STRETCHED
            for name, plain in stretched.items():
                if any(value and value.text not in plain for value in states.get(name, ())):
                    return True
            item_is_given = all(one and values.measurable(one.text) for one in wide)
            item_is_given = item_is_given and not any(name in states for name in _OF_ITEMS)
        return False

    def _turned(self, element: Element) -> bool:
        """Whether lines may run from the top to the bottom there."""
        if "writing-mode" in self._cascade.states(element):
            return True
        parent = element.parent
        if not isinstance(parent, Element):
            return False
        if parent not in self._turned_parents:
            self._turned_parents[parent] = self._turned(parent)
        return self._turned_parents[parent]

    def _wrap_keeps(self, img: Element) -> str:
        if isinstance(img.parent, Element) and img.parent.tag == "picture":
            return "it is in a picture already"
        outer = self._cascade.states(img.parent) if isinstance(img.parent, Element) else {}
        if any(value and value.text == "contents" for value in outer.get("display", ())):
            return "what it stands in has no box, so that a wrapper may have other lines"
        displays = self._cascade.states(img).get("display", ())
        if any(value and value.text not in _PLAIN for value in displays):
            return "a rule sets its display"
        if not _is_standard(img):
            return "its page has no doctype of today, so lines have other heights"
        if self._turned(img):
            return _TURNED
        item = self._item(img)
        if item:
            return item
        shown = wrap_keeps(img, self._cascade)
        return f"{_shown(shown)} would see the difference" if shown else ""

    # The column

    def _column(self, img: Element, states: States, window: float = math.inf) -> float | None:
        """How wide `img` can be, in CSS pixels. Without a maximum the boxes around it do not count."""
        container = self._bound(img.parent, window)
        widths = states.get("width", ANY)
        author = img.attr("width")
        if author is not None and None in widths:
            text = author.strip()
            given = Value(text + "px" if text.isdigit() else text)
            widths = tuple(value or given for value in widths)
        width = max(
            math.inf if value is None or _natural(value) else self._measure(value, container)
            for value in widths
        )
        largest = min(width, self._maximum(states, container))
        return None if math.isinf(largest) else largest

    def _bound(self, element: object, window: float) -> float:
        """The largest width of `element`, infinite when none is known."""
        if not isinstance(element, Element):
            return window
        if (element, window) not in self._bounds:
            states = self._cascade.states(element)
            container = self._bound(element.parent, window)
            if _BOUNDING.isdisjoint(states):
                self._bounds[element, window] = container
                return container
            if any(v and v.text not in {"static", "relative"} for v in states.get("position", ())):
                # It may be placed in any of its ancestors.
                outer = (self._bound(one, window) for one in element.ancestors)
                container = max(window, *outer)
            width = max(
                container if value is None or _natural(value) else self._measure(value, container)
                for value in states.get("width", ANY)
            )
            width = min(width, self._maximum(states, container))
            least = [self._measure(v, container) for v in states.get("min-width", ()) if v]
            finite = [value for value in least if not math.isinf(value)]
            self._bounds[element, window] = max([width, *finite])
        return self._bounds[element, window]

    def _maximum(self, states: States, container: float, name: str = "max-width") -> float:
        return max(
            math.inf if value is None else self._measure(value, container)
            for value in states.get(name, ANY)
        )

    def _measure(self, value: Value, container: float) -> float:
        measured = _width(self._sheets, value.text, container)
        return value.window if measured is None else min(measured, value.window)

    def _defined(self, name: str) -> bool:
        return any(name in sheet.variables for sheet in self._sheets)


@lru_cache(maxsize=4096)
def _width(sheets: tuple[Sheet, ...], text: str, container: float) -> float | None:
    """The largest width that a value comes to with these sheets, in CSS pixels; None when not known."""
    return _ruler(sheets).width(text, container)


@lru_cache(maxsize=64)
def _ruler(sheets: tuple[Sheet, ...]) -> Ruler:
    def variable(name: str) -> list[str]:
        return [value for sheet in sheets for value in sheet.variables.get(name, ())]

    ruler = Ruler(16, variable)
    sizes = [ruler.width(size, 16) for sheet in sheets for size in sheet.root_font_sizes]
    return Ruler(max((size for size in sizes if size), default=16), variable)


_AUTO = frozenset(("auto", "initial", "unset"))
_PLAIN = frozenset(("inline", "block", "inline-block", "none", "initial", "unset"))
# Elements that are as wide as their content without any style.
_SHRUNK = frozenset(("table", "caption", "td", "th", "button", "fieldset", "legend", "dialog"))
# Values of properties with which a box is as wide as its parent.
_STRETCHED = {
    "display": frozenset(("inline", "block", "flow-root", "list-item", "contents", "none")),
    "float": frozenset(("none", "initial", "unset")),
    "position": frozenset(("static", "relative", "initial", "unset")),
}
_STRETCHED_AND_FLEXIBLE = _STRETCHED | {"display": _STRETCHED["display"] | {"flex"}}
# Properties that may make an item of a flexible box as wide as its content, whatever its width is.
_OF_ITEMS = ("flex", "flex-basis", "min-width")
_PLACED = frozenset(("absolute", "fixed"))
# Properties that make an element narrower or wider than its parent.
_BOUNDING = frozenset(("position", "width", "min-width", "max-width"))
_BESIDE = ("padding-left", "padding-right", "border-left", "border-right")
# Values of properties with which a given width shows a picture as a natural one does.
_NEUTRAL = {
    "display": _PLAIN,
    "max-height": values.NONE,
    "min-height": values.NONE,
    "aspect-ratio": _AUTO,
    "image-orientation": frozenset(("from-image", "initial", "unset")),
    "image-resolution": frozenset(("initial", "unset")),
    "zoom": frozenset(("1", "100%", "normal", "initial", "unset")),
}
# Values of properties with which given sizes leave a picture's ratio as it is.
_RATIO_ALONE = {
    "content": frozenset(("normal", "none", "initial", "unset")),
    "contain": frozenset(("none", "paint", "layout", "style", "content", "initial", "unset")),
    "content-visibility": frozenset(("visible", "initial", "unset")),
}


def _is_standard(img: Element) -> bool:
    """Whether browsers lay out the page of an element in standards mode, without the quirks of old browsers."""
    *_, document = img.ancestors
    types = [node for node in document.children if isinstance(node, Doctype)]
    return any(one.name == "html" and (one.public_id or "") in _STRICT for one in types)


def _other_than(neutral: dict[str, frozenset[str]], states: States) -> str:
    for name, texts in neutral.items():
        if any(value and value.text not in texts for value in states.get(name, ())):
            return f"a rule sets its {name}"
    return ""


def _natural(value: Value | None) -> bool:
    """Whether a width of this value may be the picture's own."""
    if value is None:
        return False
    text = values.unprefixed(value.text)
    return text in values.NATURAL or text.startswith(("var(", "fit-content(", "revert"))


def _relative(value: Value | None) -> bool:
    """Whether a width of this value depends on what the picture stands in."""
    parts = ("%", "stretch", "available")
    return value is not None and any(part in value.text for part in parts)


def _is_content(element: Element) -> bool:
    """Whether an element holds the content of the page, which is wider than any picture in it."""
    return element.tag in {"main", "article", "body"} or element.attr("role") == "main"


def _shown(selector: str) -> str:
    return f"the rule {selector if len(selector) <= 80 else selector[:79] + '…'}"
