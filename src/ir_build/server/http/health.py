"""Endpoints for operators: is the server alive, is it ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from ..errors import unavailable
from ..storage.database import DatabaseUnavailable, Sql
from ..storage.errors import StorageUnavailable
from .responses import document

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
            raise unavailable("stopping")
        try:
            await service.run(service.database.row, _PROBE)
            await service.run(service.storage.check)
        except DatabaseUnavailable:
            raise unavailable("the database does not answer") from None
        except StorageUnavailable:
            raise unavailable("the storage does not answer") from None
        if await service.run(lambda: service.disk.is_full):
            raise unavailable("the disk is full")
        return document({"status": "ready"})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
