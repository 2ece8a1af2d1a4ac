"""The command line: `ir-build`."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from .. import __version__
from ..config import unknown_variables
from ..errors import IrBuildError
from .cache import cache
from .doctor import doctor
from .optimize import optimize
from .serve import serve

_EXIT_CODES = """\b
Exit codes:
  0    done
  1    --check found files that could be smaller
  2    wrong usage or configuration
  3    --strict, and a file could not be worked on
  130  interrupted
"""


class _UserError(click.ClickException):
    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002  (click passes it)
        click.secho(f"error: {self.message}", err=True, fg="red")


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IrBuildError as error:
            raise _UserError(str(error)) from error
        except KeyboardInterrupt:
            click.echo("interrupted; files are whole, either optimised or as they were", err=True)
            sys.exit(130)


@click.group(
    cls=_Group, epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="ir-build")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Every image and PDF as small as it can be without looking different."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    for name in unknown_variables(os.environ):
        click.echo(f"warning: {name} in the environment is no setting of ir-build", err=True)


main.add_command(optimize)
main.add_command(cache)
main.add_command(doctor)
main.add_command(serve)
