"""Files and zips on their way out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from ...formats import FORMATS, MediaType
from ...imagerecycle.wire import FileKind, incoming
from ..accounts.keyring import token_number
from ..errors import HttpError, not_found
from ..images import images
from ..storage.errors import MissingObject
from .form import path_number, read_caller
from .responses import token_kind

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.requests import Request
    from typing_extensions import Buffer

    from ..service import Service

_MOST_IN_A_ZIP = 1000
_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    # An SVG or a PDF from somebody else must not run anything in the name of this server.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


async def file_endpoint(service: Service, request: Request) -> Response:
    """`GET /images/:type/:token/:name`, without credentials: the token is enough.

    Pages of every origin may show the file, whole or in ranges.
    """
    kind = _kind(request)
    token = request.path_params["token"]
    number = token_number(token)
    if number is None:
        raise not_found()
    image = await service.run(images.by_token, service.database, number, service.now())
    if not service.keyring.opens(token, token_kind(kind), image.id, image.created):
        raise not_found()
    key, size = _object(image, kind)
    tag = f'"{token_kind(kind).value}-{image.result.digest[:16].hex()}"'
    headers = {
        **_SAFE,
        "Content-Length": str(size),
        "Content-Disposition": _attachment(image.filename),
        "Cache-Control": "private, max-age=3600, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }
    mime = FORMATS[MediaType(image.result.media)].mime
    if request.method == "HEAD":
        return Response(None, 200, headers, mime)
    asked = _asked_range(request.headers, tag, size)
    start, end = asked or (0, size)
    pieces = service.storage.read(key, start, end)
    try:
        first = await service.run(next, pieces, b"")
    except MissingObject:
        raise not_found() from None
    if asked:
        headers["Content-Length"] = str(end - start)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if asked else 200
    return StreamingResponse(_rest(service, first, pieces), status, headers, mime)


async def zip_endpoint(service: Service, request: Request) -> Response:
    """`GET /images/zip/:type/:ids`, of the caller's own images."""
    caller, _ = await read_caller(service, request)
    kind = _kind(request)
    numbers = incoming.identifiers(request.path_params["ids"])
    if numbers is None or len(numbers) > _MOST_IN_A_ZIP:
        raise not_found()
    now = service.now()
    found = await service.run(
        lambda: [images.own(service.database, caller, number, now) for number in numbers]
    )
    headers = {
        **_SAFE,
        "Content-Disposition": _attachment("images.zip"),
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    pieces = _zipped(service, kind, found)
    return StreamingResponse(_rest(service, b"", pieces), 200, headers, "application/zip")


async def first_page_endpoint(service: Service, request: Request) -> Response:
    """`GET /images/first-page/:type/:id`: a drawing of it, for a PDF of the caller's own."""
    caller, _ = await read_caller(service, request)
    kind = _kind(request)
    number = path_number(request)
    image = await service.run(images.own, service.database, caller, number, service.now())
    if image.result.media != MediaType.PDF:
        raise HttpError(400, "Only a PDF has pages that are drawn")
    png = await service.drawings.first_page(caller.id, *_object(image, kind))
    return Response(png, 200, {**_SAFE, "Cache-Control": "no-store"}, "image/png")


def _kind(request: Request) -> FileKind:
    try:
        return FileKind(request.path_params["kind"])
    except ValueError:
        raise not_found() from None


def _object(image: images.ImageRow, kind: FileKind) -> tuple[str, int]:
    if kind is FileKind.OPTIMIZED:
        return image.result.optimized, image.result.size_after
    return image.result.original, image.result.size_before


def _asked_range(headers: Headers, tag: str, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last, None for the whole file.

    See RFC 9110, section 14. `tag` is the file's ETag, `size` its bytes. Several ranges at once, another unit, or a
    range of another version get the whole file. Raises `HttpError` 416.
    """
    found = _RANGE.fullmatch(headers.get("range", ""))
    if found is None or headers.get("if-range", tag) != tag:
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        where = {"Content-Range": f"bytes */{size}"}
        raise HttpError(416, f"The file has {size} bytes: there are none there", headers=where)
    return start, end


async def _rest(service: Service, first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    while piece := await service.run(next, pieces, b""):
        yield piece


class _Sink(io.RawIOBase):
    """A file without positions, for the zip writer."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _zipped(service: Service, kind: FileKind, found: list[images.ImageRow]) -> Iterator[bytes]:
    sink = _Sink()
    names: set[str] = set()
    # The files are compressed already.
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_STORED) as archive:
        for image in found:
            entry = zipfile.ZipInfo(_distinct(image.filename, names))
            key, size = _object(image, kind)
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in service.storage.read(key, 0, size):
                    file.write(piece)
                    if data := sink.take():
                        yield data
    yield sink.take()


def _distinct(name: str, names: set[str]) -> str:
    """`name`, if need be with a number before its suffix, so that no two names of a zip are equal."""
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, ""
    candidate, count = name, 1
    while candidate.casefold() in names:
        count += 1
        candidate = f"{stem}-{count}{dot}{suffix}"
    names.add(candidate.casefold())
    return candidate


def _attachment(name: str) -> str:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
