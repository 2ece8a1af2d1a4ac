"""`ir-build optimize`: files and folders, in place or into another folder."""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from ..api import Planned, Progress, Session
from ..config import load
from ..errors import Reason
from ..exit_codes import ExitCode
from ..outcome import Failed, Kept
from ..report import terminal
from ..report.columns import wrapped
from ..report.escape import printable
from ..report.github import publish
from ..report.numbers import files, share, size
from ..report.text import (
    failure_line,
    file_lines,
    skipped_line,
    summary_line,
    summary_lines,
    told_lines,
)
from ..run.cache import Entry
from ..run.finish import failures
from ..sandbox import process
from .arguments import PathsCommand, given, setting_options
from .reports import write_reports, writing_when_interrupted

if TYPE_CHECKING:
    from ..report import Report

# Lines of a terminal for what fails the run.
_FAULTS = 10
# Where progress goes when standard error is no terminal.
_LOG = SimpleNamespace(info=lambda msg, *args: click.echo(msg % args, err=True))


@click.command(cls=PathsCommand)
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write copies into this folder instead of replacing files: of everything, with images and "
    "PDFs optimised. Originals stay, so the default is then lossy.",
)
@click.option("--only-assets", is_flag=True, help="With --out: copy images and PDFs only.")
@click.option("--dry-run", is_flag=True, help="Compress nothing, change nothing: print the plan.")
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing; list what could still be saved and exit with 1 if there is anything.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print warnings and errors only.")
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print a line for every file, kept ones too, and what libraries print.",
)
@setting_options
def optimize(
    *,
    paths: tuple[Path, ...],
    out: Path | None,
    only_assets: bool,
    dry_run: bool,
    check: bool,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Optimise images and PDFs: files, and everything in folders.

    Without --out the files are replaced, and nothing but lossless compression is done to them
    unless --compression-type asks for it. Every option can also be set in pyproject.toml under
    [tool.ir-build] and by an environment variable (--quality: IR_BUILD_QUALITY).
    """
    if dry_run and check:
        raise click.UsageError("--dry-run compresses nothing, so --check has nothing to go by")
    if only_assets and out is None:
        raise click.UsageError("--only-assets says what goes into --out, which is not given")
    config = load(folder=Path.cwd(), last=given(settings))
    if verbose:
        _show_what_workers_print()
    with writing_when_interrupted(config), Session(config, copies=out is not None) as session:
        if not quiet:
            click.echo(f"compressing with {session.backend.name}", err=True)
        if dry_run:
            _print_plan(session.plan(paths), verbose=verbose)
            return
        progress = None if quiet else Progress(_LOG)
        report = session.optimize(
            paths, out=out, only_assets=only_assets, check=check, progress=progress
        )
    found = failures(report, config)
    if sys.stdout.isatty() and not quiet and not verbose:
        faults = _print_on_terminal(report, found, check=check)
    else:
        _print_report(report, check=check, quiet=quiet, verbose=verbose)
        faults = [f"error: {fault}" for fault in found]
    publish(report, write=click.echo)
    for fault in faults:
        click.secho(fault, err=True, fg="red")
    write_reports(report, config)
    if report.missing:
        sys.exit(ExitCode.MISSING)
    if config.strict and report.failed:
        sys.exit(ExitCode.STRICT)
    if found:
        sys.exit(ExitCode.OVER_BUDGET)
    if check and report.optimised:
        sys.exit(ExitCode.CHANGES)


def _show_what_workers_print() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable("worker: %(message)s"))
    process.log.addHandler(handler)
    process.log.setLevel(logging.DEBUG)


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def _print_plan(plan: list[Planned], *, verbose: bool) -> None:
    counts = {"compress": 0, "cached": 0, "leave": 0, "failed": 0}
    for planned in plan:
        verb, remark = _verb(planned)
        counts[verb] += 1
        if verb != "leave" or verbose:
            click.echo(f"{verb:>8} {size(planned.before):>9}  {printable(planned.name)}{remark}")
    total = sum(planned.before for planned in plan)
    click.echo(
        f"{files(len(plan))}, {size(total)}: {counts['compress']} to compress, "
        f"{counts['cached']} in the cache, {counts['leave']} to skip, "
        f"{counts['failed']} that cannot be worked on"
    )


def _verb(planned: Planned) -> tuple[str, str]:
    match planned.known:
        case None:
            return "compress", ""
        case Entry(status="compressed") as entry:
            return "cached", f"  (-{share(planned.before - len(entry.data), planned.before)})"
        case Entry(status="kept") as entry:
            return "leave", f"  ({Reason(entry.code).text})"
        case Kept() as kept:
            return "leave", f"  ({kept.reason.text})"
        case Failed() as failed:
            return "failed", f"  ({printable(failed.message)})"
        case Entry() as entry:
            return "failed", f"  ({printable(entry.detail)})"


def _print_report(report: Report, *, check: bool, quiet: bool, verbose: bool) -> None:
    for failed in report.failed:
        click.secho(f"warning: {failure_line(failed)}", err=True, fg="yellow")
    for skipped in () if quiet else report.skipped:
        click.echo(skipped_line(skipped), err=True)
    if quiet:
        for warning in report.warnings:
            click.secho(f"warning: {warning}", err=True, fg="yellow")
        if check and report.optimised:
            click.echo(f"{files(len(report.optimised))} could be smaller", err=True)
        return
    for line in file_lines(report.outcomes if verbose else report.optimised):
        click.echo(line)
    if check:
        closing = [_check_line(report), *told_lines(report)]
    elif verbose:
        closing = [*summary_lines(report)]
    else:
        closing = [summary_line(report), *told_lines(report)]
    for line in closing:
        click.secho(line, bold=True)


def _print_on_terminal(report: Report, found: list[str], *, check: bool) -> list[str]:
    """Print the report in few lines. Returns those of what was `found` wrong."""
    columns = max(40, min(terminal.COLUMNS, shutil.get_terminal_size().columns))
    # Many budgets share the lines that two take. What is cut off here is in the report, and told with -v.
    most = max(1, _FAULTS // max(1, len(found)))
    faults = [line for fault in found for line in wrapped(f"error: {fault}", columns, most=most)]
    warnings = [*terminal.warning_lines(report, columns)]
    skipped = [*terminal.skipped_lines(report, columns)]
    closing = (
        [*wrapped(_check_line(report), columns), *terminal.beside_lines(report, columns)]
        if check
        else terminal.closing_lines(report, columns)
    )
    above = 1  # who compresses
    left = terminal.LINES - above - sum(map(len, (faults, warnings, skipped, closing)))
    for line in warnings:
        click.secho(line, err=True, fg="yellow")
    for line in skipped:
        click.echo(line, err=True)
    for line in terminal.file_rows(report.optimised, columns, max(1, left)):
        click.echo(line)
    for line in closing:
        click.secho(line, bold=True)
    return faults


def _check_line(report: Report) -> str:
    if not report.optimised:
        return "nothing to save"
    return (
        f"{files(len(report.optimised))} could be smaller by {size(report.saved)}: run "
        "`ir-build optimize` with the same arguments but --check"
    )
