"""The ASGI application: routes, and what becomes of errors."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from ..errors import RequestError
from . import account_endpoints, image_endpoints, page
from .answers import refused
from .database import DatabaseUnavailable
from .refusal import Refusal, unavailable
from .service import Service
from .storage import Missing, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .settings import Settings

_LOG = logging.getLogger(__name__)


def create_app(settings: Settings, *, clock: Callable[[], float] = time.time) -> Starlette:
    """The server that `settings` describe, at `clock`'s time, Unix seconds.

    Its database is migrated. `app.state.credentials` are those of the main account when this call
    has made it, else None: they are shown nowhere else. Raises `ConfigError`.
    """
    service = Service(settings, clock)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            service.close()

    app = Starlette(
        routes=[
            *image_endpoints.routes(service),
            *account_endpoints.routes(service),
            *page.routes(),
        ],
        exception_handlers={
            Refusal: _refusal,
            RequestError: _request_error,
            HTTPException: _http_error,
            DatabaseUnavailable: _unavailable,
            StorageUnavailable: _unavailable,
            Missing: _unavailable,
            Exception: _fault,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.add_middleware(_Slashes)
    app.state.credentials = service.prepare()
    return app


class _Slashes:
    """Every path answers with and without a slash at its end, without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["path"]) > 1:
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self._app(scope, receive, send)


async def _refusal(_: Request, error: Exception) -> Response:
    return refused(error) if isinstance(error, Refusal) else await _fault(_, error)


async def _request_error(_: Request, error: Exception) -> Response:
    return refused(Refusal(400, str(error)))


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _fault(_, error)
    return refused(Refusal(error.status_code, error.detail, headers=error.headers))


async def _unavailable(_: Request, error: Exception) -> Response:
    _LOG.error("not available: %s: %s", type(error).__name__, error)
    return refused(unavailable("The server cannot work now: try again"))


async def _fault(_: Request, error: Exception) -> Response:
    _LOG.error("internal error", exc_info=error)
    return refused(Refusal(500, "Internal error"))
