"""Judge a PDF candidate: the same pages to the eye, to readers, to forms and to links."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import CorruptFile, TooLarge
from ..options import Compression
from .likeness import Measure, strips
from .pdffacts import document_facts
from .pdfpages import Document
from .pdftouched import touched
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

    from ..candidate import Candidate
    from ..media import MediaType
    from ..options import Options

# Pages whose text, boxes and links are compared; of longer documents an even sample.
_PAGES_READ = 500
# Pages that are drawn, those whose pictures changed most first and finer; and the seconds after
# which no further one is begun.
_PAGES_DRAWN = 100
_PAGES_DRAWN_FINE = 12
_SECONDS_DRAWING = 15.0
_DPI, _FINE_DPI = 60, 110


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:  # noqa: ARG001  (one signature for all judges)
    """Whether `candidate` shows and holds what `original` does."""
    facts = document_facts(original)
    with Document(original) as before:
        pages = before.pages
        try:
            new_facts = document_facts(candidate.data)
            with Document(candidate.data) as after:
                lossless = not candidate.lossy or options.compression_type is Compression.LOSSLESS
                difference = (
                    _changed(before.facts(), after.facts())
                    or _changed(facts, new_facts)
                    or _read_pages(before, after, pages)
                    or _drawn_pages(
                        before, after, touched(original, candidate.data), lossless=lossless
                    )
                )
        except (CorruptFile, TooLarge) as error:
            difference = f"the new file {error.message}"
    return differs(difference) if difference else OK


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """The first fact that differs, in words."""
    for name, value in before.items():
        if after[name] != value:
            one, other = _short(value), _short(after[name])
            return f"{name}: {one} became {other}" if one != other else f"{name} changed"
    return ""


def _short(value: object) -> str:
    if isinstance(value, (tuple, list, frozenset)):
        return f"{len(value)} entries"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _read_pages(before: Document, after: Document, pages: int) -> str:
    for index in sorted(_spread(pages, _PAGES_READ)):
        if difference := _changed(before.page_facts(index), after.page_facts(index)):
            return f"page {index + 1}: {difference}"
    return ""


def _drawn_pages(before: Document, after: Document, first: list[int], *, lossless: bool) -> str:
    end = time.monotonic() + _SECONDS_DRAWING
    fine = dict.fromkeys(first[:_PAGES_DRAWN_FINE], _FINE_DPI)
    rest = dict.fromkeys(_spread(before.pages, _PAGES_DRAWN), _DPI)
    for index, dpi in (fine | rest | fine).items():
        one, other = before.draw(index, dpi), after.draw(index, dpi)
        if one.tobytes() != other.tobytes() and (lossless or _unlike(one, other)):
            return f"page {index + 1} looks different"
        if time.monotonic() > end:
            break
    return ""


def _unlike(before: Image.Image, after: Image.Image) -> str:
    if before.size != after.size:
        return "another size"
    measure = Measure()
    for one, other in strips(before, after):
        measure.add(one, other)
    return measure.likeness().difference()


def _spread(count: int, most: int) -> Iterator[int]:
    """Up to `most` of `count` pages: the ends first, then halves, quarters and so on."""
    if count <= most:
        yield from range(count)
        return
    seen = {0, count - 1}
    yield from sorted(seen)
    parts = 2
    while True:
        for part in range(1, parts, 2):
            index = (count - 1) * part // parts
            if index in seen:
                continue
            seen.add(index)
            yield index
            if len(seen) == most:
                return
        parts *= 2
