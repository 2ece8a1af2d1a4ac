"""Verify a PDF candidate: the same pages to the eye, to readers, to forms and to links."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PIL import ImageChops

from ..errors import CorruptFile, TooLarge
from ..options import Compression
from ..quality import Reference
from .pdf_facts import document_facts
from .pdf_pages import Document
from .pdf_sample import touched
from .similarity import SimilarityMeasure, strips
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options

# Pages whose text, boxes and links are compared; of longer documents an even sample.
_PAGES_READ = 500
# Pages that are drawn, those whose pictures changed most first and finer; and the seconds after
# which no further one is begun.
_PAGES_DRAWN = 100
_PAGES_DRAWN_FINE = 12
_SECONDS_DRAWING = 15.0
_DPI, _FINE_DPI = 60, 110
# What the score of a page may fall below the target for pictures of fewer pixels than before. PDFium
# skips some of the pixels that are too many: of one that only lost those it does not show, a page
# scored 78.
_SLACK_SCALED = 10.0
# Pixels of a part that is scored: below it the metric has not all of its scales.
_SMALLEST_SCORED = 256
_ALIGNED = 32


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:  # noqa: ARG001  (one signature for all verifiers)
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
                        before,
                        after,
                        touched(original, candidate.data),
                        None if lossless else options.quality,
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


def _drawn_pages(
    before: Document, after: Document, changed: dict[int, bool], quality: float | None
) -> str:
    """What looks different: anything at all where there is no `quality` to keep."""
    end = time.monotonic() + _SECONDS_DRAWING
    fine = dict.fromkeys(list(changed)[:_PAGES_DRAWN_FINE], _FINE_DPI)
    rest = dict.fromkeys(_spread(before.pages, _PAGES_DRAWN), _DPI)
    for index, dpi in (fine | rest | fine).items():
        one, other = before.draw(index, dpi), after.draw(index, dpi)
        if one.tobytes() != other.tobytes():
            if quality is None or _unlike(one, other):
                return f"page {index + 1} looks different"
            least = quality - (_SLACK_SCALED if changed.get(index) else 0.0)
            if index in fine and (score := _score(one, other)) < least:
                return f"page {index + 1} scores {score:.1f}"
        if time.monotonic() > end:
            break
    return ""


def _score(before: Image.Image, after: Image.Image) -> float:
    """The score of a page. Only the part that changed is looked at, and the others counted in."""
    size = before.size
    box = ImageChops.difference(before, after).getbbox()
    assert box is not None, "the page changed"
    left, right = _part(box[0], box[2], size[0])
    top, bottom = _part(box[1], box[3], size[1])
    one, other = (np.asarray(page.crop((left, top, right, bottom))) for page in (before, after))
    share = (right - left) * (bottom - top) / (size[0] * size[1])
    return Reference(one).score(other, share)


def _part(start: int, stop: int, size: int) -> tuple[int, int]:
    """From `start` to `stop`, widened to what can be scored alone."""
    start = start // _ALIGNED * _ALIGNED
    stop = min(size, max(-(-stop // _ALIGNED) * _ALIGNED, start + _SMALLEST_SCORED))
    return max(0, min(start, (stop - _SMALLEST_SCORED) // _ALIGNED * _ALIGNED)), stop


def _unlike(before: Image.Image, after: Image.Image) -> str:
    if before.size != after.size:
        return "another size"
    measure = SimilarityMeasure()
    for one, other in strips(before, after):
        measure.add(one, other)
    return measure.similarity().difference()


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
