"""The endpoints below /v1/images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from ...errors import RequestError
from ...imagerecycle.wire import incoming
from ...imagerecycle.wire import responses as encode
from ..errors import HttpError, not_found
from ..images import images
from ..images.uploads import Upload
from .downloads import file_endpoint, first_page_endpoint, zip_endpoint
from .form import Form, path_number, read_caller, read_form
from .responses import document, wire_image, wire_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..accounts.accounts import Caller
    from ..service import Service

    #: holds a place for an account, or for one that is not known yet
    Take = Callable[[int | None], None]


def routes(service: Service) -> list[Route]:
    """The routes of images."""

    async def listing(request: Request) -> Response:
        caller, fields = await read_caller(service, request)
        offset, limit = incoming.page(fields)
        found, total = await service.run(
            images.page, service.database, caller, offset, limit, service.now()
        )
        page = wire_page(service, found, total, offset, limit)
        return document(encode.encode_image_page(page))

    async def one(request: Request) -> Response:
        caller, _ = await read_caller(service, request)
        number = path_number(request)
        image = await service.run(images.own, service.database, caller, number, service.now())
        return document(encode.encode_image(wire_image(service, image)))

    async def upload(request: Request) -> Response:
        with service.uploads.place() as take:
            return await _upload(service, request, take)

    async def delete(request: Request) -> Response:
        caller, _ = await read_caller(service, request)
        if not await service.run(_delete, service, caller, path_number(request)):
            raise not_found()
        return Response(status_code=204)

    async def delete_all(request: Request) -> Response:
        caller, _ = await read_caller(service, request)
        await service.run(_delete_all, service, caller)
        return Response(status_code=204)

    base = "/v1/images"
    return [
        Route(base, upload, methods=["POST"]),
        Route(base, listing, methods=["GET"]),
        Route(base, delete_all, methods=["DELETE"]),
        Route(f"{base}/all", delete_all, methods=["DELETE"]),
        Route(f"{base}/zip/{{kind}}/{{ids}}", partial(zip_endpoint, service)),
        Route(f"{base}/first-page/{{kind}}/{{id}}", partial(first_page_endpoint, service)),
        Route(f"{base}/{{kind}}/{{token}}/{{name:path}}", partial(file_endpoint, service)),
        Route(f"{base}/{{id}}", one, methods=["GET"]),
        Route(f"{base}/{{id}}", delete, methods=["DELETE"]),
    ]


async def _upload(service: Service, request: Request, take: Take) -> Response:
    admitted: list[Caller] = []

    async def admit(fields: Mapping[str, str]) -> None:
        caller = await service.authenticate(fields)
        take(caller.id)
        service.disk.refuse_when_full()
        admitted.append(caller)

    form = await read_form(service, request, admit)
    try:
        if not admitted and form.file is None:
            await admit(form.fields)
        take(None)
        service.disk.refuse_when_full()
        return await _finished(service, admitted, form, take)
    finally:
        form.close()


async def _finished(service: Service, admitted: list[Caller], form: Form, take: Take) -> Response:
    def identify() -> Caller:
        caller = admitted[0] if admitted else service.identify(form.fields)
        take(caller.id)
        return caller

    try:
        wanted = incoming.upload(form.fields)
    except RequestError:
        await service.run(identify)  # a stranger is told that, and nothing else
        raise
    if form.file is None:
        if wanted.url is None:
            raise HttpError(400, "Send a file in the field file, or its address in the field url")
        form.file, form.filename = await service.fetcher.fetch(identify().id, wanted.url)
    compressor = service.compressor
    options = compressor.options(wanted.params) if compressor else None
    name = incoming.base_name(form.filename)
    image = await Upload(service, identify, form.file, name, options).finish()
    return document(encode.encode_image(wire_image(service, image)), 201)


def _delete(service: Service, caller: Caller, number: int) -> bool:
    service.disk.make_room()
    with service.database.transaction() as transaction:
        return images.delete(transaction, caller.id, number)


def _delete_all(service: Service, caller: Caller) -> None:
    service.disk.make_room()
    with service.database.transaction() as transaction:
        images.delete_all(transaction, caller.id)
