"""Values of properties: which ones matter, and how long a length can be."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import tinycss2
from tinycss2.ast import DimensionToken, FunctionBlock, NumberToken, PercentageToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tinycss2.ast import Node

# Sizes that follow the picture's own.
NATURAL = frozenset(
    ("auto", "fit-content", "max-content", "min-content", "initial", "unset", "intrinsic")
)
_KEYWORDS = (NATURAL - {"intrinsic"}) | {"none", "inherit", "revert"}
NONE = frozenset(("none", "auto", "0", "0px", "0%", "0rem", "0em", "initial", "unset"))
_SIZES = {
    prefix + name: prefix + physical
    for prefix in ("", "min-", "max-")
    for name, physical in (
        ("width", "width"),
        ("height", "height"),
        ("inline-size", "width"),
        ("block-size", "height"),
    )
}
_KEPT = frozenset(
    (
        "all",
        "aspect-ratio",
        "box-sizing",
        "contain",
        "content",
        "content-visibility",
        "display",
        "flex",
        "flex-basis",
        "float",
        "font",
        "font-size",
        "image-orientation",
        "image-resolution",
        "position",
        "writing-mode",
        "zoom",
    )
)
_FRAME = re.compile(
    r"padding(-(left|right|top|bottom|inline|block)(-(start|end))?)?"
    r"|border(-(left|right|top|bottom|inline|block)(-(start|end))?)?(-(width|style))?"
)
_PREFIX = re.compile(r"-(webkit|moz|ms|o)-")
_STYLES = frozenset(("solid", "dotted", "dashed", "double", "groove", "ridge", "inset", "outset"))
# An inline box that has none of these is not seen.
_EDGES = re.compile(r"(margin|padding|border)(-[a-z-]+)?")
_INVISIBLE = frozenset(
    (
        *("aspect-ratio", "box-sizing", "object-fit", "object-position"),
        *("border-collapse", "border-color", "border-radius", "border-spacing"),
        *("margin-block", "margin-block-end", "margin-block-start"),
        *("margin-bottom", "margin-top"),
        *("caret-color", "cursor", "tap-highlight-color"),
    )
)
# An element has `none` for these anyway.
_NOT_INHERITED = frozenset(
    ("animation", "background", "box-shadow", "filter", "float", "outline", "transform")
)
_ZERO = re.compile(r"(-?0(px|em|rem|%)?|none|hidden|solid|initial|unset|\s)+")
_LENGTH = re.compile(
    r"-?[\d.]+(px|rem|em|ch|ex|%|in|cm|mm|pt|pc|q|v[wh])|0|(var|calc|min|max|clamp)\(.*", re.DOTALL
)
_PIXELS = {
    "px": 1.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 9.6 / 2.54,
    "q": 2.4 / 2.54,
    "pt": 96 / 72,
    "pc": 16.0,
}


def longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    """The parts of a declaration that are kept, with physical names. Padding and border are called `frame`."""
    bare = _PREFIX.sub("", name, count=1)
    if bare in _SIZES:
        yield _SIZES[bare], value
    elif bare == "font":
        yield from (("font-size", part) for part in re.split(r"[\s/]+", value) if measurable(part))
    elif bare in _KEPT:
        yield bare, value
    elif bare.startswith("margin") and not edgeless(value):
        yield "margin", value
    elif _FRAME.fullmatch(bare):
        if not edgeless(value):
            yield "frame", value
        yield from _beside(bare, value)


def _beside(name: str, value: str) -> Iterator[tuple[str, str]]:
    """The room that a padding or border takes left and right. It is "?" if nobody looks further."""
    kind, _, side = name.partition("-")
    if side in {"top", "bottom", "block", "block-start", "block-end"}:
        return
    sides = [side] if side in {"left", "right"} else ["left", "right"]
    parts = value.split()
    colour = re.fullmatch(r"\S+ \S+ (var\(--[\w-]+\))", value) if kind == "border" else None
    known = side in {"left", "right", ""} and 0 < len(parts) < 5
    known = known and ("(" not in value or colour is not None)
    for one in sides:
        if not known:
            width = "?"
        elif kind == "padding":
            width = parts[[0, 1, 1, 3 if one == "left" else 1][len(parts) - 1]]
        elif parts[0] in {"none", "0"}:
            width = "0px"
        else:
            width = parts[0] if len(parts) == 3 and parts[1] in _STYLES else "?"
            width += f" {colour[1]}" if colour else ""
        yield f"{kind}-{one}", width


def pixels(value: str, defined: Callable[[str], bool]) -> int | None:
    """The whole pixels of an edge; None for any other value, or one whose colour is not `defined`."""
    found = re.fullmatch(r"(?:(\d+)px|0)(?: var\((.*)\))?", value)
    if found is None or (found[2] and not defined(found[2])):
        return None
    return int(found[1] or 0)


def unprefixed(text: str) -> str:
    """A name of CSS without the prefix of one browser."""
    return _PREFIX.sub("", text, count=1)


def certain(name: str, value: str) -> bool:
    """Whether every browser that is in use understands the declaration."""
    if _PREFIX.match(name) or _PREFIX.search(value):
        return False
    if name.rpartition("-")[2] in {"width", "height"} or name.endswith("-size"):
        return value in _KEYWORDS or bool(_LENGTH.fullmatch(value))
    return True


def edgeless(value: str) -> bool:
    """Whether a margin, padding or border of this value takes no room."""
    return bool(_ZERO.fullmatch(value)) and (
        "solid" not in value or any(part in value for part in ("0", "none", "hidden"))
    )


def is_edge(name: str) -> bool:
    """Whether a property is a margin, a padding or a border."""
    return bool(_EDGES.fullmatch(name))


def harmless(name: str, value: str) -> bool:
    """Whether an inline box around a picture looks the same with and without this declaration."""
    bare = unprefixed(name)
    if name.startswith(("--", "transition", "scroll")) or bare in _SIZES or bare in _INVISIBLE:
        return True
    if bare in _NOT_INHERITED:
        return value in {"none", "0", "initial", "unset"}
    if is_edge(name):
        return value == "auto" or edgeless(value)
    return (name, value) in {("vertical-align", "baseline"), ("display", "inline")}


def measurable(value: str) -> bool:
    """Whether `value` looks like a length."""
    return bool(_LENGTH.fullmatch(value))


@lru_cache(maxsize=1024)
def _tokens(value: str) -> list[Node]:
    nodes = tinycss2.parse_component_value_list(value, skip_comments=True)
    return [node for node in nodes if node.type != "whitespace"]


class Ruler:
    """Measures lengths in CSS pixels. The result is the largest that a length can come to.

    `root` is the largest font size of the root element, in CSS pixels.
    """

    def __init__(self, root: float, variables: Callable[[str], list[str]]) -> None:
        self.root = root
        self.variables = variables

    def width(self, value: str, container: float, depth: int = 0) -> float | None:
        """The largest width that `value` gives in a container; None when not known."""
        tokens = _tokens(value)
        return self._token(tokens[0], container, depth) if len(tokens) == 1 else None

    def _token(self, token: Node, container: float, depth: int) -> float | None:
        if isinstance(token, PercentageToken):
            return container * float(token.value) / 100
        if isinstance(token, NumberToken):
            return 0.0 if token.value == 0 else None
        if isinstance(token, DimensionToken):
            return self._length(token.value, token.lower_unit)
        if isinstance(token, FunctionBlock) and depth < 8:
            return self._function(token, container, depth + 1)
        return None

    def _length(self, number: float, unit: str) -> float | None:
        relative: Mapping[str, float] = {"rem": 1, "em": 1, "ch": 0.6, "ex": 0.6}
        if unit in relative:
            return number * relative[unit] * self.root
        return number * _PIXELS[unit] if unit in _PIXELS else None

    def _function(self, token: FunctionBlock, container: float, depth: int) -> float | None:
        arguments = [
            self.width(tinycss2.serialize(part), container, depth)
            for part in _arguments(token.arguments)
        ]
        known = [value for value in arguments if value is not None]
        name = token.lower_name
        if name == "var":
            return self._variable(token, container, depth)
        if name == "min" and known:
            return min(known)
        if name == "max" and known and len(known) == len(arguments):
            return max(known)
        if name == "clamp" and len(arguments) == 3:
            return arguments[2]
        return None

    def _variable(self, token: FunctionBlock, container: float, depth: int) -> float | None:
        name, _, fallback = tinycss2.serialize(token.arguments).partition(",")
        texts = self.variables(name.strip()) or ([fallback.strip()] if fallback else [])
        found = [self.width(text, container, depth) for text in texts]
        known = [value for value in found if value is not None]
        return max(known) if known and len(known) == len(found) else None


def _arguments(tokens: list[Node]) -> Iterator[list[Node]]:
    part: list[Node] = []
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part
