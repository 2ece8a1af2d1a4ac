"""Whether selectors see a <picture> that is put around an <img>."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from turbohtml import Element

from .cascade import Cascade, keys
from .sheet import Names

if TYPE_CHECKING:
    from collections.abc import Iterator


_SOURCE = ("*", "source")
# (what, selector): the whole selector, to be shown
_Seen = dict[tuple[Element | None, str], str]


def wrap_keeps(img: Element, cascade: Cascade) -> str:
    """A selector that would match other elements than before; empty if there is none.

    The tree is changed in between, and changed back.
    """
    contained = _contained(img, cascade)
    if contained:
        return contained
    names = cascade.names(img)
    before = _seen(img, names, img, names, cascade)
    with _wrapped(img) as (picture, source):
        picture_names = cascade.names_in(picture.parent, picture)
        inner = Names(names.own, names.all | picture_names.all)
        after = _seen(img, inner, picture, picture_names, cascade)
        shown = _styled(picture, picture_names, cascade) or _styled(
            source, Names(_SOURCE, inner.all.union(_SOURCE)), cascade
        )
        # With one source the picture is the second child, not the third.
        source.extract()
        alone = _seen(img, inner, picture, picture_names, cascade)
    for changed in (before.keys() ^ after.keys()) | (before.keys() ^ alone.keys()):
        return before.get(changed) or after.get(changed) or alone[changed]
    return shown


@contextmanager
def _wrapped(img: Element) -> Iterator[tuple[Element, Element]]:
    picture = Element("picture", {"data-ir": ""})
    sources = [Element("source", {"data-ir": "", "type": "", "srcset": ""}) for _ in range(2)]
    img.wrap(picture)
    for source in sources:
        picture.insert(0, source)
    try:
        yield picture, sources[0]
    finally:
        picture.replace_with(img)


def _styled(element: Element, names: Names, cascade: Cascade) -> str:
    """The selector of a rule by which `element` would be seen; empty if there is none."""
    for sheet, _ in cascade.sheets:
        for probe in sheet.probes.matching(element, names):
            if not probe.following and not probe.harmless:
                return probe.shown
    return ""


def _seen(
    img: Element, names: Names, outer: Element, outer_names: Names, cascade: Cascade
) -> _Seen:
    """What selectors see of `img`, and of its siblings. `outer` is the element beside these: `img`, or what is around it."""
    seen: _Seen = {}
    states = cascade.states(img)
    bare = "margin" not in states and "frame" not in states
    for sheet, _ in cascade.sheets:
        if sheet.probes:
            for probe in sheet.probes.matching(img, names):
                if not probe.following and not (bare and probe.idle):
                    seen[None, probe.selector] = probe.shown
            for probe in sheet.probes.matching(outer, outer_names):
                if probe.following:
                    combinator, selector = probe.following
                    for sibling in _following(outer, first=combinator == "+"):
                        if sibling.matches(selector):
                            seen[sibling, selector] = probe.shown
        for sibling in _siblings(outer) if sheet.of_type else ():
            for probe in sheet.of_type.matching(sibling, cascade.names(sibling)):
                seen[sibling, probe.selector] = probe.shown
    return seen


def _contained(img: Element, cascade: Cascade) -> str:
    """A selector that may look for `img` by `:has()` and by its place; empty if there is none."""
    for sheet, _ in cascade.sheets:
        if not sheet.containing:
            continue
        names = {*keys(img), "picture", "source"}
        for element in around(img):
            for probe in sheet.containing.matching(element, cascade.names(element)):
                if names & probe.contained:
                    return probe.shown
    return ""


def _following(element: Element, *, first: bool) -> Iterator[Element]:
    for node in element.next_siblings:
        if isinstance(node, Element):
            yield node
            if first:
                return


def _siblings(element: Element) -> Iterator[Element]:
    parent = element.parent
    for node in parent.children if parent else ():
        if isinstance(node, Element) and node is not element:
            yield node


def around(img: Element) -> Iterator[Element]:
    """The elements that may look for `img` by `:has()`: its siblings, its ancestors and their siblings."""
    yield from _siblings(img)
    for node in img.ancestors:
        if isinstance(node, Element):
            yield node
            yield from _siblings(node)
