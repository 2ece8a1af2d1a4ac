"""A style sheet, read once. Only what may matter to a picture is kept."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from urllib.parse import urljoin

import tinycss2
from tinycss2.ast import (
    AtRule,
    Declaration,
    FunctionBlock,
    IdentToken,
    QualifiedRule,
    StringToken,
    URLToken,
)

from . import selectors, values
from .selectors import Selector, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tinycss2.ast import Node
    from turbohtml import Element

_GROUPS = frozenset(("media", "supports", "layer", "container", "scope", "starting-style"))
_WINDOW = {
    bound: re.compile(rf"\({names}-width:\s*([\d.]+)(px|em|rem)\)")
    for bound, names in (("min", "min"), ("max", "max"), ("any", "(?:min|max)"))
}
Windows = tuple[float | None, float | None]
# Prefixed names of these are known to some browsers only.
_DOCUMENT = re.compile(r"-?[a-z]*-?document")


# Public style sheets that say nothing about pictures, on any host: those for fonts, and those for the colours of
# code, for icons and for formulas. Each uses classes of its own.
_WITHOUT_PICTURES = re.compile(
    r"(https?:)?//(fonts\.googleapis\.com|fonts\.bunny\.net)/.*"
    r"|(https?:)?//[^?#]*/(highlight\.?js|highlightjs/cdn-release|font-?awesome|katex)\b[^?#]*\.css.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration: its name is physical and long, as `margin-left`, and its value is in lower case.

    `certain` says that every browser knows it.
    """

    name: str
    value: str
    important: bool
    certain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Declarations for the elements that `selector` matches.

    `conditional` says that the rule may hold for fewer elements, in some media only, or not in all browsers.
    `windows` are the smallest and the largest width of the windows in which it holds, in CSS pixels; None when
    not known.
    """

    selector: str
    specificity: tuple[int, int, int]
    order: int
    conditional: bool
    layered: bool
    declared: tuple[Declared, ...]
    windows: Windows = (None, None)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A step of a selector. An element between a picture and its parent may change what it matches.

    `following` are the combinator and the selector of the next step, if that is a sibling. `harmless` says that
    one more element looks the same with the rule as without it. `idle` says the same of a picture that has
    neither margins nor a frame.
    """

    selector: str
    following: tuple[str, str] | None
    harmless: bool
    idle: bool
    shown: str


@dataclass(frozen=True, slots=True, eq=False)
class ContainingProbe:
    """A step that looks for elements by their place. They are inside or after what `selector` matches.

    `contained` are the keys of the elements that it looks for.
    """

    selector: str
    contained: frozenset[str]
    shown: str


@dataclass(frozen=True, slots=True, eq=False)
class AttributeProbe:
    """A step of a selector that looks at attributes which we insert. `selector` is the step without them."""

    selector: str
    attributes: frozenset[str]
    shown: str


class Names(NamedTuple):
    """The keys of an element, and those of the element and its ancestors. Only keys that matter are there."""

    own: tuple[str, ...]
    all: frozenset[str]


T = TypeVar("T", Rule, Probe, AttributeProbe, ContainingProbe)


class Index(Generic[T]):
    """Rules or probes. They are found by the names of an element and of its ancestors."""

    _REMEMBERED = 4096

    def __init__(self, names: set[str]) -> None:
        self._items: dict[str, list[tuple[frozenset[str], T]]] = {}
        self._names = names
        self._found: dict[Names, tuple[str, list[T]]] = {}

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, key: str, required: frozenset[str], item: T) -> None:
        """Add `item` for elements with `key`. They and their ancestors must have all of `required`."""
        self._items.setdefault(key, []).append((required, item))
        self._names |= required

    def matching(self, element: Element, names: Names) -> Iterator[T]:
        """The items that match `element`, which has `names`."""
        found = self._found.get(names)
        if found is None:
            if len(self._found) >= self._REMEMBERED:
                self._found.clear()
            found = self._found[names] = self.candidates(names)
        selector, items = found
        if items and element.matches(selector):
            for item in items:
                if len(items) == 1 or element.matches(item.selector):
                    yield item

    def candidates(self, names: Names) -> tuple[str, list[T]]:
        """The items that may match an element with `names`, and before them one selector for all of them."""
        items = [
            item
            for key in names.own
            for required, item in self._items.get(key, ())
            if required <= names.all
        ]
        return ",".join(item.selector for item in items), items


class Sheet:
    """What one file, or one <style> element, says."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.imports: list[str] = []
        self.layered_imports: set[str] = set()
        self.conditional_imports: set[str] = set()
        self.names: set[str] = set()  # those that its indexes go by
        self.rules = Index[Rule](self.names)
        self.probes = Index[Probe](self.names)
        self.of_type = Index[Probe](self.names)
        self.containing = Index[ContainingProbe](self.names)
        self.attributes = Index[AttributeProbe](self.names)
        self.attributes_inside = Index[AttributeProbe](self.names)
        self.variables: dict[str, list[str]] = {}
        self.root_font_sizes: list[str] = []
        self.unreadable = False
        self.sometimes = False
        self._held_sometimes: Sheet | None = None

    def held_sometimes(self) -> Sheet:
        """This sheet, as one that holds in some windows only, or only if a reader chooses it."""
        if self._held_sometimes is None:
            self._held_sometimes = copy(self)
            self._held_sometimes.sometimes = True
        return self._held_sometimes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a rule is written: in which rule, medium and layer."""

    parent: str = ""
    conditional: bool = False
    layered: bool = False
    windows: Windows = (None, None)


def parse(text: bytes | str, *, address: str) -> Sheet:
    """Read the style sheet `text`. Its imports are resolved by its `address`.

    Bytes are decoded as Latin-1. Pages are, too, so that names are equal in both.
    """
    if isinstance(text, bytes):
        text = text.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    elif "@import" not in text.lower():
        return _of_many_pages(text)
    return _parse(text, address)


@lru_cache(maxsize=256)
def _of_many_pages(text: str) -> Sheet:
    """Read a <style> element. Many pages of a site have the same one."""
    return _parse(text, "")


def _parse(text: str, address: str) -> Sheet:
    sheet = Sheet(address)
    try:
        nodes = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
        _Reader(sheet).read(nodes, _Place())
    except RecursionError:  # a block in a block in a block ...
        sheet.unreadable = True
    return sheet


@lru_cache(maxsize=4096)
def inline(style: str) -> tuple[Declared, ...]:
    """The declarations of a style attribute."""
    try:
        return _declared(tinycss2.parse_blocks_contents(style, skip_comments=True))
    except RecursionError:
        return (Declared("all", "", important=True, certain=False),)


def _declared(nodes: Iterable[Node]) -> tuple[Declared, ...]:
    declarations = [node for node in nodes if isinstance(node, Declaration)]
    texts = [tinycss2.serialize(node.value).strip().lower() for node in declarations]
    names = [node.lower_name for node in declarations]
    return tuple(
        Declared(long, value, node.important, values.certain(name, value))
        for node, name, text in zip(declarations, names, texts, strict=True)
        for long, value in values.longhands(name, text)
        if not (name == "border-style" and _no_border(names, texts))
    )


def _no_border(names: list[str], texts: list[str]) -> bool:
    return any(
        name in {"border", "border-width"} and text.startswith("0")
        for name, text in zip(names, texts, strict=True)
    )


class _Reader:
    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.order = 0

    def read(self, nodes: Iterable[Node], place: _Place) -> None:
        for node in nodes:
            if isinstance(node, QualifiedRule):
                self._rule(node, place)
            elif isinstance(node, AtRule):
                self._at_rule(node, place)

    def _at_rule(self, node: AtRule, place: _Place) -> None:
        name = node.lower_at_keyword
        if name == "import" and node.content is None:
            self._import(node)
        if node.content is None or not (name in _GROUPS or _DOCUMENT.fullmatch(name)):
            return
        medium = tinycss2.serialize(node.prelude).strip().lower()
        if name == "media" and print_alone(medium):
            return
        plain = name == "layer" or (name == "media" and medium in {"", "all"})
        inside = _Place(
            place.parent,
            conditional=place.conditional or not plain,
            layered=place.layered or name == "layer",
            windows=(None, place.windows[1]) if place.conditional else _windows(name, medium),
        )
        if place.parent:
            self._block(node.content, inside, [])
        else:
            rules = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            self.read(rules, inside)

    def _import(self, node: AtRule) -> None:
        tokens = [token for token in node.prelude if token.type not in {"whitespace", "comment"}]
        if not tokens:
            return
        first, rest = tokens[0], tokens[1:]
        target = None
        if isinstance(first, StringToken | URLToken):
            target = first.value
        elif isinstance(first, FunctionBlock) and first.lower_name == "url" and first.arguments:
            target = getattr(first.arguments[0], "value", None)
        if not isinstance(target, str) or print_alone(tinycss2.serialize(rest).strip().lower()):
            return
        address = urljoin(self.sheet.address, target)
        if without_pictures(address):
            return
        self.sheet.imports.append(address)
        address = re.split("[?#]", address)[0]  # as the imported sheet will have it
        layers = [token for token in rest if _is_layer(token)]
        if layers:
            self.sheet.layered_imports.add(address)
        if len(rest) > len(layers):
            self.sheet.conditional_imports.add(address)

    def _rule(self, node: QualifiedRule, place: _Place) -> None:
        prelude: Sequence[Node] = node.prelude
        if place.parent:
            prelude = _nested(prelude, place.parent)
        conditional = place.conditional
        try:
            found = selectors.read(prelude)
        except Unreadable:
            found, conditional = selectors.last_resort(prelude), True
        if not all(selector.exact for selector in found):
            conditional = True  # a browser that does not know one of a list drops all
        if found:
            parent = ",".join(selector.text for selector in found)
            self._block(
                node.content,
                _Place(f":is({parent})", conditional, place.layered, place.windows),
                found,
            )

    def _block(self, content: list[Node], place: _Place, found: list[Selector]) -> None:
        """Keep declarations, for what `found` matches, and nested rules. Without `found` it is what the parent matches."""
        nodes = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        if any(isinstance(node, Declaration) for node in nodes):
            if not found:
                found = selectors.read(tinycss2.parse_component_value_list(place.parent))
            declarations = [node for node in nodes if isinstance(node, Declaration)]
            self._variables(declarations)
            block = _Block.of(declarations)
            for selector in found:
                self._keep(selector, place, block)
        self.read(nodes, place)

    def _variables(self, nodes: Iterable[Declaration]) -> None:
        for node in nodes:
            value = tinycss2.serialize(node.value).strip()
            if node.name.startswith("--"):
                known = self.sheet.variables.setdefault(node.lower_name, [])
                known += [value.lower()] if values.measurable(value) else []

    def _keep(self, selector: Selector, place: _Place, block: _Block) -> None:
        self.order += 1
        subject = selector.subject
        if block.kept:
            rule = Rule(
                selector.text,
                selector.specificity,
                self.order,
                place.conditional or not selector.exact,
                place.layered,
                block.kept,
                place.windows if selector.exact else (None, place.windows[1]),
            )
            self.sheet.rules.add(subject.key, selector.required(len(selector.steps)), rule)
        if subject.text in {"html", ":root", "*"}:
            self.sheet.root_font_sizes += [d.value for d in block.kept if d.name == "font-size"]
        self._probe_places(selector, block)
        self._probe_attributes(selector, block)

    def _probe_places(self, selector: Selector, block: _Block) -> None:
        steps = selector.steps
        through = False  # an unnamed step further left may be the element that is added
        for index, (combinator, compound) in enumerate(steps):
            last = index == len(steps) - 1
            text, required = selector.prefix(index + 1), selector.required(index + 1)
            following = None
            if not last and steps[index + 1][0] in {"+", "~"}:
                following = (steps[index + 1][0], selector.prefix(index + 2))
            probe = Probe(text, following, block.harmless and last, block.idle, selector.text)
            placed = combinator in {">", "+", "~"} or compound.structural
            seen = placed or through or (compound.unnamed and not block.harmless)
            if following or (last and seen):
                self.sheet.probes.add(compound.key, required, probe)
            if compound.of_type:
                self.sheet.of_type.add(compound.key, required, probe)
            through = through or compound.unnamed

    def _probe_attributes(self, selector: Selector, block: _Block) -> None:
        for index, (_, compound) in enumerate(selector.steps, 1):
            if compound.contained:
                text = selector.prefix(index, compound.loose)
                contained = frozenset(compound.contained)
                self.sheet.containing.add(
                    compound.key,
                    selector.required(index),
                    ContainingProbe(text, contained, selector.text),
                )
            if compound.attributes and not (index == len(selector.steps) and block.height_auto):
                text = selector.prefix(index, compound.blind)
                names = frozenset(compound.attributes)
                index_ = (
                    self.sheet.attributes_inside if compound.looks_in else self.sheet.attributes
                )
                index_.add(
                    compound.key,
                    selector.required(index),
                    AttributeProbe(text, names, selector.text),
                )


@dataclass(frozen=True, slots=True)
class _Block:
    """The declarations of a rule: which of them are kept, and what they do to a picture."""

    kept: tuple[Declared, ...]
    harmless: bool
    idle: bool
    height_auto: bool

    @classmethod
    def of(cls, declarations: list[Declaration]) -> _Block:
        pairs = [
            (node.lower_name, tinycss2.serialize(node.value).strip().lower())
            for node in declarations
        ]
        return cls(
            _declared(declarations),
            harmless=all(values.harmless(name, text) for name, text in pairs),
            idle=all(values.is_edge(name) and values.edgeless(text) for name, text in pairs),
            height_auto=all(pair == ("height", "auto") for pair in pairs),
        )


def _is_layer(token: Node) -> bool:
    return (isinstance(token, IdentToken) and token.lower_value == "layer") or (
        isinstance(token, FunctionBlock) and token.lower_name == "layer"
    )


def _nested(prelude: Sequence[Node], parent: str) -> list[Node]:
    """The selectors of a nested rule. The parent's selector is put in for each `&`."""
    parts: list[str] = []
    for part in selectors.split(prelude):
        text = tinycss2.serialize(part)
        if "&" in text:
            parts.append(text.replace("&", parent))
        else:
            parts.append(f"{parent} {text}")
    return list(tinycss2.parse_component_value_list(",".join(parts)))


def _windows(name: str, medium: str) -> Windows:
    """The smallest and the largest width of the windows that a medium is for, in CSS pixels; None when not known."""
    found = [
        float(number) * (1 if unit == "px" else 16)
        for bound in ("min", "max")
        for number, unit in _WINDOW[bound].findall(medium)
    ]
    conditions = _WINDOW["any"].sub("", medium).split()
    if name != "media" or len(found) != 1 or not set(conditions) <= {"only", "screen", "and"}:
        return None, None
    return (found[0], None) if "min-" in medium else (None, found[0])


def without_pictures(address: str) -> bool:
    """Whether `address` is that of a public style sheet that says nothing about pictures."""
    return _WITHOUT_PICTURES.fullmatch(address) is not None


def print_alone(medium: str) -> bool:
    """Whether a list of media queries, in lower case, is for paper only."""
    queries = [query.split() for query in medium.split(",")]
    return all(query[:1] == ["print"] or query[:2] == ["only", "print"] for query in queries)
