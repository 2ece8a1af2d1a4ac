"""A client for asyncio, over httpx (extra `async`): the calls that handle files, on the same wire."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

try:
    import httpx
except ImportError:
    raise ImportError('AsyncClient needs httpx: pip install "ir-build[async]"') from None

from .. import atomic
from ..errors import BackendError, NotFound, ServiceUnavailable, TransportError
from ..formats import HEAD_BYTES, sniff
from .credentials import required
from .links import checked_link
from .multipart import FilePart, MultipartBody, SourceFault
from .retry_policy import RetryPolicy, retry_after
from .upload_job import upload_params
from .wire import Auth, FileKind, UploadParams, errors, outgoing, responses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from .credentials import Credentials
    from .multipart import Upload
    from .wire import Account, Image
    from .wire.outgoing import Request

_PIECE = 65_536
_LARGEST = 2**30  #: bytes of an answer whose size nobody has said


class AsyncClient:
    """Speaks for one account to one server. Its methods raise `BackendError`, as `Client`'s do."""

    def __init__(
        self, credentials: Credentials, *, retry_policy: RetryPolicy | None = None
    ) -> None:
        """`retry_policy` says how long it waits, and how often it asks."""
        self._auth = Auth(credentials.key, credentials.secret)
        self._url = credentials.url
        self._policy = policy = retry_policy or RetryPolicy()
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(policy.read, connect=policy.connect),
            headers={"Accept-Encoding": "identity"},
            trust_env=not credentials.is_direct,  # no proxy: the secret goes there in clear
        )
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """A client with the credentials that `Client` would find. Raises `ConfigError`."""
        return cls(required(environ))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def account(self) -> Account:
        """The account's quota and limits."""
        return responses.decode_account(await self._call(outgoing.get_account()))

    async def delete_image(self, identifier: int) -> None:
        """Delete an image and its files."""
        responses.decode_success(await self._call(outgoing.delete_image(identifier)))

    async def upload(
        self, source: Upload, *, name: str | None = None, params: UploadParams | None = None
    ) -> Image:
        """Send a file and have it compressed; it is read while it is sent. Raises `Unreadable`."""
        part = await asyncio.to_thread(FilePart.of, source, name)
        try:
            body = await self._call(outgoing.upload(params or UploadParams()), part)
            return responses.decode_image(body, upload=True)
        except BackendError as error:
            error.file = part.name
            raise
        finally:
            part.close()

    async def download(self, image: Image, *, kind: FileKind = FileKind.OPTIMIZED) -> bytes:
        """A file of an image. No credentials are sent."""
        made, original = (
            (image.optimized_url, image.size_after),
            (image.origin_url, image.size_before),
        )
        link, size = made if kind is FileKind.OPTIMIZED else original
        try:
            if not link:
                raise NotFound(404, 404, "the server names no such file of this image")
            ask = partial(self._http.build_request, "GET", checked_link(self._url, link))
            data = await self._patiently("the download", ask, upload=False, limit=size or _LARGEST)
            if size and len(data) != size:
                raise TransportError(f"the download has {len(data)} bytes instead of {size}")
            if sniff(data[:HEAD_BYTES]) is None:
                raise TransportError("the download is neither an image nor a PDF")
        except BackendError as error:
            error.file = image.name
            raise
        return data

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

    async def _call(self, request: Request, part: FilePart | None = None) -> bytes:
        signed = outgoing.signed(request, self._auth)

        def ask() -> httpx.Request:
            body: dict[str, Any] = {"data": dict(signed.form)} if signed.form else {}
            if signed.upload:
                made = MultipartBody(signed.form, part)
                headers = {"Content-Type": made.content_type, "Content-Length": str(len(made))}
                body = {"content": _pieces(made), "headers": headers}
            return self._http.build_request(
                signed.method, self._url + signed.path, params=dict(signed.query), **body
            )

        what = f"{signed.method} {signed.path}"
        return await self._patiently(what, ask, upload=signed.upload, limit=_LARGEST)

    async def _patiently(
        self, what: str, ask: Callable[[], httpx.Request], *, upload: bool, limit: int
    ) -> bytes:
        for attempt in range(1, self._policy.attempts + 1):
            wait = self._policy.before(attempt)
            try:
                async with asyncio.timeout(self._policy.seconds(0)):
                    return await self._exchange(ask(), upload=upload, limit=limit)
            except SourceFault as fault:
                raise fault.error from fault.__cause__
            except ServiceUnavailable as error:
                wait = max(wait, error.retry_after)
                if attempt == self._policy.attempts or wait > self._policy.longest_pause:
                    raise
            except (httpx.TransportError, TimeoutError) as error:
                unreachable = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if attempt == self._policy.attempts or isinstance(error, TimeoutError):
                    told = f"{what}: {self._url}: {str(error) or type(error).__name__}"
                    raise TransportError(
                        told, lost=not unreachable, unreachable=unreachable
                    ) from None
            await asyncio.sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    async def _exchange(self, request: httpx.Request, *, upload: bool, limit: int) -> bytes:
        answer = await self._http.send(request, stream=True)
        try:
            sink = BytesIO()
            async for piece in answer.aiter_bytes(_PIECE):
                sink.write(piece)
                if sink.tell() > limit:
                    raise TransportError("the answer is larger than it may be")
            if answer.is_redirect:
                raise TransportError("the server redirects elsewhere; is IR_BUILD_API_URL right?")
            if answer.is_success:
                return sink.getvalue()
            error = errors.decode(answer.status_code, sink.getvalue(), upload=upload)
            if isinstance(error, ServiceUnavailable):
                error.retry_after = retry_after(answer.headers)
            raise error
        finally:
            await answer.aclose()


async def _pieces(body: MultipartBody) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(body.read, _PIECE):
        yield piece
