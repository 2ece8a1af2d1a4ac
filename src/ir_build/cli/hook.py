"""`ir-build hook`: what pre-commit, or any other commit hook, calls with the files of a commit."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click

from ..api import Progress, Session
from ..config import load
from ..exit_codes import ExitCode
from ..report.numbers import files, size
from ..report.text import file_lines, skipped_line
from ..run.finish import finish_run
from .arguments import PathsCommand, given, setting_options
from .reports import writing_when_interrupted

# What pre-commit shows: the files and the troubles, no summary.
_LOG = SimpleNamespace(
    info=lambda *_: None,
    warning=lambda msg, *args: click.secho(f"warning: {msg % args}", err=True, fg="yellow"),
)


@click.command(cls=PathsCommand)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--check", is_flag=True, help="Change nothing; fail if a file could be smaller.")
@setting_options
def hook(*, paths: tuple[Path, ...], check: bool, **settings: Any) -> None:
    """Optimise the files of a commit in place, without loss; fail if one was changed.

    The second run changes nothing and passes. Folders (submodules), links and Git LFS pointers
    are skipped. No server is asked unless `backend` says so. Put `--` before the names of files:
    one may begin with a hyphen.
    """
    config = load(folder=Path.cwd(), last=given(settings))
    if config.backend == "auto":
        config = replace(config, backend="local")
    with writing_when_interrupted(config), Session(config, copies=False) as session:
        files_only = [path for path in paths if not path.is_dir()]
        report = session.optimize(files_only, check=check, progress=Progress(_LOG))
    if fault := finish_run(report, config, _LOG):
        click.secho(f"error: {fault}", err=True, fg="red")
    for skipped in report.skipped:
        click.echo(skipped_line(skipped), err=True)
    for line in file_lines(report.optimised):
        click.echo(line)
    if report.optimised:
        saved = f"{files(len(report.optimised))}, {size(report.saved)}"
        click.echo(
            f"could be smaller: {saved}; `ir-build optimize` with these files does it"
            if check
            else f"optimised: {saved}; `git add` them and commit again"
        )
    if report.optimised or fault:
        sys.exit(ExitCode.CHANGES)
