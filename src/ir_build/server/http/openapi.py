"""The API described for machines: an OpenAPI 3.1 document of every endpoint."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

Document = dict[str, Any]

_INTEGER: Document = {"type": "integer"}
_TEXT: Document = {"type": "string"}
_BYTES: Document = {"type": "integer", "minimum": 0, "description": "bytes"}
_MOMENT: Document = {"type": "string", "description": "YYYY-MM-DD HH:MM:SS, UTC"}


def _object(properties: Document) -> Document:
    return {"type": "object", "required": list(properties), "properties": properties}


def _listed(schema: str) -> Document:
    return {"type": "array", "items": _ref(schema)}


def _ref(schema: str) -> Document:
    return {"$ref": f"#/components/schemas/{schema}"}


_LIMITS: Document = {
    "quota_start": {"type": "integer", "description": "start of the period, Unix seconds"},
    "quota_end": {"type": "integer", "description": "end of the period, Unix seconds"},
    "quota_current": {"type": "integer", "description": "bytes charged in the period"},
    "quota_allowed": {"type": "integer", "description": "bytes a period; 0 or less: no limit"},
    "file_max_size": {"type": "integer", "description": "largest upload, bytes"},
    "quota_file_max_size": {"type": "integer", "description": "the same"},
}
_USAGE: Document = {
    "date": {"type": "string", "description": "the day, or the first of the month"},
    "total_size_before": _BYTES,
    "total_size_after": _BYTES,
    "files_count": _INTEGER,
}
_SCHEMAS: Document = {
    "Error": _object(
        {"errCode": {"type": "integer", "description": "the HTTP status"}, "errMessage": _TEXT}
    ),
    "Account": _object(_LIMITS),
    "SubAccount": _object(
        {
            "id": _INTEGER,
            "title": _TEXT,
            "description": _TEXT,
            **_LIMITS,
            "api_key": _TEXT,
            "api_secret": _TEXT,
        }
    ),
    "SubAccounts": _object({"items": _listed("SubAccount"), "total": _INTEGER}),
    "Usage": _object(_USAGE),
    "Consumption": _object(
        {
            "consumption": _object(
                {"last_days": _listed("Usage"), "last_months": _listed("Usage")}
            ),
            "consumptions": {
                "type": "array",
                "items": _object({"date": _INTEGER, "consumption": _BYTES}),
            },
        }
    ),
    "Image": _object(
        {
            "id": _INTEGER,
            "filename": _TEXT,
            "width": {"type": "integer", "description": "pixels; 0 for a PDF"},
            "height": {"type": "integer", "description": "pixels; 0 for a PDF"},
            "size_before": _BYTES,
            "size_after": _BYTES,
            "saved": {"type": "number", "minimum": 0, "maximum": 1},
            "time": _MOMENT,
            "expiration_date": _MOMENT,
            "origin_url": _TEXT,
            "optimized_url": _TEXT,
        }
    ),
    "PageLink": _object({"link": _TEXT, "offset": _INTEGER, "limit": _INTEGER}),
    "Images": _object(
        {
            "items": _listed("Image"),
            "total": _INTEGER,
            "prev": {"oneOf": [_ref("PageLink"), {"type": "null"}]},
            "next": {"oneOf": [_ref("PageLink"), {"type": "null"}]},
        }
    ),
    "Success": _object({"Success": {"type": "boolean"}}),
}

_REASONS = {
    400: "The request, the file or its address cannot be used",
    401: "No such key, or a wrong secret",
    403: "The quota is spent, or a sub-account asked for sub-accounts",
    404: "Not there, expired, or somebody else's",
    416: "The file has no such range",
    429: "Too much at once: see Retry-After",
    503: "The server cannot work now: see Retry-After",
}
_SUB_FIELDS: Document = {
    "title": _TEXT,
    "description": _TEXT,
    "quota": {"type": "integer", "minimum": 0, "description": "bytes a period, 0 for no limit"},
    "monthly_quota": {"type": "integer", "minimum": 0, "description": "another name of quota"},
}
_UPLOAD_FIELDS: Document = {
    "file": {"type": "string", "format": "binary", "description": "an image or a PDF"},
    "url": {"type": "string", "description": "where to fetch it, where the operator allows that"},
    "params": {
        "type": "string",
        "description": "JSON: compression_type (lossy or lossless), resize {width, height},"
        " preserve_metas (a list of datetime, location, copyright, orientation, icc, density)",
    },
}


def document(public_url: str) -> Document:
    """The description of the server at `public_url`."""
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
                "auth": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "auth",
                    "description": 'JSON: {"key": "...", "secret": "..."}',
                }
            },
        },
    }


def _paths() -> Document:
    sub, image = _in_path("id", _INTEGER), _in_path("id", _INTEGER)
    only_main = (401, 403, 404)
    resets: Document = {}
    for name, summary in (
        ("reset_secret", "Give a sub-account a new secret; the old one is dead"),
        ("reset_quota", "Start a sub-account's period anew"),
    ):
        operation = _operation(summary, "SubAccount", errors=only_main, parameters=[sub])
        resets[f"/accounts/sub/{name}/{{id}}"] = {"put": operation, "post": operation}
    delete_all = _operation("Delete all images of the account", None, 204)
    return {
        "/accounts/mine": {"get": _operation("The account's limits and use", "Account")},
        "/accounts/mine/consumption": {
            "get": _operation("What was sent in the last 30 days and 12 months", "Consumption")
        },
        "/accounts/sub": {
            "get": _operation("All sub-accounts", "SubAccounts", errors=(401, 403)),
            "post": _operation(
                "Make a sub-account", "SubAccount", 201, errors=(400, 401, 403), fields=_SUB_FIELDS
            ),
        },
        **resets,
        "/accounts/sub/{id}": {
            "get": _operation("A sub-account", "SubAccount", errors=only_main, parameters=[sub]),
            "put": _operation(
                "Change what is given",
                "SubAccount",
                errors=(400, *only_main),
                parameters=[sub],
                fields=_SUB_FIELDS,
            ),
            "delete": _operation(
                "Delete a sub-account and its images", "Success", errors=only_main, parameters=[sub]
            ),
        },
        "/images": {
            "get": _operation(
                "The images, the newest first",
                "Images",
                parameters=[
                    _in_query("offset", "how many to pass over; 0"),
                    _in_query("limit", "how many at most; 30, never more than 100"),
                ],
            ),
            "post": _operation(
                "Upload a file and have it compressed",
                "Image",
                201,
                errors=(400, 401, 403, 408, 429),
                fields=_UPLOAD_FIELDS,
            ),
            "delete": delete_all,
        },
        "/images/all": {"delete": delete_all},
        "/images/zip/{type}/{ids}": {
            "get": _operation(
                "A zip of some of the account's files",
                "application/zip",
                errors=(401, 404),
                parameters=[_kind(), _in_path("ids", _TEXT)],
            )
        },
        "/images/first-page/{type}/{id}": {
            "get": _operation(
                "The first page of a PDF of the account's, drawn with about a megapixel at most",
                "image/png",
                errors=(400, 401, 404),
                parameters=[_kind(), image],
            )
        },
        "/images/{type}/{token}/{name}": {
            "get": {
                **_operation(
                    "A file; no credentials are needed, the name does not matter",
                    "*/*",
                    part=True,
                    errors=(404, 416),
                    parameters=[_kind(), _in_path("token", _TEXT), _in_path("name", _TEXT)],
                ),
                "security": [],
            }
        },
        "/images/{id}": {
            "get": _operation("An image", "Image", errors=(401, 404), parameters=[image]),
            "delete": _operation(
                "Delete an image", None, 204, errors=(401, 404), parameters=[image]
            ),
        },
    }


def _operation(
    summary: str,
    schema: str | None,
    status: int = 200,
    *,
    errors: tuple[int, ...] = (401,),
    parameters: list[Document] | None = None,
    fields: Document | None = None,
    part: bool = False,
) -> Document:
    found: Document = {"summary": summary, "responses": {str(status): {"description": summary}}}
    if schema is not None:
        kind, content = ("application/json", _ref(schema))
        if "/" in schema:
            kind, content = (schema, {"type": "string", "format": "binary"})
        found["responses"][str(status)]["content"] = {kind: {"schema": content}}
        if part:
            some = {"description": "The one range of it that was asked for"}
            found["responses"]["206"] = {**some, "content": {kind: {"schema": content}}}
    for error in sorted({*errors, 429, 503}):
        found["responses"][str(error)] = {
            "description": _REASONS.get(error, "The request came too slowly"),
            "content": {"application/json": {"schema": _ref("Error")}},
        }
    if parameters:
        found["parameters"] = parameters
    if fields:
        body = {"schema": {"type": "object", "properties": fields}}
        kinds = ["multipart/form-data", "application/x-www-form-urlencoded"]
        found["requestBody"] = {"content": dict.fromkeys(kinds, body)}
    return found


def _in_path(name: str, schema: Document) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, description: str) -> Document:
    return {"name": name, "in": "query", "schema": _INTEGER, "description": description}


def _kind() -> Document:
    return _in_path("type", {"type": "string", "enum": ["optimized", "original", "origin"]})
