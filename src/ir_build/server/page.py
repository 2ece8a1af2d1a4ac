"""The web page at `/`: a few files, sent as they are, that may load nothing from elsewhere."""

from __future__ import annotations

import hashlib
import mimetypes
from importlib import resources
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

_INDEX = "index.html"
_HEADERS = {
    # Pictures may be blobs and data for the sake of a page that shows what it has not uploaded.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Asked about every time, so that the files of two versions never meet.
    "Cache-Control": "no-cache",
}


def routes() -> list[Route]:
    """The page and the files that it loads."""
    folder = resources.files(__package__) / "web"
    found = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    return [
        Route("/" if name == _INDEX else f"/{name}", _File(name, content).answer, methods=["GET"])
        for name, content in found.items()
    ]


class _File:
    """One file of the page."""

    def __init__(self, name: str, content: bytes) -> None:
        self._content = content
        self._type = mimetypes.guess_type(name)[0]
        self._tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    async def answer(self, request: Request) -> Response:
        headers = {**_HEADERS, "ETag": self._tag}
        if request.headers.get("if-none-match") == self._tag:
            return Response(None, 304, headers)
        return Response(self._content, 200, headers, self._type)
