"""The difference of two reports as text, Markdown and HTML."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from .escape import markdown, printable
from .html.text import GENERATOR
from .numbers import change, size

if TYPE_CHECKING:
    from .diff import Change, Diff, PageChange

_PAGES = "Pictures that a page loads on a desktop"


def headline(found: Diff) -> str:
    """Before and after of the whole site, in one line."""
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
    return (
        f"{size(found.before)} -> {size(found.after)} ({change(found.before, found.after)}): "
        f"{counts or 'no file has changed'}"
    )


def to_text(found: Diff, *, rows: int | None = None) -> str:
    """The whole in one line, then a line for each change, the largest first; at most `rows`."""
    lines = [headline(found), *map(printable, found.notes)]
    if found.changes:
        lines += ["", *map(_line, found.changes[:rows]), *_more(found.changes, rows)]
    if found.pages:
        lines += ["", f"{_PAGES}:", *map(_page_line, found.pages[:rows]), *_more(found.pages, rows)]
    return "\n".join(lines) + "\n"


def to_markdown(found: Diff, *, rows: int | None = None) -> str:
    """The whole in one line, then a table of the changes; at most `rows` in it."""
    lines = [f"**{headline(found)}**\n", *(f"> {markdown(one)}\n" for one in found.notes)]
    if found.changes:
        lines += ["| | file | before | after | change | |", "|-|-|-:|-:|-:|-|"]
        for one in found.changes[:rows]:
            cells = [one.kind, markdown(one.name), *_sizes(one), markdown(one.remark)]
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", *(f"{one}\n" for one in _more(found.changes, rows))]
    if found.pages:
        lines += [f"### {_PAGES}\n", "| page | before | after | change |", "|-|-:|-:|-:|"]
        for page in found.pages[:rows]:
            lines.append(f"| {' | '.join([markdown(page.page), *_page_sizes(page)])} |")
        lines += ["", *_more(found.pages, rows)]
    return "\n".join(lines).rstrip() + "\n"


def to_html(found: Diff, *, rows: int | None = None) -> str:
    """One page of its own, without script, which loads nothing."""
    return "".join(_html(found, rows))


def _html(found: Diff, rows: int | None) -> Iterator[str]:
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"{GENERATOR}\n"
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; style-src 'sha256-{digest}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Images and PDFs: what has changed</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><main>\n<h1>Images and PDFs: what has changed</h1>\n"
        f"<p><strong>{_text(headline(found))}</strong></p>\n"
    )
    for note in found.notes:
        yield f"<p>{_text(note)}</p>\n"
    if found.changes:
        heads = ["What", "File", "Before", "After", "Change", "Remark"]
        table = [[one.kind, one.name, *_sizes(one), one.remark] for one in found.changes[:rows]]
        yield from _table("Files, the largest change first", heads, table)
        yield from (f"<p>{one}</p>\n" for one in _more(found.changes, rows))
    if found.pages:
        table = [[page.page, *_page_sizes(page)] for page in found.pages[:rows]]
        yield from _table(_PAGES, ["Page", "Before", "After", "Change"], table)
        yield from (f"<p>{one}</p>\n" for one in _more(found.pages, rows))
    yield "</main></body></html>\n"


def _table(caption: str, heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    """A table whose rows are headed by their names: of a file or a page."""
    # Roles are told, since on a phone the parts of the table are laid out as blocks.
    kind = "files" if "File" in heads else "pages"
    yield f'<table role="table" class="{kind}"><caption>{_text(caption)}</caption>\n'
    yield '<thead role="rowgroup"><tr role="row">'
    yield from (f'<th role="columnheader" scope="col">{head}</th>' for head in heads)
    yield '</tr></thead>\n<tbody role="rowgroup">\n'
    for cells in rows:
        yield '<tr role="row">'
        for head, cell in zip(heads, cells, strict=True):
            named = head in ("File", "Page")
            tag = 'th role="rowheader" scope="row"' if named else 'td role="cell"'
            yield f"<{tag}>{_text(cell)}</{tag[:2]}>"
        yield "</tr>\n"
    yield "</tbody></table>\n"


def _text(text: str) -> str:
    return escape(printable(text))


def _more(found: tuple[object, ...], rows: int | None) -> list[str]:
    left = 0 if rows is None else len(found) - rows
    return [f"and {left} more"] if left > 0 else []


def _sizes(one: Change) -> list[str]:
    """Before, after and the difference, each empty where it says nothing."""
    before = "" if one.kind == "new" else size(one.before)
    after = "" if one.kind == "gone" else size(one.after)
    return [before, after, change(one.before, one.after) if one.growth else ""]


def _page_sizes(page: PageChange) -> list[str]:
    return [size(page.before), size(page.after), change(page.before, page.after)]


def _line(one: Change) -> str:
    told = [f"{size(one.before)} -> {size(one.after)}"] if one.before and one.after else []
    told += [one.remark] if one.remark else []
    remark = f"  ({printable('; '.join(told))})" if told else ""
    growth = change(one.before, one.after).partition(",")[0] if one.growth else ""
    return f"{one.kind:<8}{growth:>10}  {printable(one.name)}{remark}"


def _page_line(page: PageChange) -> str:
    told = f"{size(page.before)} -> {size(page.after)}"
    growth = change(page.before, page.after).partition(",")[0]
    return f"{growth:>18}  {printable(page.page)}  ({told})"


_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
table { width: 100%; border-collapse: collapse; margin: 1.5rem 0; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid #ccc; white-space: nowrap; font-variant-numeric: tabular-nums; }
tbody th { font-weight: 400; }
tbody th, td:nth-child(6) { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid #ccc; }
  tbody th, tbody td { display: block; border: 0; padding: 0; min-width: 0; white-space: normal; }
  td:empty { display: none; }
  .files td:nth-child(3)::before, .pages td:nth-child(2)::before { content: "before: "; }
  .files td:nth-child(4)::before, .pages td:nth-child(3)::before { content: "after: "; }
  .files td:nth-child(5)::before, .pages td:nth-child(4)::before { content: "change: "; }
}
@media (prefers-color-scheme: dark) {
  body { color: #e8e8e8; background: #161616; }
  th, td, tr { border-color: #444 !important; }
}
@media print { body { color: #000; background: #fff; } }
"""

#: suffix of a file to the function that writes its text
FORMS: dict[str, Callable[..., str]] = {".txt": to_text, ".md": to_markdown, ".html": to_html}
