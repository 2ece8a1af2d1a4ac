"""Encode and decode error answers: `{"errCode": int, "errMessage": str}`."""

from __future__ import annotations

from typing import Any

from ... import errors
from .coerce import lowered, number, parsed

_LONGEST = 300

_KINDS: dict[int, type[errors.ApiError]] = {
    401: errors.AuthenticationError,
    403: errors.Forbidden,
    404: errors.NotFound,
    413: errors.FileTooLarge,
    429: errors.ServiceUnavailable,
}
#: what the same status means as the answer to an upload
_UPLOAD_KINDS: dict[int, type[errors.ApiError]] = {
    400: errors.FileRejected,
    403: errors.QuotaExceeded,
}


def encode(status: int, message: str) -> dict[str, Any]:
    """The body of an error answer. No other answer may have a field `errCode`."""
    return {"errCode": status, "errMessage": message}


def decode(status: int, body: bytes, *, upload: bool = False) -> errors.ApiError:
    """The error that an answer stands for; `upload` says that it answers one."""
    try:
        found = parsed(body)
    except ValueError:
        found = None
    fields = lowered(found) if isinstance(found, dict) else {}
    message = str(fields.get("errmessage") or "no reason given")[:_LONGEST]
    code = number(fields.get("errcode")) or status
    kind = errors.ServiceUnavailable if status >= 500 else _KINDS.get(status, errors.ApiError)
    if upload:
        kind = _UPLOAD_KINDS.get(status, kind)
    return kind(status, code, message)
