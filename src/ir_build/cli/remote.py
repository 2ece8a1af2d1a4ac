"""What the commands that talk to a server share: the client, JSON and questions."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..imagerecycle.client import Client

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")

#: shown only on request
_SECRETS = frozenset({"key", "secret"})


def connect() -> Client:
    """A client with the credentials that are found. Raises `ConfigError`."""
    # Only commands that talk to a server wait for the import of requests.
    from ..imagerecycle.client import Client  # noqa: PLC0415

    return Client.from_environment(os.environ)


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if the user agrees. Without a terminal, `--yes` is needed."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Give --yes to do it.")
    click.confirm(question, abort=True)


def print_json(value: Any, *, secrets: bool = False) -> None:
    """Print a value of the wire as JSON. Keys and secrets are printed only with `secrets`."""
    click.echo(json.dumps(_plain(value, _SECRETS if not secrets else frozenset()), indent=2))


def answer(value: Any, text: str, *, as_json: bool) -> None:
    """Print what was done: `value` as JSON, or `text`."""
    if as_json:
        print_json(value)
    else:
        click.echo(text)


def _plain(value: Any, hidden: frozenset[str]) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(one, hidden) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one, hidden) for name, one in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        names = [one.name for one in fields(value) if one.name not in hidden]
        return {name: _plain(getattr(value, name), hidden) for name in names}
    return value
