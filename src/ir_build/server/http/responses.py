"""Answers as the contract has them: JSON bodies, error bodies, images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ...imagerecycle.wire import FileKind, ImagePage, PageLink
from ...imagerecycle.wire import Image as WireImage
from ...imagerecycle.wire.errors import encode
from ...imagerecycle.wire.outgoing import file_path
from ...imagerecycle.wire.responses import CONTENT_TYPE, dump

if TYPE_CHECKING:
    from ..errors import HttpError
    from ..images.images import ImageRow
    from ..service import Service

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def document(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    return Response(dump(body), status, {**_HEADERS, **(headers or {})}, CONTENT_TYPE)


def error_response(error: HttpError) -> Response:
    """An error answer."""
    return document(encode(error.status, error.message), error.status, error.headers)


def wire_image(service: Service, image: ImageRow) -> WireImage:
    """An image as clients see it, with its links."""
    return WireImage(
        id=image.id,
        name=image.filename,
        width=image.result.width,
        height=image.result.height,
        size_before=image.result.size_before,
        size_after=image.result.size_after,
        uploaded=datetime.fromtimestamp(image.created, UTC),
        expires=datetime.fromtimestamp(image.expires, UTC),
        origin_url=_link(service, FileKind.ORIGINAL, image),
        optimized_url=_link(service, FileKind.OPTIMIZED, image),
    )


def wire_page(
    service: Service, found: Sequence[ImageRow], total: int, offset: int, limit: int
) -> ImagePage:
    """A page of images, with links to its neighbours."""
    before = max(0, offset - limit)
    return ImagePage(
        tuple(wire_image(service, image) for image in found),
        total,
        previous=_page_link(service, before, limit) if offset > 0 else None,
        next=_page_link(service, offset + limit, limit) if offset + limit < total else None,
    )


def token_kind(kind: FileKind) -> FileKind:
    """The kind that tokens are made for: two names of the original share theirs."""
    return FileKind.OPTIMIZED if kind is FileKind.OPTIMIZED else FileKind.ORIGINAL


def _link(service: Service, kind: FileKind, image: ImageRow) -> str:
    token = service.keyring.token(token_kind(kind), image.id, image.created)
    return service.api_url + file_path(kind, token, image.filename)


def _page_link(service: Service, offset: int, limit: int) -> PageLink:
    return PageLink(f"{service.api_url}/images?offset={offset}&limit={limit}", offset, limit)
