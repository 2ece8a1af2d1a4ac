"""Endpoints for operators: is the server alive, is it ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from ..errors import unavailable
from ..storage.database import DatabaseUnavailable, Sql
from ..storage.errors import StorageUnavailable
from .responses import document, error_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..service import Service

_PROBE = Sql("SELECT 1")


def routes(service: Service) -> list[Route]:
    """The routes of operations."""

    async def healthz(_: Request) -> Response:
        """The process answers."""
        return document({"status": "ok"})

    async def readyz(_: Request) -> Response:
        """Database and storage answer too, there is room, and nobody has told it to stop."""
        if service.stopping:
            return error_response(unavailable("stopping"))
        try:
            await service.run(service.database.row, _PROBE)
        except DatabaseUnavailable:
            return error_response(unavailable("the database does not answer"))
        try:
            await service.run(service.storage.check)
        except StorageUnavailable:
            return error_response(unavailable("the storage does not answer"))
        if await service.run(lambda: service.disk.is_full):
            return error_response(unavailable("the disk is full"))
        return document({"status": "ready"})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
