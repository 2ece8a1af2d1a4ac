"""A client for asyncio: the calls that handle files, made by `Client` on threads of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from .. import atomic
from .client import CONNECTIONS, Client
from .credentials import Credentials, required
from .upload_job import upload_params
from .wire import Account, FileKind, Image, UploadParams

if TYPE_CHECKING:
    from .multipart import Upload
    from .retry_policy import RetryPolicy

_R = TypeVar("_R")


class AsyncClient:
    """Speaks for one account to one server. Its methods raise what those of `Client` raise.

    A call that is cancelled writes no file. The server may still do, and charge, what was sent.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        connections: int = CONNECTIONS,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """`connections` calls can be under way at once; `retry_policy` says how long it waits."""
        self._client = Client(credentials, connections=connections, retry_policy=retry_policy)
        self._threads = ThreadPoolExecutor(connections, "ir-build")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """A client with the credentials that `Client` would find. Raises `ConfigError`."""
        return cls(required(environ))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. What is under way ends in an error."""
        self._client.close()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def account(self) -> Account:
        """The account's quota and limits."""
        return await self._run(self._client.account)

    async def delete_image(self, identifier: int) -> None:
        """Delete an image and its files."""
        await self._run(partial(self._client.delete_image, identifier))

    async def upload(
        self, source: Upload, *, name: str | None = None, params: UploadParams | None = None
    ) -> Image:
        """Send a file and have it compressed; it is read while it is sent. Raises `Unreadable`."""
        wanted = params or UploadParams()
        return await self._run(partial(self._client.upload, source, name=name, params=wanted))

    async def download(self, image: Image, *, kind: FileKind = FileKind.OPTIMIZED) -> bytes:
        """A file of an image. No credentials are sent."""
        return await self._run(partial(self._client.download, image, kind=kind))

    async def compress(
        self,
        source: Upload,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        lossless: bool = False,
        resize: tuple[int | None, int | None] | None = None,
        preserve_metas: str | Iterable[str] = (),
    ) -> Image:
        """Put the compressed file of `source` to `path`, which may be the source, in one step.

        Raises `Unreadable`, and ValueError as `Client.compress` does.
        """
        params = upload_params(lossless=lossless, resize=resize, preserve_metas=preserve_metas)
        with atomic.writing(Path(path)) as file:
            image = await self.upload(source, name=name, params=params)
            file.write(await self.download(image))
        return image

    async def _run(self, call: Callable[[], _R]) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
