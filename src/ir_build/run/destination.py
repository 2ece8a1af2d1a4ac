"""Where the files of a run are put: in place, or into another folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from .. import atomic
from ..errors import ConfigError, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .discover import Asset


class Destination(Protocol):
    """Where the files of a run are put."""

    def path(self, asset: Asset) -> Path:
        """Where the file of `asset` goes. Raises `Unreadable`."""

    def check(self, asset: Asset) -> None:
        """Raises `Unreadable` when nothing could be put there."""

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> os.stat_result | None:
        """Put the optimised `data` there; `seen` is the source's state when it was read.

        Returns the new file's state, None when nothing was written. Raises `Unreadable`.
        """

    def keep(self, asset: Asset) -> None:
        """The file of `asset` stays as it is. Raises `Unreadable`."""


class InPlace:
    """Each file is replaced where it is."""

    def __init__(self, *, keep_times: bool) -> None:
        """`keep_times`: the new file has the old one's modification time, as hosts expect."""
        self._keep_times = keep_times

    def path(self, asset: Asset) -> Path:
        return asset.path

    def check(self, asset: Asset) -> None:
        _check_folder(asset.path.parent)

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> os.stat_result:
        return atomic.replace(asset.path, data, seen=seen, keep_times=self._keep_times)

    def keep(self, asset: Asset) -> None:
        """It is where it belongs."""


class OutputFolder:
    """Copies go into a folder that mirrors the ones asked for; what can't be optimised too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, asset: Asset) -> Path:
        path = self._folder / asset.inside
        # A link inside the folder must not lead a copy out of it.
        inside = os.path.realpath(path.parent)
        root = os.path.realpath(self._folder)
        if os.path.commonpath([inside, root]) != root:
            raise Unreadable(f"{path.parent} leads out of {self._folder}")
        return path

    def check(self, asset: Asset) -> None:
        folder = self.path(asset).parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        _check_folder(folder)

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> os.stat_result:
        return atomic.create(self.path(asset), data, like=seen, source=asset.path)

    def keep(self, asset: Asset) -> None:
        if asset.is_link:
            return
        path = self.path(asset)
        try:
            there = path.lstat()
        except OSError:
            there = None
        source = asset.state
        if there is None or (there.st_size, there.st_mtime_ns) != (
            source.st_size,
            source.st_mtime_ns,
        ):
            data, state = atomic.read(asset.path)
            atomic.create(path, data, like=state, source=asset.path)


class Nowhere:
    """Nothing is written: for `--check`, which only wants to know."""

    def path(self, asset: Asset) -> Path:
        return asset.path

    def check(self, asset: Asset) -> None:
        """Nothing is written."""

    def put(self, asset: Asset, seen: os.stat_result, data: bytes) -> None:
        """Nothing is written."""

    def keep(self, asset: Asset) -> None:
        """Nothing is written."""


def _check_folder(folder: Path) -> None:
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise Unreadable(f"{folder} cannot be written to")


def refuse_overlap(paths: Sequence[Path], out: Path) -> None:
    """Raise `ConfigError` when copies in `out` would lie among their originals."""
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


def refuse_collisions(assets: Sequence[Asset]) -> None:
    """Raise `ConfigError` when two files would become one copy."""
    taken: dict[str, Asset] = {}
    for asset in assets:
        other = taken.setdefault(asset.inside, asset)
        if other is not asset:
            raise ConfigError(
                "the command line",
                "--out",
                f"{other.name} and {asset.name} would both become {asset.inside}; "
                "give them one by one",
            )


def refuse_sources(output: Path, sources: Path) -> None:
    """Raise `ConfigError` when the folder `output` of a build holds its `sources`."""
    if output.resolve() in (sources.resolve(), *sources.resolve().parents):
        raise ConfigError(
            "the build",
            "output folder",
            f"{output} holds the sources, {sources}, which must not be changed; "
            "build into a folder of its own",
        )
