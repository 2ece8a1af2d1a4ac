"""Read what a request says: fields from the query and from any kind of body, and a file.

A body is bounded in size and in time, fields in number and length; a file goes to a spool, and
nobody's is taken before its sender is known.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ...errors import RequestError
from ...imagerecycle.wire import incoming
from ..errors import HttpError
from ..storage.errors import StorageUnavailable
from ..storage.spool import IN_MEMORY, Spool
from .multipart import Parser, PartBegin, PartEnd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from starlette.types import Receive, Scope

    from ..body_limits import Limits
    from .multipart import Event

_R = TypeVar("_R")
#: bytes of all fields together
_LONGEST_FIELDS = 256 * 1024
#: bytes of a file that are taken before the field `auth` has come
_UNKNOWN_SENDER = 1_000_000
#: what is read, and for how many seconds, of a request that is refused already
_DRAINED = 64_000_000
_DRAIN_SECONDS = 30.0
#: seconds before the slowest permitted rate counts
_HEAD_START = 10.0


@dataclass(slots=True)
class Form:
    """What a request said."""

    fields: dict[str, str]
    filename: str = ""  #: as it was sent
    file: Spool | None = None

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()


def content_type(scope: Scope) -> str:
    """The Content-Type of a request, as it was sent."""
    return _header(scope, b"content-type")


async def read_fields(scope: Scope, receive: Receive, limits: Limits) -> dict[str, str]:
    """The fields of a request that brings no file. Raises `HttpError` and `RequestError`."""
    form = await read_form(scope, receive, limits, None)
    form.close()
    return form.fields


async def read_form(
    scope: Scope,
    receive: Receive,
    limits: Limits,
    admit: Callable[[Mapping[str, str]], Awaitable[object]] | None,
) -> Form:
    """The fields of a request, and its file; `admit` is called before that goes to the disk.

    Without `admit` a file is passed over. Raises `HttpError` and `RequestError`.
    """
    asked = _asked(scope)
    kind = content_type(scope)
    declared = _header(scope, b"content-length")
    if declared in ("", "0") and not _header(scope, b"transfer-encoding"):
        return Form(asked)
    multipart = kind.lower().lstrip().startswith("multipart/")
    most = _LONGEST_FIELDS + (limits.file_size if multipart and admit else 0)
    body = _Body(receive, limits, most)
    try:
        if declared.isdigit() and int(declared) > most:
            raise _too_large(limits)
        if multipart:
            return await _multipart(body, kind, _FormReader(asked, limits, admit))
        data = b"".join([piece async for piece in body.pieces()])
        return Form(asked | incoming.fields("", kind, data))
    except (HttpError, RequestError, StorageUnavailable) as error:
        if not (isinstance(error, HttpError) and error.status == 408):
            await body.drain()
        raise
    finally:
        body.close()


async def _multipart(body: _Body, kind: str, reader: _FormReader) -> Form:
    try:
        parser = Parser(kind)
        async for piece in body.pieces():
            await reader.take(parser.feed(piece))
        await reader.take(parser.finish())
    except BaseException:
        reader.form.close()
        raise
    return reader.form


@dataclass(slots=True)
class _FormReader:
    """Turns the events of a multipart body into a form."""

    fields: dict[str, str]
    limits: Limits
    admit: Callable[[Mapping[str, str]], Awaitable[object]] | None
    form: Form = field(init=False)
    _admitted: bool = False
    _part: PartBegin | None = None
    _spool: Spool | None = None
    _value: bytearray = field(default_factory=bytearray)
    _length: int = 0

    def __post_init__(self) -> None:
        self.form = Form(self.fields)

    async def take(self, events: Iterator[Event]) -> None:
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
        if self.admit and self.form.file is None and _is_file(part):
            self._spool = self.form.file = Spool(self.limits.folder)
            self.form.filename = part.filename or ""

    async def _data(self, data: memoryview) -> None:
        if self._spool is None:
            self._length += len(data)
            if self._length > _LONGEST_FIELDS:
                raise RequestError("the fields are too long")
            self._value += data
            return
        size = self._spool.size + len(data)
        if size > self.limits.file_size:
            raise _too_large(self.limits)
        if size > IN_MEMORY and not self._admitted and self.admit:
            if "auth" in self.fields:
                await self.admit(self.fields)
                self._admitted = True
            elif size > _UNKNOWN_SENDER:
                raise HttpError(401, "The field auth must come before a file as large as this")
        self._spool.write(data)

    def _end(self) -> None:
        if self._spool is not None:
            if not self._spool.size and not self.form.filename:
                # A browser sends this for a field in which no file was chosen.
                self.form.file = None
            self._spool = None
        elif self._part is not None and not _is_file(self._part):
            self.fields[self._part.name] = self._value.decode("utf-8", "replace")


def _is_file(part: PartBegin) -> bool:
    return part.filename is not None or part.name == "file"


class _Body:
    """A body that comes in time and is no longer than `most` bytes."""

    def __init__(self, receive: Receive, limits: Limits, most: int) -> None:
        self._receive = receive
        self._limits = limits
        self._most = most
        self._more = True
        self._timeout = _BodyTimeout(limits.idle)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its pieces as they come. Raises `HttpError`."""
        started = time.monotonic()
        size = 0
        while self._more:
            piece = await self._piece()
            size += len(piece)
            if size > self._most:
                raise _too_large(self._limits)
            seconds = time.monotonic() - started - _HEAD_START
            if seconds > 0 and size < seconds * self._limits.rate:
                raise _too_slow()
            if piece:
                yield piece

    async def drain(self) -> None:
        """Read on, within reason: many clients look for an answer only after their last byte."""
        until = time.monotonic() + _DRAIN_SECONDS
        left = _DRAINED
        with contextlib.suppress(HttpError):
            while self._more and left > 0 and time.monotonic() < until:
                left -= len(await self._piece())

    def close(self) -> None:
        """Nothing is waited for any more."""
        self._timeout.close()

    async def _piece(self) -> bytes:
        try:
            message = await self._timeout.wait(self._receive())
        except TimeoutError:
            self._more = False
            raise _too_slow() from None
        if message["type"] == "http.disconnect":
            self._more = False
            raise HttpError(400, "The connection was closed before the whole request had come")
        self._more = message.get("more_body", False)
        return bytes(message.get("body", b""))


class _BodyTimeout:
    """What `asyncio.timeout` is for one wait, for all waits of a task, with one timer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._until = math.inf
        self._over = False

    async def wait(self, work: Awaitable[_R]) -> _R:
        """What `work` gives, within the seconds. Raises `TimeoutError`."""
        self._until = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._look)
        try:
            return await work
        except asyncio.CancelledError:
            if self._over and self._task and not self._task.uncancel():
                raise TimeoutError from None
            raise
        finally:
            self._until = math.inf

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._until <= self._loop.time():
            self._over = True
            if self._task is not None:
                self._task.cancel()
        elif self._until < math.inf:
            self._timer = self._loop.call_at(self._until, self._look)


def _asked(scope: Scope) -> dict[str, str]:
    """The fields that stand before the body: in the query, and `auth` in a header of ours.

    `Authorization: IR BASE64` is for browsers, which send no body with GET, and should not have
    credentials in an address.
    """
    scheme, _, text = _header(scope, b"authorization").partition(" ")
    fields = incoming.fields(scope["query_string"].decode("latin-1"))
    if scheme.lower() == "ir" and "auth" not in fields:
        with contextlib.suppress(ValueError):  # no credentials, then
            fields["auth"] = base64.b64decode(text, validate=True).decode()
    return fields


def _header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


def _too_large(limits: Limits) -> HttpError:
    return HttpError(400, f"The file is larger than {limits.file_size} bytes")


def _too_slow() -> HttpError:
    return HttpError(408, "The request came too slowly", headers={"Connection": "close"})
