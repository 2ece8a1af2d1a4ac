"""`ir-build account`: the quota, what was used of it, and who is logged in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ..errors import ConfigError
from ..report.numbers import files, share, size
from .remote import answer, connect, json_option, print_json
from .subaccounts import sub

if TYPE_CHECKING:
    from ..imagerecycle.wire import Account, Consumption, Usage

_BAR = 40


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def account(ctx: click.Context, *, as_json: bool) -> None:
    """Show the server account: its quota and what was used of it.

    The account is that of IR_BUILD_API_KEY and IR_BUILD_API_SECRET, else the one logged in to.
    """
    if ctx.invoked_subcommand is not None:
        return
    with connect() as client:
        found, used = client.account(), client.consumption()
        if as_json:
            print_json({"server": client.url, "account": found, "consumption": used})
            return
        click.echo(f"server   {client.url}")
    _print_account(found)
    _print_consumption(used)


@account.command()
@json_option
def consumption(*, as_json: bool) -> None:
    """Chart what was sent, by day and by month."""
    with connect() as client:
        used = client.consumption()
    if as_json:
        print_json(used)
    else:
        _print_consumption(used)


@account.command()
@click.option("--url", metavar="URL", help="The address of the API, if it is not ImageRecycle's.")
@json_option
def login(url: str | None, *, as_json: bool) -> None:
    """Ask for key and secret, try them, and keep them.

    They are kept in the system's keyring where the package keyring is installed and finds one,
    else in a file that only you can read. Builds use them with `backend: api`.
    """
    from ..imagerecycle import credentials  # noqa: PLC0415
    from ..imagerecycle.client import Client  # noqa: PLC0415

    plain_http = os.environ.get(credentials.PLAIN_HTTP, "")
    address = credentials.checked_url("the command line", "--url", url, plain_http=plain_http)
    key = click.prompt("API key", err=True).strip()
    secret = click.prompt("API secret", hide_input=True, err=True).strip()
    given = credentials.Credentials(key, secret, address)
    with Client(given) as client:
        found = client.account()
    where = credentials.save(given, credentials.file(os.environ))
    if as_json:
        print_json({"server": address, "kept_in": where, "account": found})
        return
    click.echo(f"logged in to {address}; the secret is kept in {where}")
    _print_account(found)


@account.command()
@json_option
def logout(*, as_json: bool) -> None:
    """Forget the key and the secret that `login` has kept."""
    from ..imagerecycle import credentials  # noqa: PLC0415

    path = credentials.file(os.environ)
    if not credentials.forget(path):
        raise ConfigError(str(path), "credentials", "there are none: nobody is logged in")
    answer({"logged_out": True}, "logged out", as_json=as_json)


account.add_command(sub)


def _print_account(found: Account) -> None:
    if found.quota is None:
        click.echo(f"quota    {size(found.quota_used)} used, no limit")
    else:
        filled = min(_BAR, round(_BAR * found.quota_used / found.quota))
        bar = "#" * filled + "." * (_BAR - filled)
        click.echo(f"quota    [{bar}] {share(found.quota_used, found.quota)}")
        click.echo(f"used     {size(found.quota_used)} of {size(found.quota)}")
        click.echo(f"left     {size(found.quota_left or 0)}")
    if found.period_end is not None:
        click.echo(f"resets   {found.period_end:%Y-%m-%d %H:%M} UTC")
    if found.file_max_size is not None:
        click.echo(f"a file   {size(found.file_max_size)} at most")


def _print_consumption(used: Consumption) -> None:
    for title, usages, form in (
        ("by day", used.days, "%Y-%m-%d"),
        ("by month", used.months, "%Y-%m"),
    ):
        shown = [usage for usage in usages if usage.before]
        if shown:
            click.echo(f"\n{title}")
            most = max(usage.before for usage in shown)
            for usage in shown:
                click.echo(_line(usage, most, form))
    if not any(usage.before for usage in used.days + used.months):
        click.echo("\nnothing was sent yet")


def _line(usage: Usage, most: int, form: str) -> str:
    bar = "#" * max(1, round(_BAR * usage.before / most))
    parts = [f"{usage.date.strftime(form):<10}  {bar:<{_BAR}} {size(usage.before):>9}"]
    if usage.after is not None:
        parts.append(f"-{share(usage.before - usage.after, usage.before)}")
    if usage.files is not None:
        parts.append(files(usage.files))
    return "  ".join(parts)
