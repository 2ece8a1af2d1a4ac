"""Encode and decode the answers to requests that succeeded.

Every `encode_` returns an object for JSON. Every `decode_` takes the bytes of an answer's body. It
raises `TransportError` for another kind of answer, or the `ApiError` that the body holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...errors import TransportError
from . import Account, Consumption, Image, ImagePage, PageLink, SubAccount, Usage, errors
from .coerce import day, listed, lowered, moment, number, parsed, text

CONTENT_TYPE = "application/json; charset=utf-8"
# It is made once, since making an encoder costs half as much as encoding an answer.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dump(document: Mapping[str, Any]) -> bytes:
    """The body of an answer, to be sent as `CONTENT_TYPE`."""
    return _ENCODER.encode(document).encode("utf-8", "backslashreplace")


def encode_account(account: Account) -> dict[str, Any]:
    """`GET /accounts/mine`."""
    size = account.file_max_size or 0
    return {
        "quota_start": _seconds(account.period_start),
        "quota_end": _seconds(account.period_end),
        "quota_current": account.quota_used,
        "quota_allowed": account.quota or 0,
        "file_max_size": size,
        "quota_file_max_size": size,
    }


def decode_account(body: bytes) -> Account:
    """`GET /accounts/mine`."""
    found = _object(body)
    if not found.keys() & {"quota_current", "quota_allowed"}:
        raise _unexpected("an account")
    return Account(**_limits(found))


def encode_sub_account(sub: SubAccount) -> dict[str, Any]:
    """`GET` and `PUT /accounts/sub/:id`, `POST /accounts/sub`, `reset_secret`, `reset_quota`."""
    return {
        "id": sub.id,
        "title": sub.title,
        "description": sub.description,
        **encode_account(sub),
        "api_key": sub.key,
        "api_secret": sub.secret,
    }


def decode_sub_account(body: bytes) -> SubAccount:
    """`GET` and `PUT /accounts/sub/:id`, `POST /accounts/sub`, `reset_secret`, `reset_quota`."""
    return _sub_account(_object(body))


def encode_sub_accounts(subs: Sequence[SubAccount]) -> dict[str, Any]:
    """`GET /accounts/sub`."""
    return {"items": [encode_sub_account(sub) for sub in subs], "total": len(subs)}


def decode_sub_accounts(body: bytes) -> tuple[SubAccount, ...]:
    """`GET /accounts/sub`."""
    return tuple(_sub_account(item) for item in _items(body))


def encode_consumption(consumption: Consumption) -> dict[str, Any]:
    """`GET /accounts/mine/consumption`: both documented shapes in one object."""
    return {
        "consumption": {
            "last_days": [_encoded_usage(usage) for usage in consumption.days],
            "last_months": [_encoded_usage(usage) for usage in consumption.months],
        },
        "consumptions": [
            {"date": int(usage.date.strftime("%Y%m%d")), "consumption": usage.before}
            for usage in consumption.days
        ],
    }


def decode_consumption(body: bytes) -> Consumption:
    """`GET /accounts/mine/consumption`."""
    found = _object(body)
    newer, older = found.get("consumption"), found.get("consumptions")
    if isinstance(newer, dict):
        lists = lowered(newer)
        return Consumption(_usages(lists.get("last_days")), _usages(lists.get("last_months")))
    if older is None:
        raise _unexpected("a consumption")
    return Consumption(_usages(older))


def encode_image(image: Image) -> dict[str, Any]:
    """`GET /images/:id`, `POST /images`."""
    return {
        "id": image.id,
        "filename": image.name,
        "width": image.width,
        "height": image.height,
        "size_before": image.size_before,
        "size_after": image.size_after,
        "saved": round(image.saved, 4),
        "time": _sql(image.uploaded),
        "expiration_date": _sql(image.expires),
        "origin_url": image.origin_url,
        "optimized_url": image.optimized_url,
    }


def decode_image(body: bytes, *, upload: bool = False) -> Image:
    """`GET /images/:id`, and `POST /images` with `upload`."""
    return _image(_object(body, upload=upload))


def encode_image_page(page: ImagePage) -> dict[str, Any]:
    """`GET /images`."""
    return {
        "items": [encode_image(image) for image in page.items],
        "total": page.total,
        "prev": _encoded_link(page.previous),
        "next": _encoded_link(page.next),
    }


def decode_image_page(body: bytes) -> ImagePage:
    """`GET /images`."""
    items = tuple(_image(item) for item in _items(body))
    found = _object(body, may_be_list=True)
    total = number(found.get("total"))
    return ImagePage(
        items,
        len(items) if total is None else total,
        _link(found.get("prev")),
        _link(found.get("next")),
    )


def encode_success() -> dict[str, Any]:
    """`DELETE /accounts/sub/:id`. Images are deleted without a body."""
    return {"Success": True}


def decode_success(body: bytes) -> None:
    """Any deletion. The body is empty or holds no error."""
    if body.strip():
        _object(body, may_be_list=True)


def _object(body: bytes, *, may_be_list: bool = False, upload: bool = False) -> dict[str, Any]:
    try:
        found = parsed(body)
    except ValueError:
        found = None
    if may_be_list and isinstance(found, list):
        return {}
    if not isinstance(found, dict):
        raise TransportError("the server's answer is not JSON: is IR_BUILD_API_URL right?")
    found = lowered(found)
    if "errcode" in found:
        raise errors.decode(number(found["errcode"]) or 400, body, upload=upload)
    return found


def _items(body: bytes) -> Iterable[dict[str, Any]]:
    found = _object(body, may_be_list=True)
    items = listed(found["items"]) if "items" in found else parsed(body)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _unexpected("a list")
    return map(lowered, items)


def _limits(found: Mapping[str, Any]) -> dict[str, Any]:
    size = number(found.get("file_max_size")) or number(found.get("quota_file_max_size")) or 0
    quota = number(found.get("quota_allowed")) or 0
    return {
        "quota_used": max(0, number(found.get("quota_current")) or 0),
        "quota": quota if quota > 0 else None,
        "file_max_size": size if size > 0 else None,
        "period_start": moment(found.get("quota_start")),
        "period_end": moment(found.get("quota_end")),
    }


def _sub_account(found: Mapping[str, Any]) -> SubAccount:
    identifier = number(found.get("id"))
    if identifier is None:
        raise _unexpected("a sub-account")
    return SubAccount(
        id=identifier,
        title=text(found.get("title")),
        description=text(found.get("description")),
        key=text(found.get("api_key")),
        secret=text(found.get("api_secret")),
        **_limits(found),
    )


def _image(found: Mapping[str, Any]) -> Image:
    identifier = number(found.get("id"))
    url = found.get("optimized_url")
    if identifier is None or not isinstance(url, str) or not url:
        raise _unexpected("an image with a file to download")
    sizes = {
        name: max(0, number(found.get(name)) or 0)
        for name in ("width", "height", "size_before", "size_after")
    }
    return Image(
        id=identifier,
        name=text(found.get("filename")),
        uploaded=moment(found.get("time")),
        expires=moment(found.get("expiration_date")),
        origin_url=text(found.get("origin_url")),
        optimized_url=url,
        **sizes,
    )


def _usages(value: Any) -> tuple[Usage, ...]:
    usages = []
    for item in listed(value):
        found = lowered(item) if isinstance(item, dict) else {}
        when = day(found.get("date"))
        before = number(found.get("total_size_before"))
        if before is None:
            before = number(found.get("consumption"))
        if when is not None and before is not None:
            after, files = number(found.get("total_size_after")), number(found.get("files_count"))
            usages.append(Usage(when, before, after, files))
    return tuple(sorted(usages, key=lambda usage: usage.date))


def _link(value: Any) -> PageLink | None:
    found = lowered(value) if isinstance(value, dict) else {}
    offset = number(found.get("offset"))
    if offset is None or offset < 0:
        return None
    return PageLink(text(found.get("link")), offset, max(1, number(found.get("limit")) or 1))


def _encoded_link(link: PageLink | None) -> dict[str, Any] | None:
    if link is None:
        return None
    return {"link": link.link, "offset": link.offset, "limit": link.limit}


def _encoded_usage(usage: Usage) -> dict[str, Any]:
    return {
        "date": usage.date.isoformat(),
        "total_size_before": usage.before,
        "total_size_after": usage.after,
        "files_count": usage.files,
    }


def _seconds(when: datetime | None) -> int:
    return 0 if when is None else int(when.timestamp())


def _sql(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(" ", "seconds")[:19]


def _unexpected(what: str) -> TransportError:
    return TransportError(f"the server's answer is not {what}: is IR_BUILD_API_URL right?")
