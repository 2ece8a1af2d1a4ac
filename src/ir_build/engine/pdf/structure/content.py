"""What content streams use (ISO 32000-1, 7.8): the text in each font, and XObjects with their matrices.

Content streams are those of pages, form XObjects, tiling patterns, glyphs of Type 3 fonts, and appearances of
annotations. Each is read by itself, with its own resources. Nothing is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import PdfFile

#: a, b, c and d of a matrix (ISO 32000-1, 8.3.4); e and f only move things, which does not matter here
Matrix = tuple[float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0)
Reference = tuple[int, int]

_OPERATORS = "q Q cm Do gs Tf Tj TJ ' \""
# Decoded bytes of one content stream, and of all of them; graphics states within each other, and nodes of the page
# tree. Not fitted: limits of work and memory for hostile documents. Fonts and image sizes of a document beyond
# them stay as they are.
_LARGEST = 32 * 1024 * 1024
_MOST = 256 * 1024 * 1024
_DEEPEST_STATE = 10_000
_DEEPEST_PAGE = 100


class UnreadableContent(Exception):
    """A content stream that is too large, or that readers may understand in different ways."""


@dataclass(slots=True)
class Content:
    """What one content stream uses, by the names of its resources."""

    resources: Dictionary | None
    #: the strings that are shown in each font; the name is empty if no font is set
    texts: dict[str, set[bytes]] = field(default_factory=dict)
    #: XObjects with the matrices at which they are drawn, and graphics states with those at which they are set
    drawn: set[tuple[str, Matrix]] = field(default_factory=set)
    states: set[tuple[str, Matrix]] = field(default_factory=set)

    def resource(self, kind: str, name: str) -> pikepdf.Object | None:
        """The resource of this kind and name; None if there is none."""
        entries = self.resources.get(kind) if self.resources is not None else None
        return entries.get(name) if isinstance(entries, Dictionary) else None


def times(inner: Matrix, outer: Matrix) -> Matrix:
    """The product of two matrices, which applies `inner` first."""
    a, b, c, d = inner
    e, f, g, h = outer
    return (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)


def matrix(value: object) -> Matrix:
    """The matrix in `value`, an array of six numbers; the identity for None. Raises `UnreadableContent`."""
    if value is None:
        return IDENTITY
    try:
        a, b, c, d, _, _ = (float(one) for one in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise UnreadableContent("a matrix that is none") from error
    return (a, b, c, d)


def inherited(page: pikepdf.Page, key: str) -> pikepdf.Object | None:
    """The entry `key` of a page, or of the nodes of the page tree above it (ISO 32000-1, 7.7.3.4)."""
    node: pikepdf.Object | None = page.obj
    # `Page.resources` would add empty resources to a page without any.
    for _ in range(_DEEPEST_PAGE):
        if not isinstance(node, Dictionary) or key in node:
            break
        node = node.get("/Parent")
    return node.get(key) if isinstance(node, Dictionary) else None


class ContentReader:
    """Reads content streams, each once, within a budget."""

    def __init__(self) -> None:
        self._left = _MOST
        self._known: dict[Reference, Content] = {}

    def page(self, page: pikepdf.Page) -> Content:
        """What a page uses. Raises `UnreadableContent`."""
        held = page.obj.get("/Contents")
        for part in held if isinstance(held, Array) else [held]:
            if isinstance(part, Stream):
                self._spend(part)
        return self._read(page, _dictionary(inherited(page, "/Resources")))

    def stream(self, stream: Stream, resources: Dictionary | None = None) -> Content:
        """What a form, a pattern or a glyph uses. Raises `UnreadableContent`.

        `resources` are used if the stream has no resources of its own.
        """
        known = self._known.get(stream.objgen)
        if known is None:
            self._spend(stream)
            own = _dictionary(stream.get("/Resources"))
            known = self._read(stream, own if own is not None else resources)
            self._known[stream.objgen] = known
        return known

    def _spend(self, stream: Stream) -> None:
        try:
            size = len(stream.read_bytes())
        except (pikepdf.PdfError, RuntimeError) as error:
            raise UnreadableContent("a content stream that cannot be decoded") from error
        self._left -= size
        if size > _LARGEST or self._left < 0:
            raise UnreadableContent("too large a content stream")

    def _read(self, source: pikepdf.Page | Stream, resources: Dictionary | None) -> Content:
        content = Content(resources)
        try:
            _follow(pikepdf.parse_content_stream(source, _OPERATORS), content)
        except (pikepdf.PdfError, RuntimeError, TypeError, ValueError, IndexError) as error:
            raise UnreadableContent("a content stream that is broken") from error
        return content


def _follow(
    instructions: list[pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage],
    content: Content,
) -> None:
    font, place = "", IDENTITY
    stack: list[tuple[str, Matrix]] = []
    for one in instructions:
        operator = str(one.operator)
        operands = one.operands
        if operator == "q":
            stack.append((font, place))
            if len(stack) > _DEEPEST_STATE:
                raise UnreadableContent("graphics states without an end")
        elif operator == "Q":
            if stack:
                font, place = stack.pop()
        elif operator == "cm":
            place = times(matrix(operands), place)
        elif operator == "Do":
            content.drawn.add((str(operands[0]), place))
        elif operator == "gs":
            content.states.add((str(operands[0]), place))
        elif operator == "Tf":
            font = str(operands[0])
        else:
            shown = operands[0] if operator == "TJ" else operands[-1:]
            content.texts.setdefault(font, set()).update(
                bytes(text) for text in shown if isinstance(text, pikepdf.String)
            )


def _dictionary(value: object) -> Dictionary | None:
    return value if isinstance(value, Dictionary) else None


def everywhere(source: PdfFile, reader: ContentReader) -> Iterator[Content]:
    """What each content stream of the document uses, also if nothing shows it. Raises `UnreadableContent`."""
    for page in source.pdf.pages:
        yield reader.page(page)
    for one in source.pdf.objects:
        if isinstance(one, Stream):
            form = one.get("/Subtype") == Name.Form or one.get("/PatternType") == 1
            if form or "/Resources" in one or "/BBox" in one:
                yield reader.stream(one)
        elif isinstance(one, Dictionary) and isinstance(one.get("/CharProcs"), Dictionary):
            for glyph in one.CharProcs.values():
                if isinstance(glyph, Stream):
                    yield reader.stream(glyph, _dictionary(one.get("/Resources")))
