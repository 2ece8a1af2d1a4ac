"""Encode and decode error answers: `{"errCode": int, "errMessage": str}`."""

from __future__ import annotations

from typing import Any

from ...errors import (
    ApiError,
    AuthenticationError,
    FileRejected,
    FileTooLarge,
    Forbidden,
    NotFound,
    QuotaExceeded,
    ServiceUnavailable,
)
from .coerce import lowered, number, parsed

_LONGEST = 300

_KINDS: dict[int, type[ApiError]] = {
    401: AuthenticationError,
    403: Forbidden,
    404: NotFound,
    413: FileTooLarge,
    429: ServiceUnavailable,
}
#: what the same status means as the answer to an upload
_UPLOAD_KINDS: dict[int, type[ApiError]] = {400: FileRejected, 403: QuotaExceeded}


def encode(status: int, message: str) -> dict[str, Any]:
    """The body of an error answer. No other answer may have a field `errCode`."""
    return {"errCode": status, "errMessage": message}


def decode(status: int, body: bytes, *, upload: bool = False) -> ApiError:
    """The error that an answer stands for; `upload` says that it answers one."""
    try:
        found = parsed(body)
    except ValueError:
        found = None
    fields = lowered(found) if isinstance(found, dict) else {}
    message = str(fields.get("errmessage") or "no reason given")[:_LONGEST]
    code = number(fields.get("errcode")) or status
    kind = ServiceUnavailable if status >= 500 else _KINDS.get(status, ApiError)
    if upload:
        kind = _UPLOAD_KINDS.get(status, kind)
    return kind(status, code, message)
