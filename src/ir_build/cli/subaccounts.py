"""`ir-build account sub`: the accounts below one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..report.escape import printable
from ..report.numbers import share, size
from .arguments import size_value
from .remote import answer, confirm, connect, json_option, print_json, yes_option

if TYPE_CHECKING:
    from ..imagerecycle.wire import SubAccount

_identifier = click.argument("identifier", metavar="ID", type=click.IntRange(min=1))
_quota = click.option(
    "--quota",
    metavar="SIZE",
    callback=size_value,
    help="What it may send in a period, such as 500MB; 0 for no limit of its own.",
)
_show = click.option("--show-secret", is_flag=True, help="Print key and secret too.")


@click.group()
def sub() -> None:
    """Manage the accounts below this one, each with its own key and quota."""


@sub.command("list")
@_show
@json_option
def list_(*, show_secret: bool, as_json: bool) -> None:
    """List them."""
    with connect() as client:
        found = client.sub_accounts()
    if as_json:
        print_json(found, secrets=show_secret)
        return
    for one in found:
        limit = "no limit" if one.quota is None else share(one.quota_used, one.quota)
        click.echo(f"{one.id:>8}  {size(one.quota_used):>9}  {limit:>9}  {printable(one.title)}")
        if show_secret:
            _print_secret(one)
    if not found:
        click.echo("there are none; `ir-build account sub create TITLE` makes one", err=True)


@sub.command()
@_identifier
@_show
@json_option
def get(identifier: int, *, show_secret: bool, as_json: bool) -> None:
    """Show one."""
    with connect() as client:
        _print(client.sub_account(identifier), secret=show_secret, as_json=as_json)


@sub.command()
@click.argument("title")
@click.option("--description", metavar="TEXT", help="What it is for.")
@_quota
@json_option
def create(title: str, description: str | None, quota: int | None, *, as_json: bool) -> None:
    """Make one and print its key and secret."""
    with connect() as client:
        made = client.create_sub_account(title, description=description, quota=quota)
    _print(made, secret=True, as_json=as_json)


@sub.command()
@_identifier
@click.option("--title", metavar="TEXT")
@click.option("--description", metavar="TEXT")
@_quota
@json_option
def edit(
    identifier: int, title: str | None, description: str | None, quota: int | None, *, as_json: bool
) -> None:
    """Change one; what is not given stays."""
    if title is None and description is None and quota is None:
        raise click.UsageError("give --title, --description or --quota")
    with connect() as client:
        changed = client.edit_sub_account(
            identifier, title=title, description=description, quota=quota
        )
    _print(changed, secret=False, as_json=as_json)


@sub.command()
@_identifier
@yes_option
@json_option
def delete(identifier: int, *, yes: bool, as_json: bool) -> None:
    """Delete one; its key stops working."""
    confirm(f"Delete sub-account {identifier}?", yes=yes)
    with connect() as client:
        client.delete_sub_account(identifier)
    answer({"deleted": identifier}, f"deleted {identifier}", as_json=as_json)


@sub.command("reset-secret")
@_identifier
@yes_option
@json_option
def reset_secret(identifier: int, *, yes: bool, as_json: bool) -> None:
    """Give one a new secret and print it; the old one stops working."""
    confirm(f"Make the secret of sub-account {identifier} useless?", yes=yes)
    with connect() as client:
        _print(client.reset_secret(identifier), secret=True, as_json=as_json)


@sub.command("reset-quota")
@_identifier
@yes_option
@json_option
def reset_quota(identifier: int, *, yes: bool, as_json: bool) -> None:
    """Forget what one has used in this period."""
    confirm(f"Set what sub-account {identifier} has used to zero?", yes=yes)
    with connect() as client:
        _print(client.reset_quota(identifier), secret=False, as_json=as_json)


def _print(one: SubAccount, *, secret: bool, as_json: bool) -> None:
    if as_json:
        print_json(one, secrets=secret)
        return
    click.echo(f"id           {one.id}")
    click.echo(f"title        {printable(one.title)}")
    click.echo(f"description  {printable(one.description)}")
    limit = "no limit of its own" if one.quota is None else f"of {size(one.quota)}"
    click.echo(f"used         {size(one.quota_used)}, {limit}")
    if secret:
        _print_secret(one)


def _print_secret(one: SubAccount) -> None:
    click.echo(f"key          {printable(one.key)}")
    click.echo(f"secret       {printable(one.secret) or 'not shown by the server'}")
