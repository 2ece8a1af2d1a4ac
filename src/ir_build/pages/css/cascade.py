"""Which values of a property may win on an element, over all media."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from turbohtml import Element

from .sheet import Names, Rule, inline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from turbohtml import Node

    from .sheet import Declared, Sheet


@dataclass(frozen=True, slots=True)
class Value:
    """A declared value; a weak one is overridden by a rule outside layers.

    `window`: the largest window that it is for, in CSS pixels.
    """

    text: str
    weak: bool = False
    window: float = math.inf


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Value
    rank: tuple[Any, ...]
    certain: bool
    layered: bool


# None among values: there may be none.
States = dict[str, tuple[Value | None, ...]]
ANY: tuple[Value | None, ...] = (None,)


def keys(element: Element) -> list[str]:
    """The keys of an index under which the rules that may match `element` stand."""
    found = ["*", element.tag]
    for name, value in element.attrs.items():
        if name == "class":
            classes = value.split() if isinstance(value, str) else value or ()
            found += ["." + one for one in dict.fromkeys(classes)]
        elif name == "id":
            found.append(f"#{value}")
        found.append("[" + name)
    return found


_Matched = tuple[Rule, int, bool, bool]


class _Together:
    """Some sheets in their order, and what is so wherever they are: most pages of a site have the same."""

    _REMEMBERED = 4096

    def __init__(self, sheets: tuple[tuple[Sheet, bool], ...]) -> None:
        self._sheets = sheets
        self._known = frozenset(("*",)).union(*(sheet.names for sheet, _ in sheets))
        self._names: dict[tuple[tuple[str, ...], frozenset[str]], Names] = {}
        self._candidates: dict[Names, list[tuple[str, list[_Matched]]]] = {}

    def names(self, element: Element, above: frozenset[str]) -> Names:
        """What `element` is found by in what has the names `above`."""
        own = tuple(key for key in keys(element) if key in self._known)
        found = self._names.get((own, above))
        if found is None:
            if len(self._names) >= self._REMEMBERED:
                self._names.clear()
            found = self._names[own, above] = Names(own, above.union(own))
        return found

    def matched(self, element: Element, names: Names) -> Iterator[_Matched]:
        """The rules that match `element`, with what `_states` asks of each."""
        candidates = self._candidates.get(names)
        if candidates is None:
            if len(self._candidates) >= self._REMEMBERED:
                self._candidates.clear()
            candidates = self._candidates[names] = list(self._that_may_match(names))
        for selector, found in candidates:
            if element.matches(selector):
                for one in found:
                    if len(found) == 1 or element.matches(one[0].selector):
                        yield one

    def _that_may_match(self, names: Names) -> Iterator[tuple[str, list[_Matched]]]:
        """The rules of each sheet, and a selector for what any of them matches."""
        for number, (sheet, layered) in enumerate(self._sheets):
            selector, rules = sheet.rules.candidates(names)
            if rules:
                yield selector, [(rule, number, layered, sheet.sometimes) for rule in rules]


_together = lru_cache(maxsize=64)(_Together)


class Cascade:
    """The sheets of one page, each with whether it stands in a layer, and what they declare."""

    def __init__(self, sheets: Sequence[tuple[Sheet, bool]]) -> None:
        self.sheets = sheets
        self._together = _together(tuple(sheets))
        self._names: dict[Element, Names] = {}
        self._states: dict[Element, States] = {}

    def names(self, element: Element) -> Names:
        """What `element` is found by, where it stands."""
        found = self._names.get(element)
        if found is None:
            found = self._names[element] = self.names_in(element.parent, element)
        return found

    def names_in(self, parent: Node | None, element: Element) -> Names:
        """What `element` would be found by in `parent`."""
        above = self.names(parent).all if isinstance(parent, Element) else frozenset[str]()
        return self._together.names(element, above)

    def states(self, element: Element) -> States:
        """For each property the values that may win, those of heavier rules first."""
        found = self._states.get(element)
        if found is None:
            matched = tuple(self._together.matched(element, self.names(element)))
            found = self._states[element] = _states(matched, element.attr("style") or "")
        return found


@lru_cache(maxsize=4096)
def _states(matched: tuple[_Matched, ...], style: str) -> States:
    """What is declared by rules and a style attribute.

    With each rule: the number of its sheet, whether that is in a layer, and holds sometimes only.
    """
    found: dict[str, list[_Entry]] = {}
    for rule, number, layered, sometimes in matched:
        for declared in rule.declared:
            entry = _entry(rule, declared, number, layered=layered or rule.layered)
            if sometimes:
                entry = replace(entry, certain=False)
            found.setdefault(declared.name, []).append(entry)
            least = rule.windows[0]
            if least is not None and declared.name == "max-width":
                found[declared.name].append(_in_smaller_windows(least))
    for declared in inline(style):
        rank = (declared.important, True, (math.inf,))
        entry = _Entry(Value(declared.value), rank, declared.certain, layered=False)
        found.setdefault(declared.name, []).append(entry)
    return {name: _winners(entries) for name, entries in found.items()}


def _entry(rule: Rule, declared: Declared, number: int, *, layered: bool) -> _Entry:
    important = declared.important
    weak = not important and (layered or rule.specificity == (0, 0, 0))
    # Importance turns the order of layers round.
    rank = (important, layered == important, rule.specificity, number, rule.order)
    certain = declared.certain and not rule.conditional
    most = rule.windows[1]
    value = Value(declared.value, weak, math.inf if most is None else most)
    return _Entry(value, rank, certain, layered)


def _in_smaller_windows(width: float) -> _Entry:
    """The window's own width is the maximum while no declared one holds. The smallest counts."""
    rank = (False, False, (0, 0, 0), -1, -width)
    return _Entry(Value(f"{width:g}px"), rank, certain=True, layered=False)


def _winners(entries: list[_Entry]) -> tuple[Value | None, ...]:
    """From the top, up to one that is certain; layers are not told apart, so none ends it."""
    winners: list[Value | None] = []
    entries.sort(key=lambda entry: entry.rank)
    for entry in reversed(entries):  # the last one of equals comes first
        winners.append(entry.value)
        if entry.certain and not entry.layered:
            return tuple(winners)
    if not any(entry.certain for entry in entries):
        winners.append(None)
    return tuple(winners)
