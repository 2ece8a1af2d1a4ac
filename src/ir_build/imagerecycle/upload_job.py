"""A file that is going to be compressed: the short form of upload and download."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .. import atomic

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from .wire import Image


@dataclass(frozen=True, slots=True)
class UploadJob:
    """What `Client.compress` returns."""

    #: sends the file, and returns what the server made of it
    upload: Callable[[], Image] = field(repr=False)
    #: writes the compressed file of an image to an open file
    fetch: Callable[[Image, BinaryIO], None] = field(repr=False)

    def to_file(self, path: str | os.PathLike[str]) -> Image:
        """Put the compressed file to `path`, which may be the source, in one step.

        Whether it can be written is found out before any quota is spent. Raises `Unreadable`.
        """
        with atomic.writing(Path(path)) as file:
            image = self.upload()
            self.fetch(image, file)
        return image

    def to_bytes(self) -> bytes:
        """The compressed file."""
        sink = BytesIO()
        self.fetch(self.upload(), sink)
        return sink.getvalue()
