"""A report that was written as JSON, as far as two of them are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .escape import printable
from .json import SCHEMA_VERSION, to_json
from .verdict import State

if TYPE_CHECKING:
    from .totals import Totals

_MOST_BYTES = 2**63  # more than any file system holds
_DIGEST = 64  # hexadecimal digits of SHA-256


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a report."""

    name: str
    size: int  #: bytes that are shipped
    #: SHA-256 of what was found and of what is shipped, in hex; empty when not known
    digest: str
    content: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What is compared of a report."""

    #: how messages call it
    where: str
    #: by name
    files: Mapping[str, StoredFile]
    #: bytes of pictures that a page loads in the end, by screen and by page
    pages: Mapping[str, Mapping[str, int]]
    #: bytes of pictures that all pages load in the end, by screen
    loads: Mapping[str, int]
    interrupted: bool
    exceeded: tuple[str, ...]  #: a line for each budget that the run did not keep to

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


def of(report: Totals) -> Stored:
    """What `read` would find if `report` were written."""
    return _stored(json.loads(to_json(report)), "this run")


def read(path: Path) -> Stored:
    """The report in the file `path`. Raises `ConfigError`, which says what is wrong with it."""
    where = printable(str(path))
    try:
        return _stored(json.loads(path.read_bytes()), where)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except (ValueError, RecursionError):
        reason = "is not JSON, or damaged; make it again with --report"
    except _Foreign as error:
        reason = str(error)
    raise ConfigError("the report", where, reason)


class _Foreign(Exception):
    """Not a report of ours, or one that this version cannot read."""


def _stored(document: Any, where: str) -> Stored:
    if not isinstance(document, dict) or "schema_version" not in document:
        raise _Foreign("is JSON, but no report of ir-build (--report FILE.json writes one)")
    version = document["schema_version"]
    if version != SCHEMA_VERSION:
        raise _Foreign(
            f"has schema version {printable(repr(version))}, this ir-build reads {SCHEMA_VERSION}; "
            "take the version of ir-build that wrote it, or a newer one"
        )
    if "files" not in document:
        raise _Foreign("is damaged: it has no files; make it again")
    files = [_file(one, where) for one, where in _entries(document, "files")]
    pages = _table(document, "pages", {})
    return Stored(
        where=where,
        files={file.name: file for file in files},
        pages={
            _field(one, "page", str, where): _page_loads(one, where)
            for one, where in _entries(pages, "by_page", "pages.")
        },
        loads=_loads(pages, "pages"),
        interrupted=document.get("interrupted") is True,
        exceeded=tuple(
            f"{_field(one, 'name', str, where)}: {_field(one, 'text', str, where)}"
            for one, where in _entries(document, "budgets")
            if _field(one, "state", str, where) == State.EXCEEDED
        ),
    )


def _file(document: Any, where: str) -> StoredFile:
    name, size = _field(document, "name", str, where), _bytes(document, "after", where)
    digest = _digest(document, "digest", where)
    return StoredFile(name, size, digest, _digest(document, "shipped_digest", where) or digest)


def _loads(document: Any, where: str) -> dict[str, int]:
    screens = _table(document, "loads", {}, where)
    return {
        screen: _bytes(loads, "after", f"{where}.loads.{screen}")
        for screen, loads in screens.items()
    }


def _page_loads(document: Any, where: str) -> dict[str, int]:
    """Bytes that a page loads, by screen. In the report they stand as two numbers, before and after."""
    found = {}
    for screen in document.keys() - {"page"}:
        pair = _field(document, screen, list, where)
        if len(pair) != 2 or not all(type(one) is int and 0 <= one < _MOST_BYTES for one in pair):
            raise _Foreign(f"is damaged: {where}.{screen} is no pair of bytes; make it again")
        found[screen] = pair[1]
    return found


def _field(document: Any, key: str, kind: type, where: str, default: Any = None) -> Any:
    value = document.get(key, default) if isinstance(document, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _Foreign(f"is damaged: {where}.{key} is missing or of a wrong kind; make it again")
    return value


def _bytes(document: Any, key: str, where: str) -> int:
    value: int = _field(document, key, int, where)
    if not 0 <= value < _MOST_BYTES:
        raise _Foreign(f"is damaged: {where}.{key} is no number of bytes; make it again")
    return value


def _digest(document: Any, key: str, where: str) -> str:
    value: str = _field(document, key, str, where, "")
    if len(value) not in (0, _DIGEST):
        raise _Foreign(f"is damaged: {where}.{key} is no SHA-256; make it again")
    return value


def _table(document: Any, key: str, default: Any, where: str = "") -> dict[str, Any]:
    return dict(_field(document, key, dict, where or "the document", default))


def _entries(document: Any, key: str, above: str = "") -> list[tuple[Any, str]]:
    """The entries of a list that may be missing, and how messages call them."""
    entries = _field(document, key, list, above or "the document", [])
    return [(one, f"{above}{key}[{number}]") for number, one in enumerate(entries)]
