"""Decode requests as a server gets them, and tolerate everything that clients are known to send.

A request that cannot be understood raises a `RequestError`. Its message is for the sender.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ...errors import RequestError
from ...options import Compression, Meta, Resize
from . import DEFAULT_LIMIT, MAX_LIMIT, Auth, SubAccountFields, UploadParams
from .coerce import listed, lowered, number, parsed, text

_MOST_FIELDS = 100
_LARGEST_ID = 2**63 - 1
_LARGEST_SIDE = 1_000_000
_LONGEST_NAME = 200
_COMPRESSIONS = {one.value: one for one in (Compression.LOSSY, Compression.LOSSLESS)}
_METAS = {meta.value: meta for meta in Meta}
_IDENTIFIER = re.compile(r"\d{1,19}", re.ASCII)
# JSON can spell both, but UTF-8 has no surrogates, and PostgreSQL stores no NUL.
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class UploadFields:
    """What an upload says beside its file."""

    params: UploadParams
    url: str | None  #: where to fetch the file; a file that is sent has precedence


_NOTHING_SAID = UploadFields(UploadParams(), None)


def fields(query: str, content_type: str = "", body: bytes = b"") -> dict[str, str]:
    """The fields of a request that is not multipart; those of the body win.

    A body is url-encoded, with any method, and may hold JSON that is not escaped. Or it is a JSON
    object, whose values become JSON text if they are not text. Raises `RequestError`.
    """
    found = urlencoded(query)
    if body.strip():
        # curl calls every body a form, even a JSON object.
        if "json" in content_type.lower() or body.lstrip()[:1] == b"{":
            found.update(_json_fields(body))
        else:
            found.update(urlencoded(body.decode("utf-8", "replace")))
    return found


def urlencoded(line: str) -> dict[str, str]:
    """The fields of a query or of a url-encoded body. Of several with one name, the last counts."""
    if not line:
        return {}
    try:
        pairs = parse_qsl(line, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RequestError(f"more than {_MOST_FIELDS} fields") from None
    return dict(pairs)


def auth(found: Mapping[str, str]) -> Auth | None:
    """The credentials in a request's fields, None when there are none that can be read."""
    try:
        value = parsed(unquoted(found.get("auth", "")))
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    value = lowered(value)
    key, secret = text(value.get("key")), text(value.get("secret"))
    if not key or not secret or not is_text(key + secret):
        return None
    return Auth(key, secret)


def page(found: Mapping[str, str]) -> tuple[int, int]:
    """Offset and limit of a list of images. Anything else than such a number is the default."""
    offset, limit = number(found.get("offset")), number(found.get("limit"))
    if offset is None or not 0 <= offset <= _LARGEST_ID:
        offset = 0
    if limit is None or limit < 1:
        limit = DEFAULT_LIMIT
    return offset, min(limit, MAX_LIMIT)


def sub_account(found: Mapping[str, str]) -> SubAccountFields:
    """What is to be set of a sub-account. Raises `RequestError`."""
    quotas = {
        _quota(name, found[name]) for name in ("quota", "monthly_quota") if found.get(name, "")
    }
    if len(quotas) > 1:
        raise RequestError("quota and monthly_quota differ: give one of them")
    title, description = found.get("title"), found.get("description")
    return SubAccountFields(
        None if title is None else unquoted(title),
        None if description is None else unquoted(description),
        quotas.pop() if quotas else None,
    )


def upload(found: Mapping[str, str]) -> UploadFields:
    """What an upload says beside its file. Raises `RequestError`."""
    if not found.keys() & {"params", "url"}:
        return _NOTHING_SAID
    outer = _loose_object("params", found.get("params", ""))
    inner = outer
    if "params" in outer:  # older clients: {"params": {...}, "url": "..."}
        value = outer["params"]
        inner = _loose_object("params", value if isinstance(value, str) else json.dumps(value))
    url = unquoted(found.get("url", "")) or text(outer.get("url"))
    return UploadFields(_params(inner), url.strip() or None)


def identifier(segment: str) -> int | None:
    """The id in a path, None when it is none: digits only, no more than a database can hold."""
    if _IDENTIFIER.fullmatch(segment) is None or int(segment) > _LARGEST_ID:
        return None
    return int(segment)


def identifiers(segment: str) -> tuple[int, ...] | None:
    """The ids in the path of a zip, each once, in their order. None when one of them is no id."""
    found = [identifier(part.strip()) for part in segment.split(",") if part.strip()]
    known = tuple(dict.fromkeys(one for one in found if one is not None))
    return known if known and None not in found else None


def base_name(name: str) -> str:
    r"""The name of an uploaded file. Clients send its whole path, with `/` or `\`.

    The name holds no control characters, and it is neither empty nor a folder.
    """
    last = _CONTROLS.sub("", re.split(r"[/\\]", unquoted(name))[-1]).strip()
    if last in ("", ".", ".."):
        return "file"
    if len(last) <= _LONGEST_NAME:
        return last
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 10:
        return last[:_LONGEST_NAME]
    return stem[: _LONGEST_NAME - len(suffix) - 1] + dot + suffix


def is_text(value: str) -> bool:
    """Whether a database can hold `value`: it has no half of a surrogate pair and no NUL."""
    return _NO_TEXT.search(value) is None


def unquoted(value: str) -> str:
    """The text without one enclosing pair of quotation marks, as in `-d 'title="My title"'`."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _json_fields(body: bytes) -> dict[str, str]:
    try:
        document = parsed(body)
    except ValueError:
        raise RequestError("the body is not JSON") from None
    if not isinstance(document, dict):
        raise RequestError("the body is not a JSON object")
    if "auth" not in document and document.keys() >= {"key", "secret"}:
        document = {"auth": document}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in document.items()
        if value is not None
    }


def _quota(name: str, value: str) -> int:
    quota = number(unquoted(value))
    if quota is None or not 0 <= quota <= _LARGEST_ID:
        raise RequestError(f"{name} is a number of bytes, 0 for no limit")
    return quota


def _loose_object(name: str, value: str) -> dict[str, Any]:
    """An object from JSON text. Empty text and an empty list stand for an empty object."""
    value = unquoted(value).strip()
    try:
        found = parsed(value) if value else {}
    except ValueError:
        raise RequestError(f"{name} is not JSON") from None
    if found in ([], None, ""):
        return {}
    if not isinstance(found, dict):
        raise RequestError(f"{name} is not a JSON object")
    return lowered(found)


def _params(found: Mapping[str, Any]) -> UploadParams:
    compression = text(found.get("compression_type")).strip().lower() or Compression.LOSSY
    if compression not in _COMPRESSIONS:
        raise RequestError("params: compression_type is lossy or lossless")
    metas = found.get("preserve_metas")
    names = metas.split(",") if isinstance(metas, str) else listed(metas)
    known = [text(name).strip().lower() for name in names]
    return UploadParams(
        compression=_COMPRESSIONS[compression],
        resize=_resize(found.get("resize")),
        preserve_metas=frozenset(_METAS[name] for name in known if name in _METAS),
    )


def _resize(value: Any) -> Resize | None:
    if value in ([], {}, None, "", False):
        return None
    if not isinstance(value, dict):
        raise RequestError("params: resize is an object with width, height or both")
    box = lowered(value)
    sides: dict[str, int] = {}
    for side in ("width", "height"):
        if box.get(side) in (None, "", 0, "0"):
            continue
        pixels = number(box[side])
        if pixels is None or not 0 < pixels <= _LARGEST_SIDE:
            raise RequestError(f"params: resize: {side} is a number of pixels")
        sides[side] = pixels
    return Resize(**sides) if sides else None
