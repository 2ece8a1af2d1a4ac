"""The log: one JSON object a line on the standard error stream, without any secret."""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
from datetime import UTC, datetime

REQUESTS = "ir_build.server.requests"

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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # It would log the addresses of requests, with their queries.
    logging.getLogger("uvicorn.access").disabled = True
    # No line shows these, so they are not looked up (see Python's logging HOWTO).
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


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
