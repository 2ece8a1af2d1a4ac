"""Whether selectors see a <picture> that is put round an <img>."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from turbohtml import Element

from .cascade import Cascade, keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sheet import Probe

# (element, selector): the whole selector, to be shown
_Seen = dict[tuple[Element, str], str]


def wrap_keeps(img: Element, cascade: Cascade) -> str:
    """The selector that would match something else, or nothing; empty when there is none.

    The tree is changed meanwhile, and as it was afterwards.
    """
    before = _seen(img, img, cascade)
    with _wrapped(img) as (picture, source):
        after = _seen(img, picture, cascade)
        shown = _styled(picture, cascade) or _styled(source, cascade)
    for changed in before.keys() ^ after.keys():
        return before.get(changed) or after[changed]
    return shown


@contextmanager
def _wrapped(img: Element) -> Iterator[tuple[Element, Element]]:
    picture = Element("picture", {"data-ir": ""})
    source = Element("source", {"data-ir": "", "type": "", "srcset": "", "sizes": ""})
    img.wrap(picture)
    picture.insert(0, source)
    picture.insert(1, Element("source", {"data-ir": "", "type": "", "srcset": "", "sizes": ""}))
    try:
        yield picture, source
    finally:
        picture.replace_with(img)


def _styled(element: Element, cascade: Cascade) -> str:
    """The selector of a rule that makes `element` more than nothing."""
    for probe in _probes(element, cascade, "probes"):
        if not probe.following and not probe.harmless and element.matches(probe.selector):
            return probe.shown
    return ""


def _probes(element: Element, cascade: Cascade, index: str) -> Iterator[Probe]:
    for sheet, _ in cascade.sheets:
        probes: dict[str, list[Probe]] = getattr(sheet, index)
        if probes:
            for key in keys(element):
                yield from probes.get(key, ())


def _seen(img: Element, outer: Element, cascade: Cascade) -> _Seen:
    """What selectors see of `img` and, where `outer` stands, of its siblings and ancestors."""
    seen: _Seen = {}

    def look(element: Element, probe: Probe, selector: str) -> None:
        if element.matches(selector):
            seen[element, selector] = probe.shown

    for probe in _probes(img, cascade, "probes"):
        if not probe.following:
            look(img, probe, probe.selector)
    for probe in _probes(outer, cascade, "probes"):
        if probe.following:
            combinator, selector = probe.following
            for sibling in _following(outer, first=combinator == "+"):
                look(sibling, probe, selector)
    if any(sheet.of_type for sheet, _ in cascade.sheets):
        for sibling in _siblings(outer):
            for probe in _probes(sibling, cascade, "of_type"):
                look(sibling, probe, probe.selector)
    if any(sheet.containing for sheet, _ in cascade.sheets):
        for element in (*_siblings(outer), *_ancestors(outer)):
            for probe in _probes(element, cascade, "containing"):
                look(element, probe, probe.selector)
    return seen


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


def _ancestors(element: Element) -> Iterator[Element]:
    for node in element.ancestors:
        if isinstance(node, Element):
            yield node
