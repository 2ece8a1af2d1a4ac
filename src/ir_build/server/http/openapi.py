"""The API described for machines: an OpenAPI 3.1 document of every endpoint."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .responses import document as json_answer

if TYPE_CHECKING:
    from starlette.requests import Request

Document = dict[str, Any]


def routes(public_url: str) -> list[Route]:
    """The routes /openapi.json, and /docs, which leads there."""
    described = document(public_url)

    async def openapi(_: Request) -> Response:
        return json_answer(described)

    async def docs(_: Request) -> Response:
        return RedirectResponse("openapi.json")

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


def _typed(kind: str, description: str = "", **more: object) -> Document:
    return {"type": kind, **more} | ({"description": description} if description else {})


def _object(**properties: Document) -> Document:
    return {"type": "object", "required": list(properties), "properties": properties}


def _ref(schema: str) -> Document:
    return {"$ref": f"#/components/schemas/{schema}"}


def _listed(items: Document) -> Document:
    return {"type": "array", "items": items}


_INTEGER, _TEXT = _typed("integer"), _typed("string")
_BYTES = _typed("integer", "bytes", minimum=0)
_MOMENT = _typed("string", "YYYY-MM-DD HH:MM:SS, UTC")
_PIXELS = _typed("integer", "pixels; 0 for a PDF")
_PAGE = {"oneOf": [_ref("PageLink"), _typed("null")]}
_LIMITS = {
    "quota_start": _typed("integer", "start of the period, Unix seconds"),
    "quota_end": _typed("integer", "end of the period, Unix seconds"),
    "quota_current": _typed("integer", "bytes charged in the period"),
    "quota_allowed": _typed("integer", "bytes a period; 0 or less: no limit"),
    "file_max_size": _typed("integer", "largest upload, bytes"),
    "quota_file_max_size": _typed("integer", "the same"),
}
_SCHEMAS = {
    "Error": _object(errCode=_typed("integer", "the HTTP status"), errMessage=_TEXT),
    "Account": _object(**_LIMITS),
    "SubAccount": _object(
        id=_INTEGER, title=_TEXT, description=_TEXT, **_LIMITS, api_key=_TEXT, api_secret=_TEXT
    ),
    "SubAccounts": _object(items=_listed(_ref("SubAccount")), total=_INTEGER),
    "Usage": _object(
        date=_typed("string", "the day, or the first of the month"),
        total_size_before=_BYTES,
        total_size_after=_BYTES,
        files_count=_INTEGER,
    ),
    "Consumption": _object(
        consumption=_object(last_days=_listed(_ref("Usage")), last_months=_listed(_ref("Usage"))),
        consumptions=_listed(_object(date=_INTEGER, consumption=_BYTES)),
    ),
    "Image": _object(
        id=_INTEGER,
        filename=_TEXT,
        width=_PIXELS,
        height=_PIXELS,
        size_before=_BYTES,
        size_after=_BYTES,
        saved=_typed("number", minimum=0, maximum=1),
        time=_MOMENT,
        expiration_date=_MOMENT,
        origin_url=_TEXT,
        optimized_url=_TEXT,
    ),
    "PageLink": _object(link=_TEXT, offset=_INTEGER, limit=_INTEGER),
    "Images": _object(items=_listed(_ref("Image")), total=_INTEGER, prev=_PAGE, next=_PAGE),
    "Success": _object(Success=_typed("boolean")),
}
_REASONS = {
    400: "The request, the file or its address cannot be used",
    401: "No such key, or a wrong secret",
    403: "The quota is spent, or a sub-account asked for sub-accounts",
    404: "Not there, expired, or somebody else's",
    408: "The request came too slowly",
    416: "The file has no such range",
    429: "Too much at once: see Retry-After",
    503: "The server cannot work now: see Retry-After",
}
_SUB_FIELDS = {
    "title": _TEXT,
    "description": _TEXT,
    "quota": _typed("integer", "bytes a period, 0 for no limit", minimum=0),
    "monthly_quota": _typed("integer", "another name of quota", minimum=0),
}
_UPLOAD_FIELDS = {
    "file": _typed("string", "an image or a PDF", format="binary"),
    "url": _typed("string", "where to fetch it, where the operator allows that"),
    "params": _typed(
        "string",
        "JSON: compression_type (lossy or lossless), resize {width, height},"
        " preserve_metas (a list of datetime, location, copyright, orientation, icc, density)",
    ),
}
#: what stands in a path; everything else there is a text
_IN_PATH = {"id": _INTEGER, "type": _typed("string", enum=["optimized", "original", "origin"])}
_IN_LIST = {
    "offset": "how many to pass over; 0",
    "limit": "how many at most; 30, never more than 100",
}


def document(public_url: str) -> Document:
    """The description of the server at `public_url`."""
    auth = {"type": "apiKey", "in": "query", "name": "auth"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ir-build server",
            "version": version("ir-build"),
            "description": "The ImageRecycle v1 API. Every path also answers with a slash at its"
            " end; `auth` may stand in the query or in any kind of body.",
        },
        "servers": [{"url": f"{public_url}/v1"}],
        "security": [{"auth": []}],
        "paths": _paths(),
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "auth": auth | {"description": 'JSON: {"key": "...", "secret": "..."}'}
            },
        },
    }


def _paths() -> Document:
    found: Document = {}

    def add(methods: str, path: str, summary: str, answer: str | None, **more: Any) -> None:
        for method in methods.split():
            found.setdefault(path, {})[method] = _operation(path, summary, answer, **more)

    sub, main = "/accounts/sub", (401, 403, 404)
    consumption = "What was sent in the last 30 days and 12 months"
    renewed = "Give a sub-account a new secret; the old one is dead"
    new_period = "Start a sub-account's period anew"
    delete_all = "Delete all images of the account"
    drawn = "The first page of a PDF of the account's, drawn with about a megapixel at most"
    file = "A file; no credentials are needed, the name does not matter"
    add("get", "/accounts/mine", "The account's limits and use", "Account")
    add("get", "/accounts/mine/consumption", consumption, "Consumption")
    add("get", sub, "All sub-accounts", "SubAccounts", errors=(401, 403))
    created: Document = {"status": 201, "errors": (400, 401, 403), "fields": _SUB_FIELDS}
    add("post", sub, "Make a sub-account", "SubAccount", **created)
    add("put post", f"{sub}/reset_secret/{{id}}", renewed, "SubAccount", errors=main)
    add("put post", f"{sub}/reset_quota/{{id}}", new_period, "SubAccount", errors=main)
    add("get", f"{sub}/{{id}}", "A sub-account", "SubAccount", errors=main)
    changed: Document = {"errors": (400, *main), "fields": _SUB_FIELDS}
    add("put", f"{sub}/{{id}}", "Change what is given", "SubAccount", **changed)
    add("delete", f"{sub}/{{id}}", "Delete a sub-account and its images", "Success", errors=main)
    add("get", "/images", "The images, the newest first", "Images", query=_IN_LIST)
    sent: Document = {"errors": (400, 401, 403, 408, 429), "fields": _UPLOAD_FIELDS}
    add("post", "/images", "Upload a file and have it compressed", "Image", status=201, **sent)
    add("delete", "/images", delete_all, None)
    add("delete", "/images/all", delete_all, None)
    zipped = "A zip of some of the account's files"
    add("get", "/images/zip/{type}/{ids}", zipped, "application/zip", errors=(401, 404))
    add("get", "/images/first-page/{type}/{id}", drawn, "image/png", errors=(400, 401, 404))
    add("get", "/images/{type}/{token}/{name}", file, "*/*", errors=(404, 416), is_open=True)
    add("get", "/images/{id}", "An image", "Image", errors=(401, 404))
    add("delete", "/images/{id}", "Delete an image", None, errors=(401, 404))
    return found


def _operation(
    path: str,
    summary: str,
    answer: str | None,
    *,
    status: int = 200,
    errors: tuple[int, ...] = (401,),
    query: dict[str, str] | None = None,
    fields: Document | None = None,
    is_open: bool = False,
) -> Document:
    """A call. `answer` is a schema or a media type; `is_open`: without credentials, in ranges."""
    success: Document = {"description": summary}
    if answer is not None and "/" in answer:
        success["content"] = {answer: {"schema": _typed("string", format="binary")}}
    elif answer is not None:
        success["content"] = {"application/json": {"schema": _ref(answer)}}
    answers = {str(status if answer else 204): success}
    if is_open:
        answers["206"] = success | {"description": "The one range of it that was asked for"}
    failed = {"application/json": {"schema": _ref("Error")}}
    for error in sorted({*errors, 429, 503}):
        answers[str(error)] = {"description": _REASONS[error], "content": failed}
    found: Document = {"summary": summary, "responses": answers}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _IN_PATH.get(name, _TEXT)}
        for name in re.findall(r"{(\w+)}", path)
    ] + [
        {"name": name, "in": "query", "schema": _INTEGER, "description": text}
        for name, text in (query or {}).items()
    ]
    if parameters:
        found["parameters"] = parameters
    if fields:
        body = {"schema": {"type": "object", "properties": fields}}
        kinds = ("multipart/form-data", "application/x-www-form-urlencoded")
        found["requestBody"] = {"content": dict.fromkeys(kinds, body)}
    return found | ({"security": []} if is_open else {})
