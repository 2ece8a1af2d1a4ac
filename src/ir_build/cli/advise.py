"""`ir-build advise`: what a person could still do to make a built site lighter."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..api import Session
from ..config import load
from ..exit_codes import ExitCode
from ..report.findings import at_stake, in_groups, next_step, one_line
from ..report.numbers import size
from .arguments import PathsCommand, given
from .remote import json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..advice import Finding, Kind
    from ..report.findings import Group

# Columns and lines of a terminal that everybody has; lines for what stands before and after the groups.
_WIDTH, _LINES, _AROUND = 80, 20, 4
_EXAMPLES = 3


@click.command(cls=PathsCommand)
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER"
)
@click.option("--all", "everything", is_flag=True, help="List every finding, and what mends it.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there is anything to do.")
@click.option(
    "--exclude", multiple=True, metavar="GLOBS", help="Say nothing of files that match these globs."
)
@json_option
def advise(
    folder: Path, exclude: tuple[str, ...], *, everything: bool, strict: bool, as_json: bool
) -> None:
    """Say what a person could still do to make the built site in FOLDER lighter.

    Nothing is changed, and no browser is needed. Each finding has the bytes at stake, by estimate,
    and what mends it. At most 20 lines are printed unless --all asks for more.
    """
    config = load(folder=Path.cwd(), last=given({"exclude": exclude}))
    with Session(replace(config, backend="local"), copies=False) as session:
        findings = session.advise(folder)
    if as_json:
        step = next_step(findings)
        print_json(
            {
                "schema_version": 1,
                "at_stake": at_stake(findings),
                "findings": [one.to_json() for one in findings],
                "next": None if step is None else {"kind": step.kind.value, "mend": step.kind.mend},
            }
        )
    elif not findings:
        click.secho("nothing to do", bold=True)
    else:
        noun = "finding" if len(findings) == 1 else "findings"
        click.secho(f"{size(at_stake(findings))} at stake, {len(findings)} {noun}", bold=True)
        for line in _lines(findings, everything=everything):
            click.echo(line)
        step = next_step(findings)
        told = f"Next: {step.title}: {step.kind.mend}" if step else ""
        click.secho(textwrap.fill(told, _WIDTH, subsequent_indent="      "), bold=True)
    if strict and findings:
        sys.exit(ExitCode.CHANGES)


def _lines(findings: Sequence[Finding], *, everything: bool) -> Iterator[str]:
    """A line for each kind and, below it, for findings of the kind, within the lines there are."""
    groups = in_groups(findings)
    shown = _examples(groups)
    for group in groups:
        stake = size(group.at_stake) if group.at_stake else "-"
        yield f"{stake:>9}  {group.title}"
        if everything:
            yield f"{'':11}{group.kind.mend}"
        told = group.findings if everything else group.findings[: shown[group.kind]]
        for one in told:
            yield f"  {one_line(one, None if everything else _WIDTH - 2)}"
    left = len(findings) - sum(shown.values())
    if left and not everything:
        yield f"{'':11}{left} more are listed with --all"


def _examples(groups: Sequence[Group]) -> dict[Kind, int]:
    """How many findings of each kind are shown."""
    shown = {group.kind: 0 for group in groups}
    free = _LINES - _AROUND - len(groups)
    for _ in range(_EXAMPLES):
        for group in groups:
            if free > 0 and shown[group.kind] < len(group.findings):
                shown[group.kind] += 1
                free -= 1
    return shown
