"""A file to compress: the short form of upload and download."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from .. import atomic, values
from ..options import Compression, Resize
from .wire import Image, UploadParams


def upload_params(
    *, lossless: bool, resize: object, preserve_metas: str | Iterable[str]
) -> UploadParams:
    """The parameters of an upload. Raises ValueError, which says what is expected."""
    named = preserve_metas if isinstance(preserve_metas, str) else tuple(preserve_metas)
    return UploadParams(
        compression=Compression.LOSSLESS if lossless else Compression.LOSSY,
        resize=None if resize is None else _box(resize),
        preserve_metas=values.metas(named),
    )


def _box(resize: object) -> Resize | None:
    if isinstance(resize, str):
        return values.resize(resize)
    if not isinstance(resize, (tuple, list)) or len(resize) != 2:
        raise ValueError(
            f"resize: {resize!r} is not a box of width and height, of which one may be None, such as "
            "(100, None)"
        )
    return values.resize(dict(zip(("width", "height"), resize, strict=True)))


@dataclass(frozen=True, slots=True)
class UploadJob:
    """What `Client.compress` returns."""

    #: sends the file, and returns what the server made of it
    upload: Callable[[], Image] = field(repr=False)
    #: writes the compressed file of an image to an open file
    fetch: Callable[[Image, BinaryIO], None] = field(repr=False)

    def to_file(self, path: str | os.PathLike[str]) -> Image:
        """Put the compressed file to `path`, which may be the source, in one step.

        It is checked that `path` can be written before quota is spent. Raises `Unreadable`.
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
