"""Open the storage that the settings name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..errors import wrong_setting
from .local import LocalStorage

if TYPE_CHECKING:
    from ..settings import Settings
    from .objects import Storage


def open_storage(settings: Settings) -> Storage:
    """The storage that the settings name. Raises `ConfigError`."""
    parts = urlsplit(settings.storage)
    if parts.scheme == "file" and not parts.netloc:
        path = unquote(parts.path)
        # file:///C:/folder on Windows
        return LocalStorage(
            Path(path.lstrip("/") if os.name == "nt" else path),
            durable=settings.durability == "full",
        )
    if parts.scheme == "s3" and parts.netloc:
        from .s3 import S3Storage  # noqa: PLC0415  (only for those who use it)

        return S3Storage(parts.netloc, parts.path.strip("/"), settings)
    raise wrong_setting("storage", "is neither file:///PATH nor s3://BUCKET/PREFIX")
