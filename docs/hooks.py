"""Puts into the documentation what the package has: tables of settings and calls, the schema, the slider."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import resources
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from ir_build.server.http.openapi import document
from ir_build.server.settings import Settings
from ir_build.settings import SETTINGS

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_SLIDER = ("slider.js", "slider.css")
# A table of pictures, as `python benchmarks --places` prints it: names, pictures, what is told of them.
_PICTURES = re.compile(r"<table>(?:(?!</table>).)*?<img.*?</table>", re.DOTALL)
_CELL = re.compile(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", re.DOTALL)

_MARK = "<!-- the table of settings -->"
_CALLS_MARK = "<!-- the table of calls -->"
_SERVER_MARK = "<!-- the table of server settings -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace each mark by its table; `per file` are those that `overrides` may set."""
    rows = ["| setting | value | default | |", "|-|-|-|-|"]
    for setting in SETTINGS:
        default = "" if setting.default in (None, []) else f"`{setting.default}`".lower()
        per_file = " (per file)" if setting.per_file else ""
        value = setting.metavar.replace("|", "\\|")
        rows.append(f"| `{setting.name}` | `{value}` | {default} | {setting.help}{per_file} |")
    markdown = markdown.replace(_MARK, "\n".join(rows)).replace(_CALLS_MARK, _calls())
    return markdown.replace(_SERVER_MARK, _server_settings())


def on_files(files: Files, *, config: MkDocsConfig) -> None:
    """Add the slider, which the report and the server's page have, too, and the schema of the report."""
    package = resources.files("ir_build")
    schema = package.joinpath("report", "schema", "report-1.json")
    for path in (schema, *(package.joinpath("web", name) for name in _SLIDER)):
        files.append(File.generated(config, path.name, content=path.read_bytes()))


def on_page_content(html: str, **_: object) -> str:
    """Make sliders of tables of pictures, of which the first is the original."""
    return _PICTURES.sub(_slider, html)


def _slider(table: re.Match[str]) -> str:
    cells = _CELL.findall(table[0])
    count = len(cells) // 3
    names, pictures, told = (cells[at : at + count] for at in range(0, len(cells), count))
    label = re.search(r'alt="([^",]*)', pictures[0])
    figures = "".join(
        f"<figure>{picture}<figcaption><b>{name.capitalize()}</b> {text}</figcaption></figure>"
        for name, picture, text in zip(names, pictures, told, strict=True)
    )
    return f'<div class="ir-slider" data-label="{label[1] if label else ""}">{figures}</div>'


def _server_settings() -> str:
    rows = ["| setting | default | |", "|-|-|-|"]
    for setting in fields(Settings):
        default = setting.default if isinstance(setting.default, (str, int, float)) else ""
        shown = f"`{default}`" if default != "" else ""
        rows.append(f"| `{setting.name}` | {shown} | {setting.metadata['help']} |")
    return "\n".join(rows)


def _calls() -> str:
    rows = ["| call | what it does | fields | answers |", "|-|-|-|-|"]
    for path, methods in document("")["paths"].items():
        for method, call in methods.items():
            bodies = call.get("requestBody", {}).get("content", {})
            names = [one["name"] for one in call.get("parameters", []) if one["in"] == "query"]
            names += bodies["multipart/form-data"]["schema"]["properties"] if bodies else []
            fields_ = ", ".join(f"`{name}`" for name in names)
            answers = ", ".join(call["responses"])
            rows.append(
                f"| `{method.upper()} {path}` | {call['summary']} | {fields_} | {answers} |"
            )
    return "\n".join(rows)
