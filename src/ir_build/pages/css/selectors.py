"""Selectors, taken apart so far that each step of one can be asked for on its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import tinycss2
from tinycss2.ast import (
    FunctionBlock,
    HashToken,
    IdentToken,
    LiteralToken,
    SquareBracketsBlock,
    WhitespaceToken,
)
from turbohtml import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tinycss2.ast import Node

# What a page gains on an <img>.
ADDED_ATTRIBUTES = frozenset(
    ("width", "height", "loading", "decoding", "fetchpriority", "srcset", "sizes", "data-ir")
)
_LISTS = frozenset(("is", "where", "not", "has", "matches", "-webkit-any", "-moz-any"))
_OF_TYPE = frozenset(
    ("first-of-type", "last-of-type", "only-of-type", "nth-of-type", "nth-last-of-type")
)
_STRUCTURE = _OF_TYPE | frozenset(
    ("first-child", "last-child", "only-child", "nth-child", "nth-last-child", "empty")
)
# Pseudo-classes that a <picture> can have, beside those of structure.
_ANYTHING = frozenset(("hover", "active", "lang", "dir", "defined", "scope"))
# Only in shadow trees.
_NEVER = frozenset(("host", "host-context"))
# CSS 2 spelled these with one colon.
_OLD_PSEUDO_ELEMENTS = frozenset(("before", "after", "first-line", "first-letter"))


class Unreadable(Exception):
    """The selector is not understood."""


class _Nothing(Exception):
    """The selector matches no element of a page."""


@dataclass(slots=True)
class Compound:
    """What one element has to be. `text` asks for it, or for a little less when it is not `exact`."""

    text: str = ""
    tag: str = ""
    id: str = ""
    class_: str = ""
    attribute: str = ""
    exact: bool = True
    structural: bool = False  # where it stands among others matters
    of_type: bool = False
    plain: bool = True  # no link, field or the like is asked for
    specificity: tuple[int, int, int] = (0, 0, 0)
    # `text` without what looks at attributes that a page gains, and the names of those.
    blind: str = ""
    attributes: set[str] = field(default_factory=set)
    # `text` without `:has()`, and the keys of what that looks for by its place.
    loose: str = ""
    contained: set[str] = field(default_factory=set)
    looks_in: bool = False  # for attributes that a page gains, too

    @property
    def key(self) -> str:
        """What an element must have to match, as it is written in an index."""
        if self.id or self.class_:
            return "#" + self.id if self.id else "." + self.class_
        return self.tag or ("[" + self.attribute if self.attribute else "*")

    @property
    def unnamed(self) -> bool:
        """Whether an element that is added may be it."""
        return self.plain and self.key in {"*", "picture", "source"}

    def add(self, text: str, *, blind: bool = False, loose: bool = False) -> None:
        """Add a condition; `blind` and `loose` ones are left out of the texts of these names."""
        self.text += text
        self.blind += "" if blind else text
        self.loose += "" if loose else text

    def weigh(self, ids: int = 0, classes: int = 0, types: int = 0) -> None:
        """Add to the specificity."""
        a, b, c = self.specificity
        self.specificity = (a + ids, b + classes, c + types)


@dataclass(frozen=True, slots=True)
class Selector:
    """Compounds from the left, each with the combinator before it (the first one has none)."""

    steps: tuple[tuple[str, Compound], ...]

    @property
    def subject(self) -> Compound:
        """The compound of the element that is styled."""
        return self.steps[-1][1]

    @property
    def exact(self) -> bool:
        """Whether `prefix` matches what browsers match, and nothing else."""
        return all(compound.exact for _, compound in self.steps)

    @property
    def specificity(self) -> tuple[int, int, int]:
        """Numbers of ids, of classes and attributes, and of types."""
        sums = zip(*(compound.specificity for _, compound in self.steps), strict=True)
        ids, classes, types = (sum(column) for column in sums)
        return ids, classes, types

    @property
    def text(self) -> str:
        """The whole selector."""
        return self.prefix(len(self.steps))

    def required(self, length: int) -> frozenset[str]:
        """The keys that an element which `prefix` matches has, or one that it stands in."""
        keys, beside = set(), False
        for index in range(length - 1, -1, -1):
            combinator, compound = self.steps[index]
            if not beside:
                keys.add(compound.key)
            beside = combinator in {"+", "~"}
        return frozenset(keys - {"*"})

    def prefix(self, length: int, last: str | None = None) -> str:
        """The selector of the first `length` compounds, with `last` for the last of them."""
        parts = [
            combinator + (compound.text or "*") for combinator, compound in self.steps[:length]
        ]
        if last is not None:
            parts[-1] = self.steps[length - 1][0] + (last or "*")
        return "".join(parts)


def read(tokens: Sequence[Node]) -> list[Selector]:
    """The selectors of a list, but for those that match nothing in a page.

    Raises Unreadable where one is not understood.
    """
    found = []
    for part in split(tokens):
        try:
            found.append(_complex(part))
        except _Nothing:
            continue
    return found


def last_resort(tokens: Sequence[Node]) -> list[Selector]:
    """Selectors that match wherever the last compounds of unreadable ones could."""
    found = []
    for part in split(tokens):
        compound = Compound(exact=False, structural=True)
        previous: Node | None = None
        for token in part:
            if isinstance(token, WhitespaceToken) or (
                isinstance(token, LiteralToken) and token.value in (">", "+", "~")
            ):
                compound = Compound(exact=False, structural=True)
            elif isinstance(token, HashToken):
                compound.id = token.value
            elif isinstance(token, IdentToken) and _is(previous, "."):
                compound.class_ = token.value
            elif isinstance(token, IdentToken) and not isinstance(previous, LiteralToken):
                compound.tag = token.lower_value
            previous = token
        text = compound.tag
        text += "#" + tinycss2.serializer.serialize_identifier(compound.id) if compound.id else ""
        if compound.class_:
            text += "." + tinycss2.serializer.serialize_identifier(compound.class_)
        compound.add(text)
        if can_match(text or "*"):
            found.append(Selector((("", compound),)))
    return found


@lru_cache(maxsize=65536)
def can_match(selector: str) -> bool:
    """Whether the matcher knows `selector`."""
    try:
        Element("img").matches(selector)
    except ValueError:
        return False
    return True


def split(tokens: Iterable[Node]) -> Iterator[list[Node]]:
    part: list[Node] = []
    for token in tokens:
        if token.type == "comment":
            continue
        if _is(token, ","):
            yield _trimmed(part)
            part = []
        else:
            part.append(token)
    yield _trimmed(part)


def _trimmed(tokens: list[Node]) -> list[Node]:
    start, end = 0, len(tokens)
    while start < end and isinstance(tokens[start], WhitespaceToken):
        start += 1
    while end > start and isinstance(tokens[end - 1], WhitespaceToken):
        end -= 1
    return tokens[start:end]


def _is(token: Node | None, value: str) -> bool:
    return isinstance(token, LiteralToken) and token.value == value


def _complex(tokens: list[Node], *, relative: bool = False) -> Selector:
    """One selector; a `relative` one, as in `:has()`, may begin with a combinator."""
    if not tokens:
        raise Unreadable
    steps: list[tuple[str, Compound]] = []
    combinator, index = "", 0
    while index < len(tokens):
        token = tokens[index]
        if isinstance(token, WhitespaceToken):
            combinator = combinator or " "
            index += 1
        elif isinstance(token, LiteralToken) and token.value in (">", "+", "~"):
            if combinator.strip() or not (steps or relative):
                raise Unreadable
            combinator = token.value
            index += 1
        else:
            if steps and not combinator:
                raise Unreadable
            compound, index = _compound(tokens, index)
            steps.append((combinator, compound))
            combinator = ""
    if combinator.strip() or not steps:
        raise Unreadable
    return Selector(tuple(steps))


def _compound(tokens: list[Node], index: int) -> tuple[Compound, int]:
    compound = Compound()
    start = index
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if isinstance(token, WhitespaceToken) or (
            isinstance(token, LiteralToken) and token.value in (">", "+", "~")
        ):
            break
        if isinstance(token, IdentToken) and index == start:
            compound.tag = token.lower_value
            compound.add(token.serialize())
            compound.weigh(types=1)
        elif _is(token, "*") and index == start:
            compound.add("*")
        elif isinstance(token, HashToken) and token.is_identifier:
            compound.id = token.value
            compound.add(token.serialize())
            compound.weigh(ids=1)
        elif _is(token, ".") and isinstance(following, IdentToken):
            compound.class_ = compound.class_ or following.value
            compound.add("." + following.serialize())
            compound.weigh(classes=1)
            index += 1
        elif isinstance(token, SquareBracketsBlock):
            _attribute(compound, token)
        elif _is(token, ":"):
            index += 1
            _pseudo(compound, following)
        else:
            raise Unreadable  # namespaces, columns, whatever is still to come
        index += 1
    return compound, index


def _attribute(compound: Compound, block: SquareBracketsBlock) -> None:
    names = [token for token in block.content if isinstance(token, IdentToken)]
    if not names or any(_is(token, "|") for token in block.content):
        raise Unreadable
    text = block.serialize()
    if not can_match(text):
        raise Unreadable
    name = names[0].lower_value
    compound.weigh(classes=1)
    if name in ADDED_ATTRIBUTES:
        compound.attributes.add(name)
        compound.add(text, blind=True)
    else:
        compound.attribute = name
        compound.add(text)


def _pseudo(compound: Compound, token: Node | None) -> None:
    if isinstance(token, FunctionBlock):
        _function(compound, token)
    elif not isinstance(token, IdentToken) or token.lower_value in _OLD_PSEUDO_ELEMENTS:
        raise _Nothing  # a second colon: an element that no page has
    elif token.lower_value in _NEVER:
        raise _Nothing
    else:
        name = token.lower_value
        compound.weigh(classes=1)
        if name in _STRUCTURE:
            compound.structural = True
            compound.of_type = compound.of_type or name in _OF_TYPE
            compound.add(":" + name)
        elif name == "root":
            compound.tag = compound.tag or "html"
            compound.add(":root")
        else:  # what a reader does, or what is unknown here, may be so at times
            compound.exact = False
            compound.plain = compound.plain and name in _ANYTHING


def _function(compound: Compound, token: FunctionBlock) -> None:
    name = token.lower_name
    if name in _NEVER:
        raise _Nothing
    if name in _LISTS:
        _list(compound, name, token)
        return
    compound.weigh(classes=1)
    text = ":" + token.serialize()
    if name in _STRUCTURE and can_match(text):
        compound.structural = True
        compound.of_type = compound.of_type or name in _OF_TYPE
        compound.add(text)
    else:
        compound.structural = compound.structural or name in _STRUCTURE
        compound.exact = False


def _list(compound: Compound, name: str, token: FunctionBlock) -> None:
    """`:is()` and the like; `:not()` keeps those of its selectors only that are exact."""
    inner = []
    for part in split(token.arguments):
        try:
            inner.append(_complex(part, relative=name == "has"))
        except _Nothing:
            continue
        except Unreadable:
            compound.exact = False
            compound.structural = True
    if not all(selector.exact for selector in inner) or "any" in name or name == "matches":
        compound.exact = False
    if name != "where":
        compound.weigh(*max((selector.specificity for selector in inner), default=(0, 0, 0)))
    steps = [step for selector in inner for step in selector.steps]
    for _, step in steps:
        compound.structural = compound.structural or step.structural
        compound.of_type = compound.of_type or step.of_type
        compound.contained |= step.contained
        compound.looks_in = compound.looks_in or step.looks_in
        compound.attributes |= step.attributes
    attributes = any(step.attributes for _, step in steps)
    if name == "has":
        for selector in inner:
            combinators = {combinator for combinator, _ in selector.steps}
            if combinators & {">", "+", "~"} or any(step.structural for _, step in selector.steps):
                compound.contained |= {step.key for _, step in selector.steps}
        compound.looks_in = compound.looks_in or attributes
    else:
        compound.structural = compound.structural or len(steps) > len(inner)
    used = [selector for selector in inner if selector.exact or name != "not"]
    if used:
        spelled = name if name in {"where", "not", "has"} else "is"
        text = f":{spelled}({','.join(selector.text for selector in used)})"
        compound.add(text, blind=attributes, loose=bool(compound.contained))
