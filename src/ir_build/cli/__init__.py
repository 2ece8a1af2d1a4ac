"""The command line: `ir-build`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..config import unknown_variables
from ..errors import BackendError, IrBuildError
from ..exit_codes import ExitCode

_EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code:<5}{code.meaning}" for code in ExitCode)


class _UserError(click.ClickException):
    exit_code = ExitCode.USAGE

    def show(self, file: Any = None) -> None:  # noqa: ARG002  (click passes it)
        click.secho(f"error: {self.message}", err=True, fg="red")


class _ServerError(_UserError):
    exit_code = ExitCode.SERVER


#: each in the module of its name, which is imported when needed, since the hook must be quick
_COMMANDS = (
    "optimize", "advise", "hook", "report", "cache", "doctor", "serve", "account", "images", "restore",
    "conformance",
)  # fmt: skip


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f".{cmd_name}", __name__), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BackendError as error:
            raise _ServerError(str(error)) from error
        except IrBuildError as error:
            raise _UserError(str(error)) from error
        except KeyboardInterrupt:
            click.echo("interrupted; files are whole, either optimised or as they were", err=True)
            sys.exit(ExitCode.INTERRUPTED)


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
