"""What an SVG contains as a whole. It decides what may be done to the parts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import values
from .tokens import Comment, End, Start, Text, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

SVG = "http://www.w3.org/2000/svg"
_CREDENTIALS = "http://c2pa.org/manifest"
XML = "http://www.w3.org/XML/1998/namespace"

_SCRIPTS = frozenset({"script", "handler", "listener"})
_ANIMATIONS = frozenset({"animate", "set", "animateTransform", "animateMotion", "animateColor"})
_SHARED = frozenset({"use", "clipPath", "mask", "symbol"})
_WRITING = frozenset(
    {"text", "tspan", "textPath", "tref", "flowRoot", "flowPara", "textArea", "foreignObject"}
)
_TRANSFORMS = ("transform", "gradientTransform", "patternTransform")

# These selectors distinguish elements by their siblings, by blanks, or by values that get other spellings.
_DELICATE_CSS = re.compile(
    r"@import|\[\s*+(?!class\b|id\b|data-)"
    r"|:(?:nth-|first-|last-|only-|empty\b|has\b)|(?<=[\w)\]*])\s*[+~]\s*(?=[\w.#:*\[])"
)
_CSS_STRINGS = re.compile(r"""/\*.*?\*/|"[^"]*"|'[^']*'|\([^()]*\)""", re.DOTALL)
_PEN = re.compile(r"(?<![\w-])stroke\s*+:(?!\s*+none\b)|marker")
_PEN_WIDTH = re.compile(r"(?<![\w-])stroke-width\s*+:\s*+([^;}]*+)")
_MOVING_CSS = re.compile(r"transform|zoom|scale|path\(|@keyframes|\bd\s*:")
# Some tools read their source back from a comment: Excalidraw a scene, PlantUML a text.
_PAYLOAD = re.compile(r"payload-|svg-source:|SRC=\[")


class Namespaces:
    """The prefixes of namespaces that are declared at one point of the document."""

    def __init__(self) -> None:
        self._uris: dict[str, list[str]] = {"xml": [XML], "": [""]}

    def open(self, start: Start) -> list[str]:
        """Enter an element. The result is the prefixes that it declares, for `close`."""
        declared = []
        for name, value in start.attributes:
            if name == "xmlns" or name.startswith("xmlns:"):
                prefix = name[6:]
                self._uris.setdefault(prefix, []).append(value[1:-1])
                declared.append(prefix)
        return declared

    def close(self, declared: list[str]) -> None:
        """Leave the element that declared these prefixes."""
        for prefix in declared:
            self._uris[prefix].pop()

    def element(self, name: str) -> tuple[str, str]:
        """Namespace and local name of an element."""
        prefix, colon, local = name.rpartition(":")
        uris = self._uris.get(prefix)
        return (uris[-1] if uris else ""), (local if colon else name)

    def attribute(self, name: str) -> tuple[str, str]:
        """Namespace and local name of an attribute. The namespace is empty if it has no prefix."""
        return self.element(name) if ":" in name else ("", name)


@dataclass(slots=True)
class Analysis:
    """Facts about the whole document."""

    #: whether scripts or selectors may notice any change of the tree
    delicate: bool = False
    #: whether the commands of a path are matched one by one with those of another
    animated: bool = False
    #: whether style sheets or views may enlarge parts of the picture
    moving: bool = False
    #: whether there is text, in which blanks may show
    writing: bool = False
    #: whether any outline may be drawn with a pen, or have markers at its corners, though no element around it says so
    stroked: bool = False
    #: the width of the widest pen in its own units; infinite if it cannot be told
    pen_width: float = 1.0
    #: whether elements may be drawn in other places than their own
    shared: bool = False
    #: the largest enlargement by one list of transforms; None if it cannot be told
    magnification: float | None = 1.0
    #: whether it holds content credentials, which cover every byte
    signed: bool = False
    #: whether comments hold what a tool reads back
    payload: bool = False
    #: width and height of the picture in user units; None if it does not say them
    box: tuple[float, float] | None = None
    #: the number of characters in path data and in lists of corners
    outlines: int = 0
    #: the namespaces of the elements in each `metadata`, in order; "" stands for other content
    metadata: list[set[str]] = field(default_factory=list)

    @property
    def measured(self) -> bool:
        """Whether the document tells how large its outlines are shown."""
        return not (
            self.delicate
            or self.moving
            or self.magnification is None
            or (self.shared and self.magnification > 1.0001)
        )


def analyse(tokens: Sequence[Token]) -> Analysis:
    """The facts about a document, from one look through its tokens."""
    found = Analysis()
    namespaces = Namespaces()
    css: list[str] = []
    open_elements: list[tuple[str, list[str], bool]] = []
    # How deep the outermost `metadata` and the outermost `style` are. It is 0 outside of them.
    metadata = styles = 0
    for token in tokens:
        if isinstance(token, Start):
            declared = namespaces.open(token)
            uri, local = namespaces.element(token.name)
            found.signed = found.signed or uri == _CREDENTIALS
            if not open_elements:
                found.box = box(token)
            if metadata:
                found.metadata[-1].add(uri)
            elif local == "metadata":
                found.metadata.append(set())
            _element(found, local, token, css)
            pen = has_pen(token, around=bool(open_elements) and open_elements[-1][2])
            found.stroked = found.stroked or (pen and local == "use")
            if token.empty:
                namespaces.close(declared)
                continue
            open_elements.append((local, declared, pen))
            metadata = metadata or (len(open_elements) if local == "metadata" else 0)
            styles = styles or (len(open_elements) if local == "style" else 0)
        elif isinstance(token, End):
            metadata = 0 if len(open_elements) == metadata else metadata
            styles = 0 if len(open_elements) == styles else styles
            namespaces.close(open_elements.pop()[1])
        elif isinstance(token, Text):
            if styles:
                css.append(token.raw.removeprefix("<![CDATA[").removesuffix("]]>"))
                found.stroked = found.stroked or _PEN.search(token.raw) is not None
            if metadata == len(open_elements) > 0 and token.raw.strip():
                found.metadata[-1].add("")
        elif isinstance(token, Comment):
            found.payload = found.payload or _PAYLOAD.search(token.raw[:200]) is not None
        else:
            found.delicate = found.delicate or token.raw.startswith("<?xml-stylesheet")
    _style(found, css)
    return found


def box(start: Start) -> tuple[float, float] | None:
    """Width and height, in user units, of what an `svg` or `symbol` shows; None if it does not say them."""
    attributes = {name: value[1:-1] for name, value in start.attributes}
    if "viewBox" in attributes:
        numbers = values.numbers_of(attributes["viewBox"])
        if numbers is None or len(numbers) != 4:
            return None
        size = float(numbers[2]), float(numbers[3])
    else:
        sides = [attributes.get(name, "").removesuffix("px") for name in ("width", "height")]
        lists = [values.numbers_of(side) for side in sides]
        if any(numbers is None or len(numbers) != 1 for numbers in lists):
            return None
        size = float(sides[0]), float(sides[1])
    return size if all(0 < side < 1e9 for side in size) else None


def has_pen(start: Start, *, around: bool) -> bool:
    """Whether outlines in an element are drawn with a pen. `around` says whether those around it are."""
    for name, value in start.attributes:
        if name == "stroke":
            around = value[1:-1].strip() != "none"
    # A style wins over the attribute.
    return around or any(
        name == "style" and _PEN.search(value) is not None for name, value in start.attributes
    )


def _element(found: Analysis, local: str, start: Start, css: list[str]) -> None:
    found.delicate = found.delicate or local in _SCRIPTS
    found.animated = found.animated or local in _ANIMATIONS
    found.moving = found.moving or local == "view"
    found.writing = found.writing or local in _WRITING
    found.shared = found.shared or local in _SHARED
    found.stroked = found.stroked or local == "marker"
    for name, value in start.attributes:
        if name in ("d", "points"):
            found.outlines += len(value)
        elif name == "stroke-width":
            found.pen_width = max(found.pen_width, _width(value[1:-1]))
        elif name.lower().startswith("on"):
            found.delicate = True
        elif name == "style":
            css.append(value[1:-1])
        elif name in _TRANSFORMS and found.magnification is not None:
            factor = values.magnification(value[1:-1])
            found.magnification = None if factor is None else max(found.magnification, factor)


def _width(value: str) -> float:
    numbers = values.numbers_of(value.strip().removesuffix("!important").strip().removesuffix("px"))
    return float(numbers[0]) if numbers and len(numbers) == 1 else math.inf


def _style(found: Analysis, css: list[str]) -> None:
    for sheet in css:
        for width in _PEN_WIDTH.findall(sheet):
            found.pen_width = max(found.pen_width, _width(width))
        found.moving = found.moving or _MOVING_CSS.search(sheet) is not None
        bare = _CSS_STRINGS.sub(" ", sheet)
        found.delicate = found.delicate or _DELICATE_CSS.search(bare) is not None
