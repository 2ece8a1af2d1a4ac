"""The log: one JSON object a line on the standard error stream, without any secret."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

REQUESTS = "ir_build.server.requests"
#: seconds that a line may wait if it tells of no trouble
_SECONDS = 0.1

# Credentials in any spelling, and whatever looks like a secret or a download token.
_AUTH = re.compile(r"(auth|secret|password)(\W{1,12})[^\s\"'&,}]+", re.IGNORECASE)
_SECRET = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_USER = re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+@")


@functools.lru_cache(maxsize=64)  # most lines have the same text
def redacted(text: str) -> str:
    """`text` without secrets, tokens and passwords."""
    text = _USER.sub(r"\1***@", text)
    return _SECRET.sub("***", _AUTH.sub(r"\1\2***", text))


def configure() -> None:
    """Have everything that is logged in this process come out as JSON."""
    handler = _Gathering(sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # It would log the addresses of requests, with their queries.
    logging.getLogger("uvicorn.access").disabled = True
    # No line shows these, so they are not looked up (see Python's logging HOWTO).
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class _Gathering(logging.StreamHandler[TextIO]):
    """Writes the lines of an event loop a few times a second, and trouble at once.

    A write waits for the system and then for the interpreter, which a thread has taken. Writing each
    line at once, and looking counters up (see `Metrics`), took a quarter more CPU time for an upload of
    100 kB.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._due = False

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record) + self.terminator)
        if record.levelno <= logging.INFO:
            with contextlib.suppress(RuntimeError):  # not on an event loop
                loop = asyncio.get_running_loop()
                if not self._due:
                    self._due = True
                    loop.call_later(_SECONDS, self.flush)
                return
        self.flush()

    def flush(self) -> None:
        with self.lock or contextlib.nullcontext():
            self._due = False
            lines, self._lines = self._lines, []
            try:
                self.stream.write("".join(lines))
                self.stream.flush()
            except (OSError, ValueError):  # nobody reads it any more
                pass


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": redacted(record.getMessage()),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["trace"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line)
