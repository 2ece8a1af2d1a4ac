"""Run a server on a socket until it is told to stop."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from ..errors import ConfigError
from .app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from .accounts import Credentials
    from .settings import Settings

_BACKLOG = 1024


def serve(settings: Settings, ready: Callable[[str, Credentials | None], None]) -> None:
    """Serve until a signal to stop, then finish what was accepted.

    `ready` is told the address, and the main account's credentials when it was made just now.
    Raises `ConfigError`.
    """
    with _listening(settings) as listener:
        port = listener.getsockname()[1]
        if urlsplit(settings.public_url).port == 0:
            settings = replace(
                settings, public_url=settings.public_url.removesuffix(":0") + f":{port}"
            )
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=round(settings.grace),
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
        )
        ready(settings.public_url, app.state.credentials)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(
            "server", "port", f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    return listener
