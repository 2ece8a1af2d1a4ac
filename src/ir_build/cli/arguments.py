"""Turn the table of settings into command line options, and back; tell names from options."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..config import Source
from ..errors import ConfigError
from ..settings import SETTINGS
from ..values import size

_END = "--"


class PathsCommand(click.Command):
    """A command that takes paths. It never takes the name of a file for an option.

    The author of a file chooses its name, and shells and commit hooks pass on what they find.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # A file may be called `--`, too.
        if _END not in args or os.path.lexists(_END):
            before = args[: args.index(_END)] if _END in args else args
            for name in before:
                if name.startswith("-") and os.path.lexists(name):
                    raise ConfigError(
                        "the command line",
                        name,
                        "is a file that is there, and could be taken for an option; put `--` "
                        f"before the names of files, or write ./{name}",
                    )
        return super().parse_args(ctx, args)


def setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` an option for every setting, in the order of the table."""
    for setting in reversed(SETTINGS):
        declaration: dict[str, Any] = {"help": setting.help, "default": None}
        flag = setting.flag
        if isinstance(setting.default, bool):
            flag = f"{flag}/--no-{flag.removeprefix('--')}"
        else:
            declaration |= {"metavar": setting.metavar, "multiple": setting.multiple}
        command = click.option(flag, setting.name, **declaration)(command)
    return command


def given(settings: dict[str, Any]) -> Source:
    """The settings that were given on the command line."""
    values = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
        if value is not None and value != ()
    }
    return Source("the command line", values, Path.cwd())


def size_value(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """The bytes of an option that is a size such as 500MB: a callback for click."""
    try:
        return None if value is None else size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
