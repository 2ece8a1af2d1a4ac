"""The ASGI application: routes, and what becomes of errors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from ...errors import RequestError
from ..errors import HttpError, unavailable, wrong_setting
from ..images.garbage_collection import collect_for_ever
from ..service import Service
from ..storage.database import DatabaseUnavailable
from ..storage.errors import MissingObject, StorageUnavailable
from . import account_endpoints, health, image_endpoints, openapi, pages
from .middleware import RequestMiddleware
from .responses import error_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..settings import Settings

_LOG = logging.getLogger(__name__)


def create_app(settings: Settings, *, clock: Callable[[], float] = time.time) -> Starlette:
    """The server that `settings` describe, at `clock`'s time, Unix seconds.

    Its database is migrated. When this call has made the main account, `app.state.credentials` are its
    credentials, which are shown nowhere else; otherwise they are None. Raises `ConfigError`.
    """
    service = Service(settings, clock)
    try:
        credentials = service.prepare()
    except DatabaseUnavailable as error:
        raise wrong_setting("database", f"does not answer: {error}") from error
    routes = [
        *image_endpoints.routes(service),
        *account_endpoints.routes(service),
        *health.routes(service),
        *openapi.routes(settings.public_url),
        *pages.routes(url_uploads=settings.url_uploads != "off"),
    ]
    if settings.metrics.startswith("/"):
        routes.append(service.metrics.route(settings.metrics))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(collect_for_ever(service))
        try:
            yield
        finally:
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
            service.close()

    app = Starlette(
        routes=routes,
        middleware=[Middleware(RequestMiddleware, routes=routes, metrics=service.metrics)],
        exception_handlers=dict.fromkeys(_ANSWERED, _answered),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.service = service
    app.state.credentials = credentials
    return app


_ANSWERED = (
    HttpError, RequestError, HTTPException, DatabaseUnavailable, StorageUnavailable, MissingObject,
)  # fmt: skip


async def _answered(_: Request, error: Exception) -> Response:
    match error:
        case HttpError():
            return error_response(error)
        case RequestError():
            return error_response(HttpError(400, str(error)))
        case HTTPException():
            return error_response(HttpError(error.status_code, error.detail, headers=error.headers))
    _LOG.error("not available: %s: %s", type(error).__name__, error)
    return error_response(unavailable())
