"""The endpoints below /v1/accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.routing import Route

from ...errors import RequestError
from ...imagerecycle.wire import SubAccount, SubAccountFields, incoming
from ...imagerecycle.wire import responses as encode
from ..accounts import quota_accounting
from ..errors import HttpError
from ..images import images
from .form import path_number, read_caller
from .responses import document

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..accounts.accounts import Caller
    from ..service import Service

#: characters
_LONGEST = {"title": 500, "description": 10_000}


def routes(service: Service) -> list[Route]:
    """The routes of accounts."""
    accounts = service.accounts

    async def main_caller(request: Request) -> tuple[Caller, dict[str, str]]:
        caller, fields = await read_caller(service, request)
        if caller.parent_id is not None:
            raise HttpError(403, "A sub-account has no sub-accounts")
        return caller, fields

    async def mine(request: Request) -> Response:
        caller, _ = await read_caller(service, request)
        account = await service.run(accounts.account, caller, service.now())
        return document(encode.encode_account(account))

    async def consumption(request: Request) -> Response:
        caller, _ = await read_caller(service, request)
        found = await service.run(
            quota_accounting.consumption, service.database, caller, service.now()
        )
        return document(encode.encode_consumption(found))

    async def subs(request: Request) -> Response:
        caller, _ = await main_caller(request)
        found = await service.run(accounts.subs, caller, service.now())
        return document(encode.encode_sub_accounts(found))

    async def create(request: Request) -> Response:
        caller, fields = await main_caller(request)
        wanted = _checked(fields)
        made = await service.run(accounts.create_sub, caller, wanted, service.now())
        return document(encode.encode_sub_account(made), 201)

    async def update(request: Request) -> Response:
        caller, fields = await main_caller(request)
        wanted = _checked(fields)
        changed = await service.run(
            accounts.update_sub, caller, path_number(request), wanted, service.now()
        )
        return document(encode.encode_sub_account(changed))

    async def delete(request: Request) -> Response:
        caller, _ = await main_caller(request)
        await service.run(_delete, service, caller, path_number(request))
        return document(encode.encode_success())

    def one(work: Callable[[Caller, int, int], SubAccount]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            caller, _ = await main_caller(request)
            found = await service.run(work, caller, path_number(request), service.now())
            return document(encode.encode_sub_account(found))

        return endpoint

    reset = ["PUT", "POST"]
    base = "/v1/accounts"
    return [
        Route(f"{base}/mine", mine),
        Route(f"{base}/mine/consumption", consumption),
        Route(f"{base}/sub", subs, methods=["GET"]),
        Route(f"{base}/sub", create, methods=["POST"]),
        Route(f"{base}/sub/reset_secret/{{id}}", one(accounts.reset_secret), methods=reset),
        Route(f"{base}/sub/reset_quota/{{id}}", one(accounts.reset_quota), methods=reset),
        Route(f"{base}/sub/{{id}}", one(accounts.sub), methods=["GET"]),
        Route(f"{base}/sub/{{id}}", update, methods=["PUT"]),
        Route(f"{base}/sub/{{id}}", delete, methods=["DELETE"]),
    ]


def _delete(service: Service, caller: Caller, number: int) -> None:
    service.disk.make_room()
    with service.database.transaction() as transaction:
        service.accounts.delete_sub(transaction, caller, number)
        images.delete_all(transaction, number)


def _checked(fields: dict[str, str]) -> SubAccountFields:
    wanted = incoming.sub_account(fields)
    for name, most in _LONGEST.items():
        value = getattr(wanted, name) or ""
        if not incoming.is_text(value):
            raise RequestError(f"{name} holds a character that is no text (NUL, or half a pair)")
        if len(value) > most:
            raise RequestError(f"{name} is longer than {most} characters")
    return wanted
