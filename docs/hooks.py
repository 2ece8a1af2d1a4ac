"""Puts the table of settings into the documentation, from the code that reads them."""

from __future__ import annotations

from dataclasses import fields

from ir_build.server.settings import Settings
from ir_build.settings import SETTINGS

_MARK = "<!-- the table of settings -->"
_SERVER_MARK = "<!-- the table of server settings -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace the mark by the table; `per file` are those that `overrides` may set."""
    rows = ["| setting | value | default | |", "|-|-|-|-|"]
    for setting in SETTINGS:
        default = "" if setting.default in (None, []) else f"`{setting.default}`".lower()
        per_file = " (per file)" if setting.per_file else ""
        value = setting.metavar.replace("|", "\\|")
        rows.append(f"| `{setting.name}` | `{value}` | {default} | {setting.help}{per_file} |")
    return markdown.replace(_MARK, "\n".join(rows)).replace(_SERVER_MARK, _server_settings())


def _server_settings() -> str:
    rows = ["| setting | default | |", "|-|-|-|"]
    for setting in fields(Settings):
        default = setting.default if isinstance(setting.default, (str, int, float)) else ""
        shown = f"`{default}`" if default != "" else ""
        rows.append(f"| `{setting.name}` | {shown} | {setting.metadata['help']} |")
    return "\n".join(rows)
