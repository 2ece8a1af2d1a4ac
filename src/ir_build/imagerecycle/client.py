"""A client of the API: one method for every call, for one account on one server."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from .. import atomic
from ..errors import ApiError, BackendError, FileTooLarge, NotFound, QuotaExceeded, TransportError
from ..formats import HEAD_BYTES, sniff
from .credentials import required
from .folder import compress_folder
from .multipart import FilePart
from .retry_policy import RetryPolicy
from .transport import Transport
from .upload_job import UploadJob, upload_params
from .wire import Auth, FileKind, SubAccountFields, UploadParams, outgoing, responses
from .wire.outgoing import Request

if TYPE_CHECKING:
    from .credentials import Credentials
    from .folder import FileResult
    from .multipart import Upload
    from .wire import Account, Consumption, Image, ImagePage, SubAccount

#: how many connections a client keeps open; as many calls at once need no new one
CONNECTIONS = 16

_DEFAULT = UploadParams()
_LARGEST = 2**30  #: bytes of a file whose size the server does not say


class Client:
    """Speaks for one account to one server. A process can have any number of clients.

    Several threads may call its methods. All of them raise `BackendError`; `TransportError` and
    `ServiceUnavailable` come after several attempts.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        connections: int = CONNECTIONS,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """`connections` are kept open between calls; `retry_policy` says how long it waits."""
        self._auth = Auth(credentials.key, credentials.secret)
        self._transport = Transport(
            credentials.url, connections=connections, retry_policy=retry_policy or RetryPolicy()
        )
        #: the address of the API
        self.url = self._transport.url
        #: scheme, host and port of the server
        self.origin = self._transport.origin
        #: uploads that may have been charged although their answers were lost
        self.doubtful = 0
        self._lock = threading.Lock()
        self._file_max_size: int | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """A client with the credentials of the environment, the file or the keyring.

        Raises `ConfigError` when there are none.
        """
        return cls(required(environ))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def account(self) -> Account:
        """The account's quota and limits."""
        account = responses.decode_account(self._call(Request("GET", "/accounts/mine")))
        self._file_max_size = account.file_max_size
        return account

    def consumption(self) -> Consumption:
        """What the account has sent, by day and by month."""
        return responses.decode_consumption(
            self._call(Request("GET", "/accounts/mine/consumption"))
        )

    def sub_accounts(self) -> tuple[SubAccount, ...]:
        """The accounts below this one. A sub-account may not ask: `Forbidden`."""
        return responses.decode_sub_accounts(self._call(Request("GET", "/accounts/sub")))

    def sub_account(self, identifier: int) -> SubAccount:
        """One account below this one."""
        return self._sub_account(Request("GET", f"/accounts/sub/{identifier}"))

    def create_sub_account(
        self, title: str, *, description: str | None = None, quota: int | None = None
    ) -> SubAccount:
        """A new account below this one; `quota` is in bytes a period, 0 for no limit of its own.

        When the answer is lost, the call is not repeated, since that might make two accounts.
        """
        fields = SubAccountFields(title, description, quota)
        return self._sub_account(outgoing.create_sub_account(fields), once=True)

    def edit_sub_account(
        self,
        identifier: int,
        *,
        title: str | None = None,
        description: str | None = None,
        quota: int | None = None,
    ) -> SubAccount:
        """Change what is not None."""
        fields = SubAccountFields(title, description, quota)
        return self._sub_account(outgoing.edit_sub_account(identifier, fields))

    def delete_sub_account(self, identifier: int) -> None:
        """Delete an account below this one."""
        self._delete(Request("DELETE", f"/accounts/sub/{identifier}"))

    def reset_secret(self, identifier: int) -> SubAccount:
        """Give an account below this one a new secret; the old one is dead."""
        return self._sub_account(Request("PUT", f"/accounts/sub/reset_secret/{identifier}"))

    def reset_quota(self, identifier: int) -> SubAccount:
        """Forget what an account below this one has used in this period."""
        return self._sub_account(Request("PUT", f"/accounts/sub/reset_quota/{identifier}"))

    def image_page(self, offset: int = 0, limit: int = 30) -> ImagePage:
        """One page of the account's images, newest first."""
        return responses.decode_image_page(self._call(outgoing.list_images(offset, limit)))

    def images(self, *, page_size: int = 30) -> Iterator[Image]:
        """All images of the account, newest first; pages are asked for as they are needed."""
        offset = 0
        seen: set[int] = set()
        while True:
            page = self.image_page(offset, page_size)
            for image in page.items:
                # An upload meanwhile moves images on to the next page.
                if image.id not in seen:
                    seen.add(image.id)
                    yield image
            following = offset + len(page.items)
            if page.next is not None:
                following = page.next.offset
            elif following >= page.total:
                return
            if not page.items or following <= offset:
                return
            offset = following

    def image(self, identifier: int) -> Image:
        """One image."""
        return responses.decode_image(self._call(Request("GET", f"/images/{identifier}")))

    def delete_image(self, identifier: int) -> None:
        """Delete an image and its files."""
        self._delete(Request("DELETE", f"/images/{identifier}"))

    def delete_all_images(self, *, confirm: bool) -> None:
        """Delete all images of the account; nothing brings them back.

        Raises ValueError unless `confirm` is true.
        """
        if confirm is not True:
            raise ValueError("confirm=True deletes every image of the account")
        try:
            self._delete(Request("DELETE", "/images/all"))
        except ApiError as error:
            if error.status not in (400, 404, 405):
                raise
            self._delete(Request("DELETE", "/images"))  # some servers have it there only

    def upload(
        self, source: Upload, *, name: str | None = None, params: UploadParams = _DEFAULT
    ) -> Image:
        """Send a file and have it compressed. It is read while it is sent, never as a whole.

        `source` is a path, a file's bytes or a file open for reading. Raises `Unreadable`, and
        `FileTooLarge` without sending anything, if `account` was called before.
        """
        part = FilePart.of(source, name)
        with contextlib.closing(part), _about(part.name):
            limit = self._file_max_size
            if limit is not None and part.size > limit:
                raise FileTooLarge(413, 413, f"{part.size} bytes, the server takes {limit}")
            return self._upload(outgoing.upload(params), part)

    def upload_url(self, url: str, *, params: UploadParams = _DEFAULT) -> Image:
        """Have the server fetch a file and compress it."""
        return self._upload(outgoing.upload(params, url=url), None)

    def download(
        self, image: Image, *, kind: FileKind = FileKind.OPTIMIZED, limit: int | None = None
    ) -> bytes:
        """A file of an image, at most `limit` bytes. No credentials are sent."""
        sink = BytesIO()
        self.fetch(image, sink, kind=kind, limit=limit)
        return sink.getvalue()

    def fetch(
        self,
        image: Image,
        sink: BinaryIO,
        *,
        kind: FileKind = FileKind.OPTIMIZED,
        limit: int | None = None,
    ) -> None:
        """Write a file of an image to `sink`, which is open for reading and writing."""
        optimized = kind is FileKind.OPTIMIZED
        link = image.optimized_url if optimized else image.origin_url
        size = image.size_after if optimized else image.size_before
        start = sink.tell()
        with _about(image.name):
            if not link:
                raise NotFound(404, 404, "the server names no such file of this image")
            self._transport.fetch(link, sink, limit=limit or size or _LARGEST)
            found = sink.tell() - start
            if size and found != size:
                raise TransportError(f"the download has {found} bytes instead of {size}")
            sink.seek(start)
            if sniff(sink.read(HEAD_BYTES)) is None:
                raise TransportError("the download is neither an image nor a PDF")
        sink.seek(0, os.SEEK_END)

    def download_to(
        self, image: Image, path: str | os.PathLike[str], *, kind: FileKind = FileKind.OPTIMIZED
    ) -> None:
        """Put a file of an image to `path`, in one step once it is there whole.

        Raises `Unreadable` when it cannot be written.
        """
        with atomic.writing(Path(path)) as file:
            self.fetch(image, file, kind=kind)

    def zip_to(
        self,
        identifiers: Iterable[int],
        path: str | os.PathLike[str],
        *,
        kind: FileKind = FileKind.OPTIMIZED,
    ) -> None:
        """Put a zip of the files of several images to `path`, in one step.

        Raises `Unreadable` when it cannot be written.
        """
        request = outgoing.signed(outgoing.get_zip(kind, identifiers), self._auth)
        with atomic.writing(Path(path)) as file:
            self._transport.stream(request, file)
            file.seek(0)
            if file.read(4) not in (b"PK\3\4", b"PK\5\6"):
                raise TransportError("what the server sent is not a zip file")

    def compress(
        self,
        source: Upload,
        *,
        name: str | None = None,
        lossless: bool = False,
        resize: tuple[int | None, int | None] | None = None,
        preserve_metas: str | Iterable[str] = (),
    ) -> UploadJob:
        """The short form: `client.compress("a.png").to_file("b.png")`.

        `resize` is a box of width and height in pixels, of which one may be None. Nothing is sent
        before the result is asked for. Raises ValueError for a box or metadata that make no sense.
        """
        params = upload_params(lossless=lossless, resize=resize, preserve_metas=preserve_metas)
        return UploadJob(partial(self.upload, source, name=name, params=params), self.fetch)

    def compress_folder(
        self,
        folder: str | os.PathLike[str],
        out: str | os.PathLike[str],
        *,
        concurrency: int = CONNECTIONS,
        progress: Callable[[int, int], object] | None = None,
        lossless: bool = False,
        resize: tuple[int | None, int | None] | None = None,
        preserve_metas: str | Iterable[str] = (),
    ) -> list[FileResult]:
        """Compress the images and PDFs below `folder` into `out`, which may be the same.

        `concurrency` files are under way at once; `progress` is called with how many are done and
        how many there are. What fails is in the results, which are in the order of their paths;
        after an error that concerns the account nothing more is sent.
        """
        params = upload_params(lossless=lossless, resize=resize, preserve_metas=preserve_metas)
        return compress_folder(
            partial(self.upload, params=params), self.fetch, Path(folder), Path(out),
            concurrency=concurrency, progress=progress,
        )  # fmt: skip

    def _call(self, request: Request, *, once: bool = False) -> bytes:
        return self._transport.call(outgoing.signed(request, self._auth), once=once)[0]

    def _sub_account(self, request: Request, *, once: bool = False) -> SubAccount:
        return responses.decode_sub_account(self._call(request, once=once))

    def _delete(self, request: Request) -> None:
        try:
            responses.decode_success(self._call(request))
        except NotFound as error:
            # An earlier attempt has deleted it, but its answer did not arrive.
            if not error.lost:
                raise

    def _upload(self, request: Request, part: FilePart | None) -> Image:
        try:
            body, lost = self._transport.call(outgoing.signed(request, self._auth), part=part)
        except QuotaExceeded as error:
            with contextlib.suppress(BackendError):
                account = self.account()
                error.used, error.quota = account.quota_used, account.quota
            raise
        except TransportError as error:
            if error.lost:
                self._doubt()
                raise TransportError(
                    f"{error.message}; it may have been charged all the same", lost=True
                ) from None
            raise
        if lost:
            self._doubt()
        return responses.decode_image(body, upload=True)

    def _doubt(self) -> None:
        with self._lock:
            self.doubtful += 1


@contextlib.contextmanager
def _about(name: str) -> Iterator[None]:
    """Errors of the block name the file."""
    try:
        yield
    except BackendError as error:
        error.file = name
        raise
