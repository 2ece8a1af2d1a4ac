"""The ImageRecycle v1 web API: its wire format without I/O, and clients, with all that they need.

from ir_build.imagerecycle import Client

with Client.from_environment() as client:
    client.compress("a.png").to_file("b.png")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..errors import (
        ApiError,
        AuthenticationError,
        BackendError,
        ConfigError,
        FileRejected,
        FileTooLarge,
        Forbidden,
        NotFound,
        QuotaExceeded,
        ServiceUnavailable,
        TransportError,
        Unreadable,
    )
    from ..options import Compression, Meta, Resize
    from .async_client import AsyncClient
    from .client import Client
    from .credentials import Credentials
    from .folder import FileResult
    from .retry_policy import RetryPolicy
    from .wire import Account, Consumption, FileKind, Image, ImagePage, SubAccount, UploadParams

#: the modules that the names are in, from here; what takes longest to import comes last
_PLACES = (
    ".wire", "..errors", "..options", ".credentials", ".retry_policy", ".folder", ".client",
    ".async_client",
)  # fmt: skip

__all__ = [
    "Account", "ApiError", "AsyncClient", "AuthenticationError", "BackendError", "Client",
    "Compression", "ConfigError", "Consumption", "Credentials", "FileKind", "FileRejected",
    "FileResult", "FileTooLarge", "Forbidden", "Image", "ImagePage", "Meta", "NotFound",
    "QuotaExceeded", "Resize", "RetryPolicy", "ServiceUnavailable", "SubAccount",
    "TransportError", "Unreadable", "UploadParams",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Names are loaded when first used. requests is slow to import, and a server needs the wire only.
    for place in _PLACES if name in __all__ else ():
        if hasattr(module := import_module(place, __name__), name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
