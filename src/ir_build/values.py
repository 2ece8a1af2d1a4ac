"""Read one setting's value, from text (environment, command line) or from YAML and TOML alike.

Every function takes what a user wrote and returns the typed value, or raises ValueError with a
sentence that says what was expected.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from .codec_packages import is_installed
from .formats import COMPRESSIBLE, MediaType
from .options import NAMED_QUALITIES, Compression, Effort, Meta, Pages, Resize

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_RESIZE = re.compile(r"\s*(\d*)\s*x\s*(\d*)\s*", re.IGNORECASE)
#: what budgets are called that are no globs
BUDGET_KEYS = ("total", "per_file", "per_page")
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


def one_of(*names: str) -> Callable[[Any], str]:
    """A reader of one of `names`."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is not one of {', '.join(names)}")
        return str(value)

    return read


def choice(kind: type[_E], allowed: Iterable[_E] = ()) -> Callable[[Any], _E]:
    """A reader of one of the values of `kind`, or of those `allowed`."""
    read = one_of(*(allowed or kind))
    return lambda value: kind(read(value))


def per_format(read: Callable[[Any], _T]) -> Callable[[Any], dict[MediaType | None, _T]]:
    """A reader of one value for all formats, or of a mapping of formats (and `default`) to values.

    In text: `lossy` or `lossy,png=lossless,pdf=none`. The key None stands for the default.
    """

    def read_all(value: Any) -> dict[MediaType | None, _T]:
        if isinstance(value, str) and "=" in value:
            pairs = [part.partition("=") for part in value.split(",")]
            value = {
                key.strip() if sign else "default": text.strip() if sign else key.strip()
                for key, sign, text in pairs
            }
        if not isinstance(value, dict):
            return {None: read(value)}
        return {
            None if key == "default" else choice(MediaType, COMPRESSIBLE)(key): read(one)
            for key, one in value.items()
        }

    return read_all


compression, effort = choice(Compression), choice(Effort)


def quality(value: Any) -> float:
    if isinstance(value, str) and value in NAMED_QUALITIES:
        return NAMED_QUALITIES[value]
    names = ", ".join(NAMED_QUALITIES)
    return _number(value, 30, 100, f"a score from 30 to 100, or one of {names}")


def min_saving(value: Any) -> float:
    """A share of the original from a percentage: `2` and `2%` are 0.02."""
    text = value.strip().removesuffix("%") if isinstance(value, str) else value
    return _number(text, 0, 100, "a percentage from 0 to 100") / 100


def resize(value: Any) -> Resize | None:
    if value is None or value in ("", "none"):
        return None
    if isinstance(value, str) and (match := _RESIZE.fullmatch(value)):
        value = {"width": match[1] or None, "height": match[2] or None}
    if not isinstance(value, dict) or not value or value.keys() - {"width", "height"}:
        raise ValueError(
            f"{value!r} is not a box such as 1600x1200, 1600x or x1200, "
            "nor a mapping with width and height in pixels"
        )
    box = {
        side: None if pixels is None else count(pixels) for side, pixels in sorted(value.items())
    }
    if not any(box.values()):
        raise ValueError("give a width or a height in pixels, or both")
    return Resize(**box)


def metas(value: Any) -> frozenset[Meta]:
    return frozenset(choice(Meta)(one) for one in strings(value))


def strings(value: Any) -> tuple[str, ...]:
    """A list of texts; in text they are separated by commas or line ends."""
    if isinstance(value, str):
        value = [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{value!r} is not a list of texts")
    return tuple(value)


def paths(value: Any) -> tuple[str, ...]:
    """One path or a list of them. A comma is part of a path."""
    return (value,) if isinstance(value, str) else strings(value)


def tables(value: Any) -> tuple[Mapping[str, Any], ...]:
    """A list of mappings; in text it is JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(f"{value!r} is not JSON") from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, dict) for one in value):
        raise ValueError("expected a list of mappings, each with a glob and options")
    return tuple(value)


def count(value: Any) -> int:
    return _whole(value, 1, 10**12, "a whole number from 1")


def from_zero(value: Any) -> int:
    return _whole(value, 0, 10**12, "a whole number from 0")


def rate(value: Any) -> float:
    return _number(value, 0, 10**12, "a number from 0")


def dpi(value: Any) -> int | None:
    """Pixels an inch, None for no limit."""
    if value in (None, "none"):
        return None
    return _whole(value, 36, 2400, "a number of pixels an inch from 36 to 2400, or none")


def pages(value: Any) -> Pages | None:
    """What to do with HTML pages: a boolean, or a mapping of what is wanted; in text it is JSON."""
    wanted = _wanted_pages(value)
    if wanted is not None and not is_installed("turbohtml"):
        raise ValueError(
            "turbohtml, which reads HTML, is not installed; type `pip install --only-binary :all: "
            "turbohtml`; where there is none for this system, pages cannot be edited"
        )
    return wanted


def _from_json(value: Any) -> Any:
    """What a text that begins as a mapping in JSON says; anything else as it is. Raises ValueError."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(f"{value!r} is not JSON") from None


def _wanted_pages(value: Any) -> Pages | None:
    value = _from_json(value)
    if not isinstance(value, dict):
        try:
            return Pages() if boolean(value) else None
        except ValueError:
            names = ", ".join(_PAGES)
            raise ValueError(
                f"{value!r} is neither true nor false, nor a mapping with some of {names}"
            ) from None
    for name in value:
        if name not in _PAGES:
            close = difflib.get_close_matches(str(name), _PAGES, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(_PAGES)}"
            raise ValueError(f"pages has no option {name!r}; {hint}")
    read = {}
    for name, one in value.items():
        try:
            read[name] = _PAGES[name](one)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return Pages(**read)


def _page_formats(value: Any) -> tuple[MediaType, ...]:
    allowed = (MediaType.AVIF, MediaType.WEBP, MediaType.JPEG_XL)
    formats = tuple(dict.fromkeys(choice(MediaType, allowed)(one) for one in strings(value)))
    if MediaType.JPEG_XL in formats and not is_installed("pylibjxl"):
        raise ValueError('jxl needs another package; type `pip install "ir-build[jxl]"`')
    return formats


def _content_width(value: Any) -> int:
    return _whole(value, 16, 10_000, "a width in CSS pixels from 16 to 10000")


def _site_url(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is not an address that begins with https://")
    return value


def jobs(value: Any) -> int | None:
    """A number of processes, None for as many as there are processors to use."""
    return None if value in (None, "auto", "") else count(value)


def seconds(value: Any) -> float:
    text = value.strip().removesuffix("s") if isinstance(value, str) else value
    return _number(text, 0.1, 24 * 3600, "a number of seconds")


def size(value: Any) -> int:
    """Bytes, from a number or a text such as `500 kB`, `2MB` (1000s) or `1GiB` (1024s)."""
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        power = " kmgt".index(match[2].lower() or " ")
        return int(float(match[1]) * (1024 if match[3] else 1000) ** power)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a size such as 500kB, 20MB or 1GiB")
    return value


def optional_size(value: Any) -> int | None:
    """A size, None for no limit."""
    return None if value in (None, "", "none") else size(value)


def amount(value: Any) -> int | float:
    """Bytes as an int, as `size` reads them, or from a percentage a share as a float."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return min_saving(value)
    try:
        return size(value)
    except ValueError:
        raise ValueError(f"{value!r} is neither a size such as 500kB nor a percentage") from None


def optional_amount(value: Any) -> int | float | None:
    """As `amount`, None for no limit."""
    return None if value in (None, "", "none") else amount(value)


def budgets(value: Any) -> dict[str, int]:
    """Bytes by `total`, `per_file`, `per_page` or a glob.

    In text: `total=20MB,blog/**=2MB` or JSON; from the command line a list of `KEY=SIZE`.
    """
    value = _from_json(value)
    if not isinstance(value, dict):
        value = dict(map(_pair, strings(value)))
    return {_budget_key(key): _budget_size(key, one) for key, one in value.items()}


def _pair(text: str) -> tuple[str, str]:
    # A glob may hold a `=`, a size does not.
    key, sign, limit = text.rpartition("=")
    if not sign or not key.strip():
        raise ValueError(f"{text!r} is not KEY=SIZE, as in total=20MB or blog/**=2MB")
    return key.strip(), limit


def _budget_key(key: Any) -> str:
    name = str(key).replace("-", "_")
    if name in BUDGET_KEYS or set(str(key)) & set("*?[/."):
        return name if name in BUDGET_KEYS else str(key)
    close = difflib.get_close_matches(name, BUDGET_KEYS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"for a folder write {key}/**"
    raise ValueError(f"{key!r} is neither one of {', '.join(BUDGET_KEYS)} nor a glob; {hint}")


def _budget_size(key: Any, value: Any) -> int:
    try:
        return size(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in _TRUE + _FALSE:
        raise ValueError(f"{value!r} is neither true nor false")
    return text in _TRUE


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004  (one error for all readers)
    return value


def _number(value: Any, low: float, high: float, expected: str) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY301, TRY004
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not {expected}") from None
    if not low <= number <= high:
        raise ValueError(f"{value!r} is not {expected}")
    return number


def _whole(value: Any, low: int, high: int, expected: str) -> int:
    number = _number(value, low, high, expected)
    if number != int(number):
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


#: the readers of what `pages` may hold
_PAGES: Mapping[str, Callable[[Any], Any]] = {
    "attributes": boolean,
    "sizes": boolean,
    "formats": _page_formats,
    "content_width": _content_width,
    "still": boolean,
    "site_url": _site_url,
    "ignore_remote_styles": boolean,
}
