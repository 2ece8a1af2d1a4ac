"""The pages of a PDF whose pictures changed most: the ones to look at when there are many."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Dictionary, Name, Stream

from ..errors import CorruptFile

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PAGES = 5_000
_MOST_IMAGES = 2_000  # of one page
_DEEPEST = 5  # forms within forms


def touched(before: bytes, after: bytes) -> dict[int, bool]:
    """Indices of the pages with other pictures, and whether one of these has fewer pixels now.

    The most changed bytes come first. Raises `CorruptFile`.
    """
    try:
        with pikepdf.open(io.BytesIO(before)) as one, pikepdf.open(io.BytesIO(after)) as other:
            old, new = _Pictures(), _Pictures()
            changed = []
            for index in range(min(len(one.pages), len(other.pages), _MOST_PAGES)):
                shown, kept = old.of(one.pages[index]), new.of(other.pages[index])
                gone = [shown[key] for key in shown.keys() - kept.keys()]
                pixels = [sum(one[1] for one in pictures.values()) for pictures in (shown, kept)]
                changed.append((sum(one[0] for one in gone), index, pixels[1] < pixels[0]))
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError) as error:
        raise CorruptFile("has pages that cannot be read") from error
    changed.sort(key=lambda one: (-one[0], one[1]))
    return {index: scaled for size, index, scaled in changed if size}


class _Pictures:
    """The pictures of a document's pages: their digests, bytes and pixels."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[bytes, tuple[int, int]]] = {}

    def of(self, page: pikepdf.Page) -> dict[bytes, tuple[int, int]]:
        found = {}
        for count, image in enumerate(_images(page.resources, 0)):
            if count == _MOST_IMAGES:
                break
            if image.objgen not in self._known:
                data = image.read_raw_bytes()
                pixels = int(image.get("/Width", 0)) * int(image.get("/Height", 0))
                self._known[image.objgen] = hashlib.sha256(data).digest(), (len(data), pixels)
            digest, sizes = self._known[image.objgen]
            found[digest] = sizes
        return found


def _images(resources: object, depth: int) -> Iterator[Stream]:
    named = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    if not isinstance(named, Dictionary) or depth > _DEEPEST:
        return
    for one in named.values():
        if not isinstance(one, Stream):
            continue
        if one.get("/Subtype") == Name.Image:
            yield one
        else:
            yield from _images(one.get("/Resources"), depth + 1)
