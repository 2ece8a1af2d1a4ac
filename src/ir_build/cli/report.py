"""`ir-build report`: compare reports, and print the schema of their JSON."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..atomic import write_text
from ..config import Source, load
from ..errors import ConfigError
from ..exit_codes import ExitCode
from ..report import stored
from ..report.budget import growth, whole
from ..report.diff import diff as difference
from ..report.diff_forms import FORMS, headline
from ..report.verdict import State
from ..settings import BY_NAME
from .arguments import PathsCommand

if TYPE_CHECKING:
    from ..report.diff import Diff

_SUFFIXES = {"text": ".txt", "markdown": ".md", "html": ".html"}


@click.group()
def report() -> None:
    """Work with the reports that --report has written as JSON."""


@report.command(cls=PathsCommand)
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD.json")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW.json")
@click.option(
    "--format",
    "form",
    type=click.Choice([*_SUFFIXES]),
    help="By default as the suffix of --out says (.txt, .md, .html), else text.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it there."
)
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="Name this many files, and pages, at most: those that differ most.",
)
@click.option(
    "--max-growth",
    metavar=BY_NAME["max_growth"].metavar,
    help="End with 4 when all files together have grown by more than this, as in 200kB or 5%; by default as "
    "the setting says, none for no limit.",
)
def diff(
    *,
    old: Path,
    new: Path,
    form: str | None,
    out: Path | None,
    rows: int | None,
    max_growth: str | None,
) -> None:
    """Say what has changed between two reports: what is new, gone, grown, shrunk and renamed.

    A file is renamed when another name has its content. Ends with 4 when all files together have
    grown by more than --max-growth.
    """
    suffix, allowed = _suffix(form, out), _allowed(max_growth)
    before, after = stored.read(old), stored.read(new)
    found = difference(before, after)
    told = FORMS[suffix](found, rows=rows)
    if out is None:
        click.echo(told, nl=False)
    else:
        _write(out, told)
        click.echo(headline(found), err=True)
    if allowed is not None:
        whole(before), whole(after)
        _fail_over(found, allowed, before.where)


@report.command()
def schema() -> None:
    """Print the JSON schema of the JSON report (draft 2020-12)."""
    click.echo(
        files("ir_build.report").joinpath("schema/report-1.json").read_text("utf-8"), nl=False
    )


def _suffix(form: str | None, out: Path | None) -> str:
    if form is not None:
        return _SUFFIXES[form]
    if out is None:
        return _SUFFIXES["text"]
    if out.suffix not in FORMS:
        suffixes = ", ".join(FORMS)
        reason = f"does not end in one of {suffixes}; rename it or give --format"
        raise ConfigError("the command line", f"--out {out}", reason)
    return out.suffix


def _write(out: Path, told: str) -> None:
    try:
        write_text(out, told)
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}"
        raise ConfigError("the command line", f"--out {out}", reason) from None


def _allowed(max_growth: str | None) -> int | float | None:
    """What the command line says, else the configuration."""
    here = Path.cwd()
    given: dict[str, Any] = {} if max_growth is None else {"max_growth": max_growth}
    return load(folder=here, last=Source("the command line", given, here)).max_growth


def _fail_over(found: Diff, allowed: float, where: str) -> None:
    verdict = growth(found, allowed, where)
    if verdict.state is State.EXCEEDED:
        click.secho(f"error: {verdict}", err=True, fg="red")
        sys.exit(ExitCode.OVER_BUDGET)
