"""Turn the table of settings into command line options, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import Source
from ..settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable


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
