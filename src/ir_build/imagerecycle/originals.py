"""Bring originals back from the server that compressed them, as long as it keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import atomic
from ..errors import NotFound, TransportError
from .retry_policy import RetryPolicy
from .transport import Transport

if TYPE_CHECKING:
    from .manifest import Manifest, Sent


@dataclass(frozen=True, slots=True)
class Restored:
    """A file that is its original again."""

    path: Path
    before: int  #: bytes of the optimised file
    size: int  #: bytes of the original


class Originals:
    """Restores files by what the manifest knows of them. No credentials are needed or sent."""

    def __init__(self, manifest: Manifest, *, retry_policy: RetryPolicy | None = None) -> None:
        self._manifest = manifest
        self._retry_policy = retry_policy or RetryPolicy()
        self._transports: dict[str, Transport] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in self._transports.values():
            transport.close()

    def restore(self, path: Path) -> Restored | None:
        """Put the original of the file at `path` in its place, None when it is nobody's result.

        The SHA-256 of the original is checked before anything is replaced. Raises `Unreadable`
        and `BackendError`.
        """
        data, state = atomic.read(path)
        sent = self._manifest.origin_of(hashlib.sha256(data).hexdigest())
        if sent is None:
            return None
        original = self._fetch(sent)
        atomic.replace(path, original, seen=state, keep_times=False)
        return Restored(path, len(data), len(original))

    def _fetch(self, sent: Sent) -> bytes:
        transport = self._transports.get(sent.server)
        if transport is None:
            transport = Transport(sent.server, connections=1, retry_policy=self._retry_policy)
            self._transports[sent.server] = transport
        sink = BytesIO()
        try:
            transport.fetch(sent.origin_url, sink, limit=sent.size)
        except NotFound:
            until = f" on {sent.expires:%Y-%m-%d %H:%M} UTC" if sent.expires else ""
            raise NotFound(
                404, 404, f"the server no longer has the original, which expires{until}"
            ) from None
        original = sink.getvalue()
        if hashlib.sha256(original).hexdigest() != sent.original:
            raise TransportError("what the server has is not the original: nothing was replaced")
        return original
