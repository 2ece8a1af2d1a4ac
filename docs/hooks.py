"""Puts the table of settings into the documentation, from the code that reads them."""

from __future__ import annotations

from ir_build.settings import SETTINGS

_MARK = "<!-- the table of settings -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace the mark by the table; `per file` are those that `overrides` may set."""
    rows = ["| setting | value | default | |", "|-|-|-|-|"]
    for setting in SETTINGS:
        default = "" if setting.default in (None, []) else f"`{setting.default}`".lower()
        per_file = " (per file)" if setting.per_file else ""
        value = setting.metavar.replace("|", "\\|")
        rows.append(f"| `{setting.name}` | `{value}` | {default} | {setting.help}{per_file} |")
    return markdown.replace(_MARK, "\n".join(rows))
