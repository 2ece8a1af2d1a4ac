"""Finds files that other tools have made from files that were replaced afterwards."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from ..report.escape import printable
from ..report.numbers import files
from . import discover

_PRECOMPRESSED = (".gz", ".br", ".zst")
_PAGES = (".html", ".htm", ".xhtml")
_MANIFEST = re.compile(r"(sw|ngsw|service-?worker|.*precache.*)\.(m?js|json)", re.IGNORECASE)
_TAG_WITH_DIGEST = re.compile(rb"<[a-z][^<>]*\sintegrity\s*=[^<>]*>", re.IGNORECASE)
_ADDRESS = re.compile(rb"\s(?:src|href)\s*=\s*[\"']?([^\"'\s>?#]+)", re.IGNORECASE)


def advice(written: Collection[Path], folders: Iterable[Path]) -> Iterator[str]:
    """A line for each kind of files that are out of date because the files `written` were replaced.

    The kinds are compressed copies, integrity attributes of pages, and precache manifests. Pages and manifests
    are searched for in `folders`.
    """
    if not written:
        return
    packed = [
        sibling
        for path in written
        for suffix in _PRECOMPRESSED
        if (sibling := path.with_name(path.name + suffix)).exists()
    ]
    if packed:
        yield f"{_named(packed)} older content, which servers may send: compress again, after ir-build"
    names = {path.name for path in written}
    pages, manifests = [], []
    for folder in folders:
        for found in discover.tree(folder):
            name = found.path.name
            if name.lower().endswith(_PAGES):
                if _has_old_digest(found.path, names):
                    pages.append(found.path)
            elif _MANIFEST.fullmatch(name) and _mentions(found.path, names):
                manifests.append(found.path)
    if pages:
        yield f"{_named(pages)} integrity attributes of files that were replaced: make them after ir-build"
    if manifests:
        yield f"{_named(manifests)} digests of files that were replaced: make precache manifests after ir-build"


def _named(paths: list[Path]) -> str:
    first = printable(str(min(paths)))
    if len(paths) == 1:
        return f"{first} has"
    return f"{files(len(paths))}, such as {first}, have"


def _has_old_digest(page: Path, names: set[str]) -> bool:
    with contextlib.suppress(OSError):
        for tag in _TAG_WITH_DIGEST.findall(page.read_bytes()):
            for address in _ADDRESS.findall(tag):
                if unquote(address.decode("utf-8", "replace")).rpartition("/")[2] in names:
                    return True
    return False


def _mentions(manifest: Path, names: set[str]) -> bool:
    try:
        text = unquote(manifest.read_text("utf-8", "replace"))
    except OSError:
        return False
    return any(name in text for name in names)
