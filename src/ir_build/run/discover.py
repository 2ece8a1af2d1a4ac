"""Finds the files to work on. It follows no link, and does not leave the given folders."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from .. import atomic
from ..errors import ConfigError
from ..formats import SUFFIXES

#: the file by which a folder is known as a cache, of any tool (https://bford.info/cachedir/)
_CACHE_TAG = "CACHEDIR.TAG"
_REPOSITORIES = frozenset([".git", ".hg", ".svn"])
#: folders with files of other tools, never with files of a site
FOREIGN_FOLDERS = _REPOSITORIES.union(
    [".tox", ".nox", ".cache", ".doctrees", "node_modules", "__pycache__"]
)
# Files with these suffixes are not opened, because most files of a site have one of them. All others are opened,
# because only the bytes tell the type.
_TEXT_SUFFIXES = frozenset([
    ".html", ".htm", ".xhtml", ".css", ".scss", ".sass", ".less", ".js", ".mjs", ".cjs", ".ts",
    ".tsx", ".jsx", ".vue", ".json", ".map", ".xml", ".rss", ".atom", ".txt", ".md", ".rst",
    ".ipynb", ".py", ".pyi", ".rb", ".go", ".rs", ".c", ".h", ".cpp", ".java", ".kt", ".sh",
    ".toml", ".yml", ".yaml", ".ini", ".cfg", ".lock", ".csv", ".tsv", ".inv", ".doctree",
    ".pickle", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".wasm", ".gz", ".br", ".zip",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that may be worked on. `tree` also gives files of any other kind, links and folders."""

    path: Path
    #: its name in reports, with `/`
    name: str
    #: its path in the folder that was asked for, with `/`; the base name of a file that was asked for by itself
    inside: str
    #: from lstat, so that of a link it is the state of the link itself
    state: os.stat_result

    @property
    def is_link(self) -> bool:
        """Whether the file is a symbolic link. Links are never followed, and nothing is written through them."""
        return stat.S_ISLNK(self.state.st_mode)


def tree(folder: Path) -> Iterator[Asset]:
    """Everything below `folder`, each folder before its contents. Links are not followed.

    Files of version control, of caches, and temporary files of ir-build are left out.
    """
    pending: list[tuple[str, str, Asset | None]] = [(os.fspath(folder), "", None)]
    while pending:
        directory, inside, found = pending.pop()
        entries = _entries(directory)
        if found is not None:
            if any(entry.name == _CACHE_TAG for entry in entries):
                continue
            yield found
        for entry in entries:
            if entry.name in _REPOSITORIES or atomic.is_temporary(entry.name):
                continue
            with contextlib.suppress(OSError):  # the file is gone by now
                path, name = Path(entry.path), inside + entry.name
                found = Asset(path, path.as_posix(), name, entry.stat(follow_symlinks=False))
                if stat.S_ISDIR(found.state.st_mode):
                    pending.append((entry.path, f"{name}/", found))
                else:
                    yield found


def looks_like_asset(name: str) -> bool:
    """Whether the suffix of `name` is that of a type that can be compressed."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122  (hot path)


def walk(folder: Path, prefix: str = "", *, sweep: bool = False) -> Iterator[Asset]:
    """Every file below `folder` that may be of one of our types, always in the same order.

    `prefix` is put before the names. `sweep` removes temporary files of killed runs. Links to folders are not
    entered. A link to a file is included when it has a suffix of our types, so that the report can say why it
    stays.
    """
    pending = [(os.fspath(folder), "")]
    while pending:
        directory, inside = pending.pop()
        entries = _entries(directory)
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        if inside and any(entry.name == _CACHE_TAG for entry in entries):
            continue
        folders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in FOREIGN_FOLDERS:
                    folders.append((entry.path, f"{inside}{entry.name}/"))
            elif atomic.is_temporary(entry.name):
                if sweep:
                    atomic.remove_stale(Path(entry.path))
            elif asset := _asset(entry, prefix, inside):
                yield asset
        pending.extend(reversed(folders))


def at(path: Path, prefix: str = "", *, sweep: bool = False) -> Iterator[Asset]:
    """The files below the folder at `path`, as `walk` finds them, or the one file at `path`.

    Raises `ConfigError` when nothing is there.
    """
    if path.is_dir():
        yield from walk(path, prefix, sweep=sweep)
        return
    try:
        found = named(path, path.as_posix())
    except OSError as error:
        raise ConfigError("the command line", str(path), error.strerror or str(error)) from None
    yield found


def sweep(folder: Path) -> None:
    """Remove the temporary files of killed runs in `folder` itself, but not in folders below it."""
    for entry in _entries(folder):
        if atomic.is_temporary(entry.name):
            atomic.remove_stale(Path(entry.path))


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """The entries of a folder, sorted by name; none if it is unreadable or gone."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=attrgetter("name"))
    except OSError:
        return []


def _asset(entry: os.DirEntry[str], prefix: str, inside: str) -> Asset | None:
    if os.path.splitext(entry.name)[1].lower() in _TEXT_SUFFIXES:  # noqa: PTH122
        return None
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    if not stat.S_ISREG(state.st_mode) and not (
        stat.S_ISLNK(state.st_mode) and looks_like_asset(entry.name)
    ):
        return None
    inside += entry.name
    return Asset(Path(entry.path), prefix + inside, inside, state)


def named(path: Path, name: str) -> Asset:
    """The file, link or folder at `path`, with the given name. Raises OSError when nothing is there."""
    return Asset(path, name, path.name, path.lstat())
