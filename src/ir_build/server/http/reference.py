"""The API described for people: a plain page made from the document for machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from .openapi import document
from .pages import HEADERS
from .responses import document as json_answer

if TYPE_CHECKING:
    from starlette.requests import Request

    from .openapi import Document

_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<link rel="stylesheet" href="reference.css"><link rel="icon" href="icon.svg" type="image/svg+xml">
</head><body><main><h1>The API of this server</h1><p>{about}</p>
<p>Below <code>{url}</code>; for machines: <a href="openapi.json">openapi.json</a>.</p>
<pre>curl -X GET -d 'auth={{"key":"...","secret":"..."}}' '{url}/accounts/mine'</pre>"""


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
    title, about = (escape(described["info"][name]) for name in ("title", "description"))
    about = re.sub("`(.*?)`", r"<code>\1</code>", about)  # it is Markdown
    yield _HEAD.format(title=title, about=about, url=escape(described["servers"][0]["url"]))
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{method.upper()} {path}</code></h2><p>{escape(operation['summary'])}.</p>"
            fields = {one["name"]: one["schema"] | one for one in operation.get("parameters", [])}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                fields |= content["schema"]["properties"]
            yield _table(fields) if fields else ""
            answers = operation["responses"].items()
            yield f"<ul>{''.join(_answer(status, answer) for status, answer in answers)}</ul>"
    yield "<h2>Shapes</h2>"
    for name, schema in described["components"]["schemas"].items():
        yield f'<h3 id="{name}">{name}</h3>{_table(schema["properties"])}'
    yield "</main></body></html>"


def _answer(status: str, answer: Document) -> str:
    shapes = "".join(
        f" ({_type(content['schema']) if '$ref' in content['schema'] else kind})"
        for kind, content in answer.get("content", {}).items()
    )
    return f"<li>{status}: {escape(answer['description'])}{shapes}</li>"


def _table(fields: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{_type(schema)}</td>"
        f"<td>{escape(schema.get('description', ''))}</td></tr>"
        for name, schema in fields.items()
    )
    return f"<table><tr><th>field</th><th>type</th><th></th></tr>{rows}</table>"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "oneOf" in schema:
        return " or ".join(map(_type, schema["oneOf"]))
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if "properties" in schema:
        return _table(schema["properties"])
    return ", ".join(schema.get("enum", [])) or str(schema["type"])
