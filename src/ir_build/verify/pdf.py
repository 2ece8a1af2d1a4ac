"""Verify a PDF candidate: its pages look the same, and its text, forms and links are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import ImageChops

from ..errors import CorruptFile, TooLarge
from ..options import Compression
from ..quality import Reference
from .pdf_facts import document_facts
from .pdf_pages import Document
from .pdf_sample import Pages
from .pdf_unseen import laid_open
from .similarity import SimilarityMeasure, strips
from .verdict import Verdict, differs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options

# The text, boxes and links of so many pages are compared. Longer documents are sampled evenly. Not
# fitted: a limit of work.
_PAGES_READ = 500
# So many pages are drawn whether or not they changed. They are an even sample. Not fitted: a limit of work.
_PAGES_DRAWN = 100
# Work is counted in pixels of one of the two documents, never in seconds. So the same pages are looked at on a
# busy machine. A document is refused if more pixels changed. So a lower `_PIXELS_DRAWN` saves fewer bytes, and
# never lets a fault pass. Not fitted: limits of work.
_PIXELS_DRAWN = 1 << 30  # some 3,200 pages of letter size
_PIXELS_FINE = 1 << 27  # some 120 of them; further pages are scored as they look at `_DPI`
_PIXELS_FINE_EXACT = 1 << 24  # the same for a result without loss, of which any difference counts
# Dots per inch of pages whose pictures and fonts did not change. They must be equal. Not fitted: a fault such as a
# missing picture shows at any density, and fewer dots take less time.
_DPI = 60
# PDFium's scaling differs by so many levels between two codings of the same samples. It may differ only if the
# samples were compared and are the same.
_ROUNDING = 2
# The score of a page may be so much below the target if a picture has fewer pixels than before. PDFium skips some
# of the pixels that are too many. It was fitted on a page that scored 78, although its picture had only lost pixels
# that are not shown.
_SLACK_SCALED = 10.0
# Pixels along a side of a part that is scored. A principle: the smallest of the metric's scales is a thirty-second
# and needs 8 pixels, and parts begin where all scales have whole pixels.
_SMALLEST_SCORED = 256
_ALIGNED = 32


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:  # noqa: ARG001  (one signature for all verifiers)
    """Whether `candidate` shows and holds the same as `original`, a PDF. `options` say what it was made for.

    Raises `CorruptFile` or `TooLarge` for the original.
    """
    facts = document_facts(original)
    lossless = not candidate.lossy or options.compression_type is Compression.LOSSLESS
    quality = None if lossless else options.quality
    scores: list[float] = []
    with Document(original) as before:
        try:
            new_facts = document_facts(candidate.data)
            with Document(candidate.data) as after:
                difference = (
                    _changed(before.facts(), after.facts())
                    or _changed(facts, new_facts)
                    or _read_pages(before, after, before.pages)
                    or _looks(before, after, original, candidate.data, quality, scores)
                )
        except (CorruptFile, TooLarge) as error:
            difference = f"the new file {error.message}"
    return differs(difference) if difference else Verdict(ok=True, score=min(scores, default=None))


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


def _looks(
    before: Document,
    after: Document,
    original: bytes,
    made: bytes,
    quality: float | None,
    scores: list[float],
) -> str:
    """What looks different, or may look different. Any difference counts if `quality` is None.

    The scores of pages are added to `scores`.
    """
    with Pages(original, made) as pages:
        look = _Look(pages, quality, scores)
        if difference := look.unjudged() or look.drawn(before, after):
            return difference
        shown, newly_shown = laid_open(original), laid_open(made)
        if shown is None or newly_shown is None:
            return "" if shown is newly_shown else "what is hidden changed"
        with Document(shown) as open_before, Document(newly_shown) as open_after:
            difference = look.drawn(open_before, open_after)
    return f"{difference} with all that is hidden" if difference else ""


class _Look:
    """How pages look before and after."""

    def __init__(self, pages: Pages, quality: float | None, scores: list[float]) -> None:
        self._pages, self._quality, self._scores = pages, quality, scores
        self._changes = pages.changes()
        self._fine = _PIXELS_FINE_EXACT if quality is None else _PIXELS_FINE

    def unjudged(self) -> str:
        """What changed on pages for which drawing cannot tell whether they look the same."""
        for index, change in self._changes.items():
            if change.unseen and not self._pages.same_samples(change):
                return f"page {index + 1} has other pictures and {change.unseen[0]}"
            if self._pages.shrunken_code(change):
                return f"page {index + 1} has a picture of two tones that lost pixels"
        return ""

    def drawn(self, before: Document, after: Document) -> str:
        """What looks different on the pages that changed, or on a sample of the others."""
        pixels = 0
        sample = _spread(before.pages, _PAGES_DRAWN)
        for index in dict.fromkeys((*self._changes, *sample)):
            change = self._changes.get(index)
            if pixels > _PIXELS_DRAWN:
                if change is None or (not change.fonts and self._pages.same_samples(change)):
                    continue
                return f"page {index + 1} changed, and so did more pages than are looked at"
            fine = change is not None and pixels <= self._fine
            dpi = before.screen_dpi(index) if fine else _DPI
            one, other = before.draw(index, dpi), after.draw(index, dpi)
            pixels += one.width * one.height
            if one.tobytes() != other.tobytes() and (difference := self._worse(index, one, other)):
                return f"page {index + 1} {difference}"
        return ""

    def _worse(self, index: int, one: Image.Image, other: Image.Image) -> str:
        change, quality = self._changes.get(index), self._quality
        if change is None:
            return "looks different"
        if quality is None:
            rounded = one.size == other.size and _levels(one, other) <= _ROUNDING
            return "" if rounded and self._pages.same_samples(change) else "looks different"
        if _unlike(one, other):
            return "looks different"
        score = _score(one, other)
        self._scores.append(score)
        return f"scores {score:.1f}" if score < quality - _SLACK_SCALED * change.scaled else ""


def _levels(before: Image.Image, after: Image.Image) -> int:
    """The most by which a channel of a pixel differs."""
    return int(np.asarray(ImageChops.difference(before, after)).max())


def _score(before: Image.Image, after: Image.Image) -> float:
    """The score of a page. Only the part that changed is scored, and it counts for its share of the page."""
    size = before.size
    box = ImageChops.difference(before, after).getbbox()
    assert box is not None, "the page changed"
    left, right = _part(box[0], box[2], size[0])
    top, bottom = _part(box[1], box[3], size[1])
    one, other = (np.asarray(page.crop((left, top, right, bottom))) for page in (before, after))
    share = (right - left) * (bottom - top) / (size[0] * size[1])
    return Reference(one).score(other, share)


def _part(start: int, stop: int, size: int) -> tuple[int, int]:
    """The range from `start` to `stop`, widened until it can be scored alone. `size` is the size of the page."""
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
    """Up to `most` of `count` pages, from all over the document: first the ends, then halves, then quarters."""
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
