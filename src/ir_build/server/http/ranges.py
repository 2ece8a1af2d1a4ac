"""Which part of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import HttpError

if TYPE_CHECKING:
    from starlette.datastructures import Headers

_ONE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


def asked_range(headers: Headers, tag: str, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last, None for the whole file.

    `tag` is the file's ETag, `size` its bytes. Several ranges at once, another unit, or a
    range of another version get the whole file. Raises `HttpError` 416.
    """
    found = _ONE.fullmatch(headers.get("range", ""))
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
