"""Run a server on a socket until it is told to stop."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from . import logs
from .accounts import main_account
from .errors import wrong_setting
from .http.app import create_app
from .http.timeouts import TimeoutProtocol
from .service import Service

if TYPE_CHECKING:
    from .settings import Settings

_BACKLOG = 1024
#: seconds that an idle connection is kept; a load balancer must keep it for less
_KEEP_ALIVE = 75


def serve(settings: Settings, ready: Callable[[str, Path | None], None]) -> None:
    """Serve until a signal to stop, then finish what was accepted.

    `ready` is told the address, and the file with the main account's credentials when it was made
    just now. Raises `ConfigError`.
    """
    logs.configure()
    tls = _tls(settings)
    with _listening(settings) as listener, contextlib.ExitStack() as stack:
        port = listener.getsockname()[1]
        if urlsplit(settings.public_url).port == 0:
            settings = replace(
                settings, public_url=settings.public_url.removesuffix(":0") + f":{port}"
            )
        app = create_app(settings)
        made = app.state.credentials
        written = None if made is None else main_account.write(settings, made)
        config = uvicorn.Config(
            app,
            http=TimeoutProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=round(settings.grace),
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_context_factory=None if tls is None else lambda *_: tls,
        )
        for stopping in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal again at its end, when nothing is left to do.
            signal.signal(stopping, lambda *_: None)
        _raise_open_files()
        service = app.state.service
        if settings.metrics and not settings.metrics.startswith("/"):
            stack.callback(service.metrics.listen(settings.metrics))
        ready(settings.public_url, written)
        _Server(config, service).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Tells the service when it is to stop, so that /readyz says so at once."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.stopping = True
        super().handle_exit(sig, frame)


def _raise_open_files() -> None:
    """Raise the limit of open connections, which is low, to what the system allows."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  (not on Windows)

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Some systems name a limit and then refuse it.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def reset_secret(settings: Settings) -> Path:
    """Give the main account a new secret. Servers may run meanwhile.

    Returns the file in which it is. Raises `ConfigError`.
    """
    service = Service(settings, time.time)
    try:
        return main_account.write(settings, service.reset_secret())
    finally:
        service.close()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.tls_cert:
        if settings.tls_key:
            raise wrong_setting("tls_key", "is set, but tls_cert is not")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without this, OpenSSL would ask for the password of a key on the terminal.
        context.load_cert_chain(settings.tls_cert, settings.tls_key or None, password="")
    except ssl.SSLError as error:
        raise wrong_setting(
            "tls_cert",
            "a certificate and its own key without a password, both PEM, are needed: "
            f"{settings.tls_cert} {settings.tls_key}".rstrip()
            + f" ({error.reason})",
        ) from error
    except OSError as error:
        # The error does not say which of the two.
        files = " or ".join(filter(None, [settings.tls_cert, settings.tls_key]))
        raise wrong_setting("tls_cert", f"{files}: {error.strerror}") from error
    return context


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # The other option would let any program listen on the same port there.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise wrong_setting(
            "port", f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    return listener
