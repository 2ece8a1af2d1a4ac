"""How large images are shown. Pages are followed through everything that they draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ..structure.content import Content, ContentReader, UnreadableContent, inherited, matrix, times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..structure.content import Matrix, Reference
    from ..structure.source import PdfFile

# How often streams are followed into others, because forms in forms multiply. Not fitted: a limit of work. Images
# of a document beyond it are not scaled.
_MOST_STEPS = 50_000
# Inches. A slide counts as at least so long on its longer side. Not fitted: it fills a screen of 1920 pixels at the
# 150 pixels an inch that `pdf_dpi` has by default.
_SCREEN = 12.8
# Inches of the longer side of a page. A shorter page counts as a slide. Not fitted: a sheet of A5 is longer, 8.3
# inches.
_SMALLEST_SHEET = 8.0
# The matrix of things whose size depends on the text around them: larger than anything.
_ENDLESS: Matrix = (1e9, 0.0, 0.0, 1e9)


class Shown(NamedTuple):
    """The largest size at which an image is shown."""

    width: float  #: inches
    height: float  #: inches
    slide: bool  #: on a page that fills a screen

    def joined(self, other: Shown) -> Shown:
        """The size that counts for an image that is shown in both sizes, this one and `other`."""
        return Shown(
            max(self.width, other.width),
            max(self.height, other.height),
            self.slide or other.slide,
        )


def sizes(source: PdfFile) -> dict[Reference, Shown]:
    """The largest size at which each image of `source` is shown, by the number of the image.

    Images that no page shows are missing. All images are missing if a page cannot be followed.
    """
    try:
        walk = _Walk()
        for page in source.pdf.pages:
            walk.page(page)
    except UnreadableContent:
        return {}
    return walk.shown


class _Walk:
    """Follows what pages draw: each stream once for each scale."""

    def __init__(self) -> None:
        self.shown: dict[Reference, Shown] = {}
        self._reader = ContentReader()
        self._seen: set[tuple[Reference, Matrix, bool]] = set()
        self._slide = False
        self._left = _MOST_STEPS

    def page(self, page: pikepdf.Page) -> None:
        unit = page.obj.get("/UserUnit", 1)
        try:
            scale = float(unit) / 72
            left, bottom, right, top = (float(one) for one in page.cropbox)
        except (TypeError, ValueError, pikepdf.PdfError) as error:
            raise UnreadableContent("a page of no size") from error
        width, height = abs(right - left) * scale, abs(top - bottom) * scale
        if inherited(page, "/Rotate") in (90, 270, -90, -270):
            width, height = height, width
        longer = max(width, height)
        # A wide or small page is a slide, which fills a screen.
        self._slide = width > height or longer < _SMALLEST_SHEET
        if self._slide and longer > 0:
            scale *= max(1.0, _SCREEN / longer)
        place = (scale, 0.0, 0.0, scale)
        content = self._reader.page(page)
        self._follow([(content, place)], content)
        notes = page.obj.get("/Annots")
        for note in notes if isinstance(notes, Array) else ():
            for look in _appearances(note):
                fitted = times(_fitted(look, note), place)
                self._follow(self._form(look, fitted, content), content)

    def _follow(self, waiting: list[tuple[Content, Matrix]], page: Content) -> None:
        while waiting:
            content, place = waiting.pop()
            self._left -= 1
            if self._left < 0:
                raise UnreadableContent("forms in forms without an end")
            for name, inner in content.drawn:
                drawn = content.resource("/XObject", name) or page.resource("/XObject", name)
                if not isinstance(drawn, Stream):
                    continue
                if drawn.get("/Subtype") == Name.Image:
                    self._show(drawn, times(inner, place))
                else:
                    waiting += self._form(drawn, times(inner, place), content)
            for name, inner in content.states:
                state = content.resource("/ExtGState", name)
                mask = state.get("/SMask") if isinstance(state, Dictionary) else None
                group = mask.get("/G") if isinstance(mask, Dictionary) else None
                if isinstance(group, Stream):
                    waiting += self._form(group, times(inner, place), content)
            for pattern in _values(content, "/Pattern"):
                if isinstance(pattern, Stream):
                    waiting += self._form(pattern, place, content)
            for font in _values(content, "/Font"):
                glyphs = font.get("/CharProcs") if isinstance(font, Dictionary) else None
                for glyph in glyphs.values() if isinstance(glyphs, Dictionary) else ():
                    if isinstance(glyph, Stream):
                        waiting += self._form(glyph, _ENDLESS, content, font.get("/Resources"))

    def _form(
        self, form: Stream, place: Matrix, parent: Content, resources: object = None
    ) -> list[tuple[Content, Matrix]]:
        """The content of a form and its matrix; empty if it was followed at this scale before."""
        inner = times(matrix(form.get("/Matrix")), place)
        a, b, c, d = (float(f"{value:.4g}") for value in inner)
        key = form.objgen, (a, b, c, d), self._slide
        if key in self._seen:
            return []
        self._seen.add(key)
        given = resources if isinstance(resources, Dictionary) else parent.resources
        return [(self._reader.stream(form, given), inner)]

    def _show(self, image: Stream, place: Matrix) -> None:
        a, b, c, d = place
        here = Shown(math.hypot(a, b), math.hypot(c, d), self._slide)
        self.shown[image.objgen] = here.joined(self.shown.get(image.objgen, here))


def _values(content: Content, kind: str) -> list[pikepdf.Object]:
    entries = content.resources.get(kind) if content.resources is not None else None
    return list(entries.values()) if isinstance(entries, Dictionary) else []


def _appearances(note: pikepdf.Object) -> Iterator[Stream]:
    looks = note.get("/AP") if isinstance(note, Dictionary) else None
    for look in looks.values() if isinstance(looks, Dictionary) else ():
        if isinstance(look, Stream):
            yield look
        elif isinstance(look, Dictionary):
            yield from (state for state in look.values() if isinstance(state, Stream))


def _fitted(look: Stream, note: pikepdf.Object) -> Matrix:
    """The matrix that fits an appearance into the rectangle of its annotation (ISO 32000-1, 12.5.5)."""
    try:
        left, bottom, right, top = (float(one) for one in look.BBox)
        x1, y1, x2, y2 = (float(one) for one in note.Rect)
    except (AttributeError, TypeError, ValueError):
        return _ENDLESS
    a, b, c, d = matrix(look.get("/Matrix"))
    width = abs(a * (right - left)) + abs(c * (top - bottom))
    height = abs(b * (right - left)) + abs(d * (top - bottom))
    if not width or not height:
        return _ENDLESS
    return (abs(x2 - x1) / width, 0.0, 0.0, abs(y2 - y1) / height)
