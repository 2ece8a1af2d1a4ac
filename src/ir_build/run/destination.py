"""Where the results of a run are put: in place, or into another folder."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from .. import atomic
from ..errors import ConfigError, NotWritten, Unreadable
from ..pages.names import is_ours
from ..report.escape import printable
from ..report.numbers import files
from . import discover

if TYPE_CHECKING:
    from .discover import Asset


class Destination:
    """Where the results of a run are put. This class writes nothing, for `--check`."""

    def path(self, asset: Asset) -> Path:
        """The path at which the result for `asset` is put. Raises `Unreadable`."""
        return asset.path

    def check(self, asset: Asset) -> None:
        """Check that a result can be put there. Raises `Unreadable` when it cannot."""

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> os.stat_result | None:
        """Put the optimised `data` there. `seen` is the state of the source when it was read.

        Returns the state of the new file; None when nothing was written. Raises `Changed` when the source has
        another state, `Unreadable` or `NotWritten`.
        """

    def keep(self, asset: Asset) -> None:
        """Keep the file of `asset` as it is. Raises `NotWritten`."""

    def pass_over(self, asset: Asset) -> None:
        """Take note of the file of `asset`, which is not of our types. Raises `NotWritten`."""


class InPlace(Destination):
    """Puts each result in the place of its file."""

    def __init__(self, *, keep_times: bool) -> None:
        """With `keep_times` a new file gets the modification time of the old one, as hosts expect."""
        self._keep_times = keep_times

    def check(self, asset: Asset) -> None:
        _check_folder(asset.path.parent)

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> os.stat_result:
        return atomic.replace(asset.path, data, seen=seen, keep_times=self._keep_times)


class OutputFolder(Destination):
    """A folder with a copy of the given folders. All files are copied there, optimised or not."""

    def __init__(self, folder: Path, *, only_assets: bool = False) -> None:
        """Put copies into `folder`; with `only_assets` only images and PDFs, neither other files nor links."""
        self._folder = folder
        self._root = os.path.realpath(folder)
        self._only_assets = only_assets

    def path(self, asset: Asset) -> Path:
        return self._path(asset.inside)

    def check(self, asset: Asset) -> None:
        folder = self.path(asset).parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        _check_folder(folder)

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> os.stat_result:
        with _writing():
            return atomic.create(self.path(asset), data, like=seen, source=asset.path)

    def keep(self, asset: Asset) -> None:
        if not (asset.is_link and self._only_assets):
            self.bring(asset, durable=True)

    def pass_over(self, asset: Asset) -> None:
        if not self._only_assets:
            self.bring(asset)

    def bring(self, found: Asset, *, durable: bool = False) -> None:
        """Copy a file, link or folder, unless a copy with its size and modification time is there.

        Raises `NotWritten`.
        """
        kind = found.state.st_mode
        with _writing():
            path = self._path(found.inside)
            if stat.S_ISDIR(kind):
                path.mkdir(parents=True, exist_ok=True)
            elif stat.S_ISLNK(kind):
                _link(path, found)
            elif stat.S_ISREG(kind) and not _is_copy(path, found.state):
                atomic.copy(found.path, path, durable=durable)

    def without_source(self, known: set[str], reports: Iterable[Path]) -> Iterator[str]:
        """A line of advice if the folder holds files that are neither `known` nor `reports`."""
        ours = {report.resolve() for report in reports}
        left = [
            found.inside
            for found in discover.tree(self._folder)
            if found.inside not in known
            and not stat.S_ISDIR(found.state.st_mode)
            and (discover.looks_like_asset(found.inside) or not self._only_assets)
            and found.path.resolve() not in ours
            and not is_ours(found.path.name)
        ]
        if left:
            yield (
                f"{files(len(left))} in {self._folder} without a source, such as "
                f"{printable(left[0])}: remove what is left of files that are gone"
            )

    def _path(self, inside: str) -> Path:
        path = self._folder / inside
        # A link inside the folder must not lead a copy out of it.
        parent = os.path.realpath(path.parent)
        if os.path.commonpath([parent, self._root]) != self._root:
            raise Unreadable(f"{path.parent} leads out of {self._folder}")
        return path


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise NotWritten(f"has no copy in the output: {error.message}") from error
    except OSError as error:
        raise NotWritten(f"has no copy in the output: {error.strerror or error}") from error


def _is_copy(path: Path, source: os.stat_result) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(there.st_mode) and (there.st_size, there.st_mtime_ns) == (
        source.st_size,
        source.st_mtime_ns,
    )


def _link(path: Path, found: Asset) -> None:
    """Copy a link. If it leads to a file in the tree, it leads to the copy; others lead where they led before."""
    target = found.path.readlink()
    inside = os.path.normpath(PurePath(found.inside).parent / target)
    if PurePath(inside).parts[0] == os.pardir:
        target = Path(os.path.abspath(found.path.parent / target))  # noqa: PTH100  (keeps links)
    if not (path.is_symlink() and path.readlink() == target):
        atomic.link(path, target)


def _check_folder(folder: Path) -> None:
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise Unreadable(f"{folder} cannot be written to")


def refuse_overlap(paths: Sequence[Path], out: Path) -> None:
    """Raise `ConfigError` when copies in `out` would be among their originals."""
    target = out.resolve()
    for path in paths:
        source = path.resolve() if path.is_dir() else path.resolve().parent
        if target == source or (path.is_dir() and source in target.parents):
            raise ConfigError(
                "the command line",
                "--out",
                f"{out} is where {path} is: copies would be taken for originals; "
                "choose a folder outside",
            )


def refuse_collisions(found: Iterable[Asset]) -> None:
    """Raise `ConfigError` when two files would have the same copy."""
    taken: dict[str, Path] = {}
    for one in found:
        other = taken.setdefault(one.inside, one.path)
        if other != one.path:
            raise ConfigError(
                "the command line",
                "--out",
                f"{other} and {one.path} would both become {one.inside}; give them one by one",
            )


def refuse_sources(output: Path, sources: Path) -> None:
    """Raise `ConfigError` when the folder `output` of a build contains its `sources`."""
    if output.resolve() in (sources.resolve(), *sources.resolve().parents):
        raise ConfigError(
            "the build",
            "output folder",
            f"{output} holds the sources, {sources}, which must not be changed; "
            "build into a folder of its own",
        )
