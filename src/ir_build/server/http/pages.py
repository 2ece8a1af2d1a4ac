"""The web page at / and its files, as they lie in the server's folder `web` and in that of the package."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib import resources
from itertools import chain
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
#: of every page: nothing from elsewhere, nothing inline, in nobody's frame
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def routes(*, url_uploads: bool) -> list[Route]:
    """A route for every file; `index.html` is at /, which says whether the server takes URLs."""
    found = []
    # The slider is that of the report and of the documentation, too.
    for file in chain.from_iterable(
        resources.files(package).joinpath("web").iterdir()
        for package in ("ir_build.server", "ir_build")
    ):
        kind = _TYPES.get(file.name.rpartition(".")[2])
        if kind is not None:
            path = "/" if file.name == "index.html" else f"/{file.name}"
            data = file.read_bytes()
            if path == "/" and url_uploads:
                data = data.replace(b"<body>", b"<body data-url-uploads>")
            found.append(Route(path, _endpoint(data, kind)))
    return found


def _endpoint(data: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": tag}

    async def endpoint(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, 200, headers, kind)

    return endpoint
