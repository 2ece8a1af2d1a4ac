"""Read what a request says: fields from the query and from any kind of body, and a file.

A body is bounded in size and in time, and so are its fields in number and length. A file goes to a
spool, but only once its sender is known.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import RequestError
from ...imagerecycle.wire import incoming
from ..errors import HttpError, not_found, too_large
from ..storage.errors import StorageUnavailable
from ..storage.spool import IN_MEMORY, Spool
from .multipart import Event, Parser, PartBegin, PartEnd

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive

    from ..accounts.accounts import Caller
    from ..service import Service

#: bytes of all fields together
_LONGEST_FIELDS = 256 * 1024
#: bytes of a file that are taken before the field `auth` has come
_UNKNOWN_SENDER = 1_000_000
#: bytes that are still read of a refused request, and the seconds that this may take
_DRAINED = 64_000_000
_DRAIN_SECONDS = 30.0
#: seconds before the slowest permitted rate counts
_HEAD_START = 10.0


async def read_caller(service: Service, request: Request) -> tuple[Caller, dict[str, str]]:
    """Who makes a request without a file, and its fields. Raises `HttpError` and `RequestError`."""
    form = await read_form(service, request, None)
    form.close()
    return await service.authenticate(form.fields), form.fields


def path_number(request: Request) -> int:
    """The `id` in the path of a request. Raises `HttpError`."""
    number = incoming.identifier(request.path_params["id"])
    if number is None:
        raise not_found()
    return number


async def read_form(
    service: Service,
    request: Request,
    admit: Callable[[Mapping[str, str]], Awaitable[object]] | None,
) -> Form:
    """The fields of a request, and its file. `admit` is called before the file goes to the disk.

    Without `admit` a file is passed over. Raises `HttpError` and `RequestError`.
    """
    headers = request.headers
    form = Form(service, _asked(request), admit)
    kind, declared = headers.get("content-type", ""), headers.get("content-length", "")
    if declared in ("", "0") and not headers.get("transfer-encoding"):
        return form
    multipart = kind.lower().lstrip().startswith("multipart/")
    most = _LONGEST_FIELDS + (service.settings.max_file_size if multipart and admit else 0)
    body = _Body(request.receive, service, most, int(declared) if declared.isdigit() else 0)
    try:
        if multipart:
            parser = Parser(kind)
            async for piece in body.pieces():
                await form.take(parser.feed(piece))
            await form.take(parser.finish())
        else:
            data = b"".join([piece async for piece in body.pieces()])
            form.fields |= incoming.fields("", kind, data)
    except BaseException as error:
        form.close()
        slow = isinstance(error, HttpError) and error.status == 408
        if isinstance(error, (HttpError, RequestError, StorageUnavailable)) and not slow:
            await body.drain()
        raise
    return form


@dataclass(slots=True)
class Form:
    """What a request said."""

    _service: Service
    fields: dict[str, str]
    _admit: Callable[[Mapping[str, str]], Awaitable[object]] | None
    filename: str = ""  #: as it was sent
    file: Spool | None = None
    _admitted: bool = False
    _part: PartBegin | None = None
    _spool: Spool | None = None
    _value: bytearray = field(default_factory=bytearray)
    _length: int = 0

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()

    async def take(self, events: Iterator[Event]) -> None:
        """Add what the parser of a multipart body has found."""
        for event in events:
            if isinstance(event, memoryview):
                await self._data(event)
            elif isinstance(event, PartBegin):
                self._begin(event)
            elif isinstance(event, PartEnd):
                self._end()

    def _begin(self, part: PartBegin) -> None:
        self._part = part
        self._value = bytearray()
        if self._admit and self.file is None and _is_file(part):
            self._spool = self.file = Spool(self._service.storage.incoming)
            self.filename = part.filename or ""

    async def _data(self, data: memoryview) -> None:
        if self._spool is None:
            self._length += len(data)
            if self._length > _LONGEST_FIELDS:
                raise RequestError("the fields are too long")
            self._value += data
            return
        size = self._spool.size + len(data)
        if size > self._service.settings.max_file_size:
            raise too_large(self._service.settings.max_file_size)
        if size > IN_MEMORY and not self._admitted and self._admit:
            if "auth" in self.fields:
                await self._admit(self.fields)
                self._admitted = True
            elif size > _UNKNOWN_SENDER:
                raise HttpError(401, "The field auth must come before a file as large as this")
        self._spool.write(data)

    def _end(self) -> None:
        if self._spool is not None:
            if not self._spool.size and not self.filename:
                # A browser sends this for a field in which no file was chosen.
                self.file = None
            self._spool = None
        elif self._part is not None and not _is_file(self._part):
            self.fields[self._part.name] = self._value.decode("utf-8", "replace")


def _is_file(part: PartBegin) -> bool:
    return part.filename is not None or part.name == "file"


@dataclass(slots=True)
class _Body:
    """A body that comes in time and is no longer than `_most` bytes."""

    _receive: Receive
    _service: Service
    _most: int
    _declared: int  #: bytes, 0 when it was not said
    _more: bool = True

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its pieces as they come. Raises `HttpError`."""
        if self._declared > self._most:
            raise too_large(self._service.settings.max_file_size)
        started = time.monotonic()
        size = 0
        while self._more:
            piece = await self._piece()
            size += len(piece)
            if size > self._most:
                raise too_large(self._service.settings.max_file_size)
            seconds = time.monotonic() - started - _HEAD_START
            if seconds > 0 and size < seconds * self._service.settings.body_rate:
                raise _too_slow()
            if piece:
                yield piece

    async def drain(self) -> None:
        """Read on, within reason. Many clients look for an answer only after their last byte."""
        until = time.monotonic() + _DRAIN_SECONDS
        left = _DRAINED
        with contextlib.suppress(HttpError):
            while self._more and left > 0 and time.monotonic() < until:
                left -= len(await self._piece())

    async def _piece(self) -> bytes:
        try:
            async with asyncio.timeout(self._service.settings.body_idle):
                message = await self._receive()
        except TimeoutError:
            self._more = False
            raise _too_slow() from None
        if message["type"] == "http.disconnect":
            self._more = False
            raise HttpError(400, "The connection was closed before the whole request had come")
        self._more = message.get("more_body", False)
        return bytes(message.get("body", b""))


def _asked(request: Request) -> dict[str, str]:
    """The fields that stand before the body: in the query, and `auth` in a header of ours.

    `Authorization: IR BASE64` is for browsers. They send no body with GET, and credentials should
    not stand in an address.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    fields = incoming.fields(request.scope["query_string"].decode("latin-1"))
    if scheme.lower() == "ir" and "auth" not in fields:
        with contextlib.suppress(ValueError):  # no credentials, then
            fields["auth"] = base64.b64decode(text, validate=True).decode()
    return fields


def _too_slow() -> HttpError:
    return HttpError(408, "The request came too slowly", headers={"Connection": "close"})
