"""Puts tables of settings, the server's calls and the report's schema into the documentation."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from ir_build.server.http.openapi import document
from ir_build.server.settings import Settings
from ir_build.settings import SETTINGS

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_MARK = "<!-- the table of settings -->"
_CALLS_MARK = "<!-- the table of calls -->"
_SERVER_MARK = "<!-- the table of server settings -->"


def on_files(found: Files, config: MkDocsConfig) -> Files:
    """Publish the schema of the report beside its page."""
    schema = files("ir_build.report").joinpath("schema/report-1.json").read_bytes()
    found.append(File.generated(config, "report-1.json", content=schema))
    return found


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
