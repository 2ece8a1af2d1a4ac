"""What a report shows of a picture, original beside result, so that people can judge what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .formats import MediaType


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture, or the whole of it, before and after. Files are lossless WebP or PNG."""

    box: tuple[int, int, int, int]  #: left, top, width, height in pixels
    original: bytes
    result: bytes
    #: one frame of an animation, original and result, for who wants nothing to move
    still: tuple[bytes, bytes] | None = None

    @property
    def files(self) -> tuple[bytes, ...]:
        """The files, as they are sent from process to process."""
        return (self.original, self.result, *(self.still or ()))


@dataclass(frozen=True, slots=True)
class Views:
    """What is shown of one picture: the whole, or the places where it differs most, the worst first."""

    size: tuple[int, int]  #: width and height in pixels, of a PDF of its first page as drawn
    views: tuple[View, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return len(self.views) == 1 and self.views[0].box[2:] == self.size


@dataclass(frozen=True, slots=True)
class Pictured:
    """A lossy result that a report shows."""

    name: str  #: as in the report
    media: MediaType
    before: int  #: bytes
    after: int  #: bytes
    score: float | None
    views: Views
