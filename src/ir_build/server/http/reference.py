"""The API described for people: a plain page made from the document for machines."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from .openapi import document
from .pages import HEADERS
from .responses import document as json_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from .openapi import Document


def routes(public_url: str) -> list[Route]:
    """The routes /openapi.json and /docs."""
    described = document(public_url)
    page = "\n".join(_page(described))

    async def openapi(_: Request) -> Response:
        return json_answer(described)

    async def docs(_: Request) -> Response:
        return Response(page, 200, HEADERS, "text/html; charset=utf-8")

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


def _page(described: Document) -> Iterator[str]:
    info, url = described["info"], described["servers"][0]["url"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f'<title>{escape(info["title"])}</title><link rel="stylesheet" href="reference.css">'
    about = re.sub("`(.*?)`", r"<code>\1</code>", escape(info["description"]))  # it is Markdown
    yield '<link rel="icon" href="icon.svg" type="image/svg+xml">'
    yield f"</head><body><main><h1>The API of this server</h1><p>{about}</p>"
    yield f"<p>Below <code>{escape(url)}</code>; for machines: "
    yield '<a href="openapi.json">openapi.json</a>.</p>'
    example = f'curl -X GET -d \'auth={{"key":"...","secret":"..."}}\' \'{url}/accounts/mine\''
    yield f"<pre>{escape(example)}</pre>"
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield from _operation(path, method, operation)
    yield "<h2>Shapes</h2>"
    for name, schema in described["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
        yield _table(schema["properties"])
    yield "</main></body></html>"


def _operation(path: str, method: str, operation: Document) -> Iterator[str]:
    yield f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
    yield f"<p>{escape(operation['summary'])}.</p>"
    fields = {one["name"]: one["schema"] | one for one in operation.get("parameters", [])}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        fields |= content["schema"]["properties"]
    if fields:
        yield _table(fields)
    yield "<ul>"
    for status, answer in operation["responses"].items():
        shape = ""
        for kind, content in answer.get("content", {}).items():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            link = f'<a href="#{escape(name)}">{escape(name)}</a>' if name else escape(kind)
            shape = f" ({link})"
        yield f"<li>{status}: {escape(answer['description'])}{shape}</li>"
    yield "</ul>"


def _table(fields: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(schema)}</td>"
        f"<td>{escape(schema.get('description', ''))}</td></tr>"
        for name, schema in fields.items()
    )
    return f"<table><tr><th>field</th><th>type</th><th></th></tr>{rows}</table>"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "oneOf" in schema:
        return " or ".join(map(_type, schema["oneOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "properties" in schema:
        return _table(schema["properties"])
    return escape(", ".join(schema.get("enum", [])) or str(schema.get("type")))
