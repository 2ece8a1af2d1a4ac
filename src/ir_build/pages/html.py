"""One HTML page: read with positions, changed by insertions only, and read again to be sure."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import turbohtml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from turbohtml import Document, Element

#: the attribute that everything carries which was inserted
MARK = "data-ir"
#: what is inserted into a tag of a picture, in this order
ATTRIBUTES = ("width", "height", "loading", "decoding", "fetchpriority", "srcset", "sizes")

#: elements that say how the page is to be read, name files of the site, or hold texts that may
NAMING = ("meta", "base", "img", "link", "script", "style", "video", "input")

_IN_IMG = re.compile(rf'(?: (?:{"|".join(ATTRIBUTES)})="[^"<>]*")* {MARK}="[0-9a-f]*(?: h)?"')
_SOURCE = re.compile(rf'<source(?: (?:type|srcset|sizes|media)="[^"<>]*")+ {MARK}>')
_PICTURE, _PICTURE_END = f"<picture {MARK}>", "</picture>"
_LINK = re.compile(rf'<link rel="stylesheet" href="[^"<>]*" {MARK}>')

#: Encodings in which bytes below 128 may be a part of other characters, or are not ASCII at all.
_NOT_ASCII = re.compile(r"utf-?_?(16|32|7)|iso-?_?2022|hz|utf-?_?ebcdic|cp037|cp500", re.IGNORECASE)
_BOM = codecs.BOM_UTF8


class PageLeft(Exception):
    """Why a page stays as it is, in words."""


class Page:
    """A page without what was inserted before, and with what is inserted now.

    Bytes are read as if each were a character, which holds in every encoding that extends ASCII. So places
    in the text are places in the bytes, but for line ends, which a parser of HTML makes one character.
    """

    def __init__(self, data: bytes, *, as_shipped: bool = False) -> None:
        """Read the page; `as_shipped` with what was inserted before. Raises `PageLeft`."""
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise PageLeft("it is in UTF-16")
        inserted = MARK.encode() in data and not as_shipped
        #: the page, without our insertions unless these are asked for
        self.bytes = _without_insertions(data) if inserted else data
        self._text = _as_text(self.bytes)
        self.document = _parse(self._text.text)
        self._insertions: list[tuple[int, int, bytes]] = []
        # One walk over all elements takes a tenth of the time of parsing the page.
        naming = self.document.iter_elements(NAMING)
        self._naming = [(element.tag, element) for element in naming]
        self.encoding = _encoding(self.elements("meta"), self.bytes)

    def elements(self, *tags: str) -> Iterator[Element]:
        """The elements with any of these tags, of `NAMING`, in their order."""
        return (one for tag, one in self._naming if tag in tags)

    def tag(self, element: Element) -> tuple[int, int]:
        """Where the start tag of `element` begins and ends, in bytes; (0, 0) where it has none."""
        place = element.source_location
        if place is None or place.start_tag is None:
            return 0, 0
        return self._at(place.start_tag.start_offset), self._at(place.start_tag.end_offset)

    def attribute(self, element: Element, name: str) -> str | None:
        """The value of an attribute as a browser reads it; None if there is none, or it is not legible."""
        value = element.attrs.get(name)
        if not isinstance(value, str) or value.isascii():
            return value if isinstance(value, str) else None
        start, end = self.tag(element)
        try:
            tag = self.bytes[start:end].decode(self.encoding)
        except UnicodeDecodeError:
            return None
        again = turbohtml.parse_fragment(tag).select_one(element.tag)
        value = again.attrs.get(name) if again is not None else None
        return value if isinstance(value, str) else None

    def insert(self, at: int, text: str) -> None:
        """Insert `text`, ASCII, at the byte `at`. What is inserted first at one place stands first."""
        self._insertions.append((at, len(self._insertions), text.encode("ascii")))

    @property
    def insertions(self) -> list[tuple[int, str]]:
        """What is to be inserted, each before a byte of `bytes`, in their order."""
        return [(at, text.decode("ascii")) for at, _, text in sorted(self._insertions)]

    def clear(self) -> None:
        """Forget all insertions."""
        self._insertions.clear()

    def written(self) -> bytes:
        """The page with all insertions. Raises `PageLeft` if a browser would read anything else anew."""
        pieces, last = [], 0
        for at, _, inserted in sorted(self._insertions):
            pieces += [self.bytes[last:at], inserted]
            last = at
        data = b"".join([*pieces, self.bytes[last:]])
        if self._insertions:
            self._check(data)
        return data

    def _check(self, data: bytes) -> None:
        """Raise `PageLeft` if `data` differs from the page by more than what was inserted."""
        text = _as_text(data)
        after = _parse(text.text)
        if _cut(data, text, after) != self.bytes:
            raise PageLeft("what was inserted could not be told from the rest")
        trees = [(self.document, after)]
        # Without scripts, browsers read what is in these, too.
        if "<noscript" in text.text.lower():
            both = (_parse(one, scripting=False) for one in (self._text.text, text.text))
            trees.append((next(both), next(both)))
        for before, tree in trees:
            _take_out(tree)
            if not before.equals(tree):
                raise PageLeft("browsers would read its other parts in another way")

    def _at(self, offset: int) -> int:
        return self._text.place(offset)


@dataclass(frozen=True, slots=True)
class _Text:
    """What a parser reads of a page, and where that is in its bytes."""

    text: str
    start: int  #: bytes before it
    #: where in the text there are line ends that were two bytes
    line_ends: list[int]

    def place(self, offset: int) -> int:
        """The byte at which the character at `offset` is."""
        return self.start + offset + bisect_left(self.line_ends, offset)


def _as_text(data: bytes) -> _Text:
    start = len(_BOM) if data.startswith(_BOM) else 0
    text = data[start:].decode("latin-1")
    # One byte is looked for many times as fast as two.
    if b"\r" not in data:
        return _Text(text, start, [])
    line_ends = [match.start() - number for number, match in enumerate(re.finditer("\r\n", text))]
    return _Text(text.replace("\r\n", "\n"), start, line_ends)


def _parse(text: str, *, scripting: bool = True) -> Document:
    return turbohtml.parse(text, source_locations=True, scripting=scripting)


def _encoding(metas: Iterable[Element], data: bytes) -> str:
    """The name of the page's encoding by its `<meta>`, one of Python's. Raises `PageLeft`."""
    if data.startswith(_BOM):
        return "utf-8"
    label = "utf-8"
    for meta in metas:
        content = str(meta.attrs.get("content") or "") if "http-equiv" in meta.attrs else ""
        found = meta.attrs.get("charset") or re.search(r"charset\s*=\s*[\"']?([^\s\"';]+)", content)
        if found:
            label = found if isinstance(found, str) else str(found[1])
            break
    if _NOT_ASCII.search(label):
        # By the standard a page that could be read so far is not in UTF-16, whatever it says.
        if "16" in label:
            return "utf-8"
        raise PageLeft(f"it is in {label}, which does not extend ASCII")
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return "utf-8"
    # The encoding standard takes these labels for Windows-1252, which has more characters.
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def _without_insertions(data: bytes) -> bytes:
    """The page as it was before anything was inserted. Raises `PageLeft` if that cannot be told."""
    text = _as_text(data)
    return _cut(data, text, _parse(text.text))


def _cut(data: bytes, text: _Text, document: Document) -> bytes:
    """`data`, which `document` was read from, without our insertions. Raises `PageLeft`."""
    cuts = [
        (text.place(begin), text.place(end))
        for element in document.select(f"[{MARK}]")
        for begin, end in _insertions_of(element, text.text)
    ]
    pieces, last = [], 0
    for begin, end in sorted(cuts):
        pieces.append(data[last:begin])
        last = end
    return b"".join([*pieces, data[last:]])


def _insertions_of(element: Element, text: str) -> list[tuple[int, int]]:
    """Where in `text` something stands that makes `element` ours."""
    place = element.source_location
    if place is not None and place.start_tag is not None:
        begin, end = place.start_tag.start_offset, place.start_tag.end_offset
        tag = text[begin:end]
        if element.tag == "img":
            name = len("<img")
            if found := _IN_IMG.match(tag, name):
                return [(begin + name, begin + found.end())]
        elif _SOURCE.fullmatch(tag) or _LINK.fullmatch(tag):
            return [(begin, end)]
        elif tag == _PICTURE and place.end_tag is not None and _holds_source(element):
            last, close = place.end_tag.start_offset, place.end_tag.end_offset
            if text[last:close] == _PICTURE_END:
                return [(begin, end), (last, close)]
    raise PageLeft("another program has rewritten what ir-build had inserted: build the page anew")


def _holds_source(picture: Element) -> bool:
    """Whether a `<picture>` begins with a source of ours, as all of ours do."""
    first = next(iter(picture.children), None)
    return getattr(first, "tag", "") == "source" and MARK in getattr(first, "attrs", {})


def _take_out(document: Document) -> None:
    """Take our insertions out of a parsed page."""
    for element in document.select(f"[{MARK}]"):
        if element.tag == "picture":
            element.unwrap()
        elif element.tag == "img":
            # They stand before all others, the mark last.
            for name in list(element.attrs):
                del element.attrs[name]
                if name == MARK:
                    break
        else:
            element.decompose()
