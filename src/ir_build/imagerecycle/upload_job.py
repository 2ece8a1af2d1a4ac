"""A file that is going to be compressed: the short form of upload and download."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import atomic
from ..options import Compression, Meta, Resize
from .wire import UploadParams

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from .client import Client
    from .multipart import Upload
    from .wire import Image


@dataclass(frozen=True, slots=True)
class Pending:
    """What `Client.compress` returns."""

    client: Client
    source: Upload = field(repr=False)
    name: str | None
    params: UploadParams

    @classmethod
    def of(
        cls,
        client: Client,
        source: Upload,
        name: str | None,
        lossless: bool,  # noqa: FBT001  (the caller's is keyword-only)
        resize: tuple[int | None, int | None] | None,
        preserve_metas: Iterable[str],
    ) -> Self:
        """Raises ValueError for metadata of no known name."""
        kind = Compression.LOSSLESS if lossless else Compression.LOSSY
        params = UploadParams(
            compression=kind,
            resize=None if resize is None else Resize(*resize),
            preserve_metas=frozenset(map(Meta, preserve_metas)),
        )
        return cls(client, source, name, params)

    def to_file(self, path: str | os.PathLike[str]) -> Image:
        """Put the compressed file to `path`, which may be the source, in one step.

        Whether it can be written is found out before any quota is spent. Raises `Unreadable`.
        """
        with atomic.writing(Path(path)) as file:
            image = self.client.upload(self.source, name=self.name, params=self.params)
            self.client.fetch(image, file)
        return image

    def to_bytes(self) -> bytes:
        """The compressed file."""
        image = self.client.upload(self.source, name=self.name, params=self.params)
        return self.client.download(image)
