"""`ir-build conformance`: whether a server speaks the ImageRecycle v1 API."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..errors import ConfigError
from ..exit_codes import ExitCode
from ..imagerecycle import credentials
from ..report.escape import printable
from .remote import json_option, print_json

_COLOURS = {"holds": "green", "fails": "red", "skipped": "yellow"}


@click.command()
@click.argument("url", metavar="URL")
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with key and secret, as `ir-build account login` writes it. Without it they come "
    "from IR_BUILD_API_KEY and IR_BUILD_API_SECRET, else they are asked for.",
)
@json_option
def conformance(url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Check every promise of the ImageRecycle v1 API against the server at URL.

    A few small pictures are sent and sub-accounts made, and deleted again; what was there before
    is not touched. It takes a main account, and less than a megabyte of its quota.
    """
    from ..imagerecycle import conformance as suite  # noqa: PLC0415

    results = []
    for result in suite.run(_credentials(url, key_file)):
        results.append(result)
        if not as_json:
            detail = f": {printable(result.detail)}" if result.detail else ""
            status = click.style(f"{result.status:<7}", fg=_COLOURS[result.status])
            click.echo(f"{status}  {result.claim}{detail}")
    counts = {name: sum(one.status == name for one in results) for name in _COLOURS}
    if as_json:
        print_json({"server": url, "totals": counts, "checks": results})
    else:
        click.echo(", ".join(f"{number} {name}" for name, number in counts.items()))
    if counts["fails"]:
        sys.exit(ExitCode.SERVER)


def _credentials(url: str, key_file: Path | None) -> credentials.Credentials:
    plain_http = os.environ.get(credentials.PLAIN_HTTP, "")
    address = credentials.checked_url("the command line", "URL", url, plain_http=plain_http)
    if key_file is not None:
        found = credentials.from_file(key_file)
        if found is None:
            raise ConfigError(
                "the command line",
                "--key",
                "there is no such file; key and secret are never given on the command line",
            )
        return credentials.Credentials(found.key, found.secret, address)
    from_environment = credentials.from_environment(os.environ, url=address)
    if from_environment is not None:
        return from_environment
    key = click.prompt("API key", err=True).strip()
    secret = click.prompt("API secret", hide_input=True, err=True).strip()
    return credentials.Credentials(key, secret, address)
