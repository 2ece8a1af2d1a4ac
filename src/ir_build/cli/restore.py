"""`ir-build restore`: originals back from the server that compressed them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ..config import load
from ..errors import BackendError, InputError
from ..exit_codes import ExitCode
from ..report.escape import printable
from ..report.numbers import files, size
from ..run import discover
from .arguments import PathsCommand, given
from .remote import json_option, print_json


@click.command(cls=PathsCommand)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH...",
)
@click.option("--cache-dir", metavar="DIR", default=None, help="The cache of the builds.")
@json_option
def restore(paths: tuple[Path, ...], cache_dir: str | None, *, as_json: bool) -> None:
    """Bring back the originals of files that a server optimised in place.

    Servers keep originals for a month. What comes back is verified; files in folders that no
    server has made are skipped.
    """
    from ..imagerecycle import manifest  # noqa: PLC0415
    from ..imagerecycle.originals import Originals  # noqa: PLC0415

    config = load(folder=Path.cwd(), last=given({"cache_dir": cache_dir}))
    restored, failed = [], []
    kept = manifest.Manifest(config.cache_dir / manifest.NAME)
    with contextlib.closing(kept), Originals(kept) as originals:
        for path, named in _found(paths):
            try:
                done = originals.restore(path)
            except (BackendError, InputError) as error:
                failed.append((path, str(error)))
                continue
            if done is not None:
                restored.append(done)
                if not as_json:
                    click.echo(f"{size(done.before)} -> {size(done.size)}  {printable(str(path))}")
            elif named:
                failed.append((path, "no build on this machine has had a server make it"))
    if as_json:
        print_json(
            {
                "restored": [{"path": str(one.path), "size": one.size} for one in restored],
                "failed": [{"path": str(path), "message": words} for path, words in failed],
            }
        )
    else:
        for path, words in failed:
            click.secho(f"warning: {printable(str(path))}: {words}", err=True, fg="yellow")
        click.echo(f"{files(len(restored))} restored", err=True)
    if failed:
        sys.exit(ExitCode.SERVER)


def _found(paths: tuple[Path, ...]) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether it was named rather than found in a folder."""
    for path in paths:
        if path.is_dir():
            for asset in discover.walk(path):
                if not asset.is_link:
                    yield asset.path, False
        else:
            yield path, True
