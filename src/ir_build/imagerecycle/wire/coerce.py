"""Read numbers, texts, dates and objects in any of the forms that clients and servers send."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Such a number is milliseconds. As seconds it would be in the year 5138.
_FIRST_MILLISECONDS = 10**11
_COMPACT = re.compile(r"((?:19|20|21)\d\d)(0[1-9]|1[0-2])([0-3]\d)?", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{1,2})", re.ASCII)
_WRAPPINGS = ("date", "$date", "sec", "timestamp", "time", "$numberlong", "value")
_DEEPEST = 4


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text. Raises `ValueError`, whatever is wrong with it."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def lowered(found: Mapping[Any, Any]) -> dict[str, Any]:
    """The object with its names in lower case."""
    return {str(name).lower(): value for name, value in found.items()}


def listed(value: Any) -> list[Any]:
    """A list; also one that was sent as an object with numbers for names."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def number(value: Any) -> int | None:
    """A whole number, also from text; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,30}\s*", value, re.ASCII):
            return int(value)  # a float would lose digits
        found = float(value) if isinstance(value, str) else value
        return int(found) if math.isfinite(found) else None
    except (ValueError, OverflowError):
        return None


def text(value: Any) -> str:
    """A text, also from a number; empty when it is neither."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def moment(value: Any) -> datetime | None:
    """A point in time, in UTC to the second; None when it is none.

    It is read from Unix seconds or milliseconds, `YYYYMMDD`, SQL or ISO 8601 text, or an object that
    wraps one of them. Without a zone it is UTC.
    """
    return _moment(value, UTC, 0)


def day(value: Any) -> date | None:
    """A day, from the same forms and from `YYYY-MM`, its first; None when it is none."""
    if isinstance(value, str) and (match := _MONTH.fullmatch(value.strip())):
        try:
            return date(int(match[1]), int(match[2]), 1)
        except ValueError:
            return None
    found = moment(value)
    return None if found is None else found.date()


def _moment(value: Any, zone: tzinfo, depth: int) -> datetime | None:
    if isinstance(value, dict):
        found = lowered(value)
        if depth == _DEEPEST:
            return None
        zone = _zone(found.get("timezone")) or zone
        inner = next((found[name] for name in _WRAPPINGS if name in found), None)
        return _moment(inner, zone, depth + 1)
    count = number(value)
    try:
        if count is None:
            return _from_text(value, zone) if isinstance(value, str) else None
        if match := _COMPACT.fullmatch(str(count)):
            return datetime(int(match[1]), int(match[2]), int(match[3] or 1), tzinfo=UTC)
        if count <= 0:
            return None
        seconds = count // 1000 if count >= _FIRST_MILLISECONDS else count
        return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


def _from_text(value: str, zone: tzinfo) -> datetime:
    found = datetime.fromisoformat(value.strip())
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC).replace(microsecond=0)


def _zone(name: Any) -> tzinfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else None
    except (ValueError, OSError, KeyError):  # not a name, or no such zone
        return None
