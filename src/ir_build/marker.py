"""The note inside a lossy result that tells every machine not to compress it again.

Each format has a place for it that decoders skip. The place is found by the file's structure, so a
picture that happens to contain the same bytes does not count as marked. A file whose structure is
not understood stays as it is and counts as unmarked.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from .errors import CorruptFile
from .formats import FORMATS, MediaType

if TYPE_CHECKING:
    from .candidate import Candidate

NOTE = b"ir-build"


class Marker(Protocol):
    """A module that knows the note's place in files of one format."""

    def mark(self, data: bytes) -> bytes:
        """The file with the note, or as it was. Raises `CorruptFile` where there is no place."""

    def is_marked(self, data: bytes) -> bool:
        """Whether the note is in its place. Raises `CorruptFile`."""


def mark(data: bytes, media: MediaType) -> bytes:
    """`data`, a file of type `media`, with the note; unchanged where it cannot carry one."""
    marker = _marker(media)
    if marker is None or is_marked(data, media):
        return data
    try:
        return marker.mark(data)
    except CorruptFile:
        return data


def finished(candidate: Candidate, media: MediaType) -> Candidate:
    """`candidate`, with the note in it when it is lossy."""
    if not candidate.lossy:
        return candidate
    return replace(candidate, data=mark(candidate.data, media))


def is_marked(data: bytes, media: MediaType) -> bool:
    """Whether `data`, a file of type `media`, carries the note."""
    # Most files do not hold the word at all, and need not be taken apart.
    if NOTE not in data:
        return False
    marker = _marker(media)
    try:
        return marker is not None and marker.is_marked(data)
    except CorruptFile:
        return False


def _marker(media: MediaType) -> Marker | None:
    name = FORMATS[media].marker
    return cast("Marker", import_module(name)) if name is not None else None
