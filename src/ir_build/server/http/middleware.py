"""The outermost layer: slashes, request ids, the log and the metrics of every request."""

from __future__ import annotations

import logging
import secrets
import time
from typing import TYPE_CHECKING

from ..errors import HttpError
from ..logs import REQUESTS
from .responses import error_response

if TYPE_CHECKING:
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ..metrics import Metrics

_LOG = logging.getLogger(REQUESTS)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})


class RequestMiddleware:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, routes: list[Route], metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._paths: dict[object, str] = {route.endpoint: route.path for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Every path answers with and without a slash at its end, since clients follow no redirect.
        scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        identifier = secrets.token_hex(8)
        started = time.perf_counter()
        status = 500
        sent = 0
        started_answer = False

        async def note(message: Message) -> None:
            nonlocal status, sent, started_answer
            if message["type"] == "http.response.start":
                started_answer = True
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identifier.encode())]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception:
            _LOG.exception("internal error", extra={"facts": {"id": identifier}})
            if started_answer:
                raise  # the connection closes, so that no client takes a part for the whole
            await error_response(HttpError(500, "Internal error"))(scope, receive, note)
        finally:
            self._note(scope, identifier, status, sent, time.perf_counter() - started)

    def _note(self, scope: Scope, identifier: str, status: int, sent: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # A path may hold a download token, and a query credentials.
        route = self._paths.get(scope.get("endpoint"), "other")
        self._metrics.answered(method, route, status, seconds)
        if _LOG.isEnabledFor(logging.INFO):
            facts = {
                "id": identifier,
                "client": (scope.get("client") or ("",))[0],
                "method": method,
                "route": route,
                "status": status,
                "bytes": sent,
                "ms": round(seconds * 1000, 1),
            }
            _LOG.info("request", extra={"facts": facts})
