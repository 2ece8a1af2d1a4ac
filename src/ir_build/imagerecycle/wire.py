"""Encode requests and decode answers of the API, with no socket in sight.

Lenient as real servers need it: both documented generations of a shape, numbers as text, `errCode`
in any case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import (
    ApiError,
    AuthenticationError,
    FileTooLarge,
    QuotaExceeded,
    ServiceUnavailable,
    TransportError,
)
from ..options import Compression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..options import Options
    from .credentials import Credentials


@dataclass(frozen=True, slots=True)
class Account:
    """The account's limits."""

    quota_used: int  #: bytes sent in this period
    quota_allowed: int  #: bytes; 0 or less: no limit
    file_max_size: int  #: bytes; 0: not said

    @property
    def quota_left(self) -> int | None:
        """Bytes that can still be sent, None for no limit."""
        return None if self.quota_allowed <= 0 else max(0, self.quota_allowed - self.quota_used)


@dataclass(frozen=True, slots=True)
class Image:
    """An uploaded and compressed file."""

    id: int
    size_before: int  #: bytes
    size_after: int  #: bytes
    optimized_url: str


def auth(credentials: Credentials) -> str:
    """The value of the field `auth`."""
    return json.dumps({"key": credentials.key, "secret": credentials.secret})


def params(options: Options) -> str:
    """The value of the field `params`."""
    lossless = options.compression_type is Compression.LOSSLESS
    found: dict[str, Any] = {"compression_type": "lossless" if lossless else "lossy"}
    if options.resize is not None:
        box = {"width": options.resize.width, "height": options.resize.height}
        found["resize"] = {side: pixels for side, pixels in box.items() if pixels}
    if options.preserve_metas:
        found["preserve_metas"] = sorted(options.preserve_metas)
    return json.dumps(found)


def account(body: bytes) -> Account:
    """Decode the answer to `GET /accounts/mine`. Raises `TransportError`."""
    found = _mapping(body)
    size = found.get("file_max_size", found.get("quota_file_max_size"))
    return Account(
        _number(found.get("quota_current")), _number(found.get("quota_allowed")), _number(size)
    )


def image(body: bytes) -> Image:
    """Decode an uploaded image. Raises `TransportError`."""
    found = _mapping(body)
    url = found.get("optimized_url")
    if not isinstance(url, str) or not url:
        raise TransportError("the server's answer to the upload names no file to download")
    return Image(
        _number(found.get("id")),
        _number(found.get("size_before")),
        _number(found.get("size_after")),
        url,
    )


def error(status: int, body: bytes) -> ApiError:
    """The error that an answer other than success stands for."""
    try:
        found = {str(name).lower(): value for name, value in json.loads(body).items()}
    except (ValueError, AttributeError):
        found = {}
    message = str(found.get("errmessage") or "no reason given")[:300]
    code = _number(found.get("errcode")) or status
    kind: type[ApiError] = ApiError
    if status == 401:
        kind = AuthenticationError
    elif status == 403:
        kind = QuotaExceeded
    elif status == 413:
        kind = FileTooLarge
    elif status == 429 or status >= 500:
        kind = ServiceUnavailable
    return kind(status, code, message)


def _mapping(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TransportError("the server's answer is not JSON: is IR_BUILD_API_URL right?")
    if any(name.lower() == "errcode" for name in found):
        lower = {name.lower(): value for name, value in found.items()}
        raise error(_number(lower["errcode"]) or 400, body)
    return found


def _number(value: Any) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return 0
