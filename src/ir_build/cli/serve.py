"""`ir-build serve`: the ImageRecycle v1 API on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from ..errors import ConfigError


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="IR_BUILD_SERVER_CONFIG",
    help="TOML file of settings.",
)
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 for a free one.")
@click.option("--public-url", help="Where clients reach it, for links.")
@click.option("--tls-cert", help="PEM file of the certificate, for https without a proxy.")
@click.option("--tls-key", help="PEM file of its key, if not in the same file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of key and data.")
@click.option("--database", help="sqlite:///PATH or postgresql+psycopg://...")
@click.option("--storage", help="file:///PATH or s3://BUCKET/PREFIX")
@click.option(
    "--reset-secret", is_flag=True, help="Make a new secret of the main account, in a file; end."
)
@click.option("--new-key", is_flag=True, help="Put a new key before those of the key file; end.")
def serve(config: Path | None, *, reset_secret: bool, new_key: bool, **arguments: object) -> None:
    """Serve the ImageRecycle v1 API, with the built-in engine behind it.

    Every setting can also stand in the file, or in the environment as IR_BUILD_SERVER_<NAME>.
    """
    try:
        from ..server import serve as server  # noqa: PLC0415
        from ..server.accounts import keyring  # noqa: PLC0415  (an extra)
        from ..server.settings import load  # noqa: PLC0415
    except ImportError as error:
        if (error.name or "").startswith("ir_build"):
            raise
        raise ConfigError(
            "ir-build serve",
            error.name or "server",
            'is not installed: pip install "ir-build[server]"',
        ) from error
    if urlsplit(str(arguments["database"] or "")).password:
        raise ConfigError(
            "the command line",
            "--database",
            "holds a password, which every user of this machine can see there: set "
            "IR_BUILD_SERVER_DATABASE, or `database` in the file given with --config",
        )
    settings = load(config, os.environ, arguments)
    if reset_secret:
        click.echo(f"The main account has a new secret, in {server.reset_secret(settings)}")
        return
    if new_key:
        click.echo(
            f"{keyring.renew(settings)} begins with a new key: restart the server to use it."
        )
        click.echo("The former key stays in the line below, for links and secrets made under it.")
        click.echo("No link is older than a month: remove that line then.")
        return
    server.serve(settings, _ready)


def _ready(url: str, credentials: Path | None) -> None:
    if credentials is not None:
        click.echo(f"The main account was made. Its key and secret are in {credentials}")
    click.echo(f"serving {url}/v1")
