"""HTTP as uvicorn speaks it, with limits that uvicorn has not.

A connection that sends nothing, or half a head, is closed after a while, and a head has a largest
size. Requests that are not HTTP get an error in JSON like all others. A connection is cut when its
client reads the answer too slowly, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ...imagerecycle.wire.errors import encode
from ...imagerecycle.wire.responses import CONTENT_TYPE, dump

if TYPE_CHECKING:
    import asyncio


_HEAD_SECONDS = 10.0
#: seconds that a connection may stay without a byte
_SILENT_SECONDS = 60.0
#: seconds in which a client must take what was sent, some 300 kB of a file: the next piece is read
#: from the storage only then
_UNREAD_SECONDS = 30.0
_LARGEST_HEAD = 64 * 1024


class TimeoutProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._whole = True
        self._timer: asyncio.TimerHandle | None = None
        self._cut_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer(_SILENT_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._forgive()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_later()

    def resume_writing(self) -> None:
        self._forgive()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head:
            if self._head_bytes > _LARGEST_HEAD:
                self._refuse(431, "The head of the request is too large")
            elif self._timer is None and not self.transport.is_closing():
                self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._whole = False
        self._in_head = True
        self._stop_timer()  # that timer was for the silence before

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._whole = True
        if self.cycle.response_complete:
            self._in_head = True
            self._start_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_later()
        if not self._whole:
            # The request was refused before the end of its body. Some clients read the answer only
            # when they have sent everything, so they may go on for a while.
            self._start_timer()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def timeout_keep_alive_handler(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection when what was written is sent, or when the time is over."""
        self.transport.close()
        self._cut_later()

    def _cut_later(self) -> None:
        self._forgive()
        self._cut_timer = self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)

    def _forgive(self) -> None:
        if self._cut_timer is not None:
            self._cut_timer.cancel()
            self._cut_timer = None

    def _start_timer(self, seconds: float = _HEAD_SECONDS) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if not self._head_bytes:
            self.close()
            return
        self._refuse(408, "The request came too slowly")

    def _refuse(self, status: int, message: str) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            body = dump(encode(status, message))
            head = (
                f"HTTP/1.1 {status} \r\nContent-Type: {CONTENT_TYPE}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.close()
