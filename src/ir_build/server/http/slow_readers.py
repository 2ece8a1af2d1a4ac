"""Connections whose clients read their answers too slowly, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

#: seconds in which a client must take what was sent, some 300 kB of a file: the next piece is read
#: from the storage only then
_SECONDS = 30.0


class SlowReaderProtocol(HttpToolsProtocol):
    """A connection that is cut when its client does not take what was written to it."""

    _cut_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_later()

    def resume_writing(self) -> None:
        self._forgive()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forgive()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_later()

    def timeout_keep_alive_handler(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection when what was written is sent, or when the time is over."""
        self.transport.close()
        self._cut_later()

    def _cut_later(self) -> None:
        self._forgive()
        self._cut_timer = self.loop.call_later(_SECONDS, self.transport.abort)

    def _forgive(self) -> None:
        if self._cut_timer is not None:
            self._cut_timer.cancel()
            self._cut_timer = None
