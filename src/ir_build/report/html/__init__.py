"""The report as one HTML file that asks nobody for anything.

It is read without its script, too; that adds sorting, a filter and the slider. Names of files are text,
never markup, and the page allows no other script and no other style than its own.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from ..numbers import duration, files, share, size
from .pictures import pictures_section, worst_first
from .tables import files_table, largest_files, largest_table, types_table, what_to_do
from .text import anchor, safe
from .treemap import treemap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...advice import Finding, Kind
    from ..totals import Totals

# Files or pages that are named under one kind of finding.
_NAMED = 8


def to_html(report: Totals) -> str:
    """The whole report, with every file."""
    style = _resource("web", "slider.css") + _resource("report", "html", "style.css")
    script = _resource("web", "slider.js") + _resource("report", "html", "script.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    title = f"{size(report.saved)} saved: images and PDFs"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{title}</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n{''.join(_body(report))}\n"
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def _resource(*path: str) -> str:
    return resources.files("ir_build").joinpath(*path).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _body(report: Totals) -> Iterator[str]:
    yield f"<header><h1>Images and PDFs</h1>{_totals(report)}</header><main>"
    if report.outcomes:
        yield _glance(report)
        yield from _sections(report)
    yield (
        "</main><footer><p>Made by ir-build. A score is SSIMULACRA2's: 80 is not told apart side by side, "
        "100 is the same picture. The pictures here are without loss, so that what is seen is what was "
        "lost before; <code>report_pictures: 0</code> leaves them out.</p></footer>"
    )


def _totals(report: Totals) -> str:
    if not report.outcomes:
        return "<p class=sum>No images or PDFs found.</p>"
    told = f"in {files(len(report.outcomes))}, by {safe(report.backend)}, in {duration(report.seconds)}"
    counts = ", ".join(f"{count:,} {status}" for status, count in report.counts.items())
    cached = "<p>Everything was cached: nothing was compressed in this run.</p>"
    return (
        f"<p class=sum><b>{size(report.before)} → {size(report.after)}</b> saved {size(report.saved)} "
        f"({share(report.saved, report.before)}) {told}</p><p class=muted>{counts}</p>"
        + (cached if report.all_cached else "")
        + "".join(f"<p class=warning>{safe(line)}</p>" for line in report.warnings)
    )


def _glance(report: Totals) -> str:
    """The three things that most people open a report for."""
    largest = largest_files(report)[0]
    cards = [
        ("Largest file left", f"<b>{safe(largest.name)}</b> {size(largest.after)}", "largest"),
        ("Worst-looking picture", *_worst(report)),
        ("What to do next", *_to_do(report)),
    ]
    shown = "".join(
        f"<li><h2>{title}</h2><p>{text}</p>"
        + (f'<p><a href="#{link}">{_LINKS[title]}</a></p>' if link else "")
        + "</li>"
        for title, text, link in cards
    )
    return f'<ul class="glance">{shown}</ul>'


_LINKS = {
    "Largest file left": "Why it stays so",
    "Worst-looking picture": "Look at it",
    "What to do next": "How",
}


def _worst(report: Totals) -> tuple[str, str]:
    scored = [one for one in report.optimised if one.score is not None]
    worst = min(scored, key=lambda one: (one.score, one.name), default=None)
    if worst is None:
        lossy = any(one.lossy for one in report.optimised)
        return ("No score is known." if lossy else "Nothing was lost: every pixel is as it was."), ""
    shown = next((one for one in report.pictures if one.name == worst.name), None)
    link = anchor(worst.name) if shown else "pictures" if report.pictures else ""
    return f"<b>{safe(worst.name)}</b> score {worst.score:.1f}", link


def _to_do(report: Totals) -> tuple[str, str]:
    if report.failed:
        mend = what_to_do(report.failed[0])
        return f"<b>{files(len(report.failed))} could not be worked on.</b> {mend}", "failed"
    if report.findings:
        kind, found = _by_kind(report)[0]
        stake = sum(one.at_stake for one in found)
        more = f" {size(stake)} at stake." if stake else ""
        return f"<b>{safe(kind.title)}</b>: {len(found)}.{more}", "findings"
    if report.skipped:
        return f"<b>{files(len(report.skipped))} met a limit.</b> Raise timeout or memory_limit.", "failed"
    if report.advice:
        return safe(report.advice[0]), "findings"
    return "Nothing: all is as small as the settings allow.", ""


def _sections(report: Totals) -> Iterator[str]:
    if report.failed or report.skipped:
        yield _section("failed", "What could not be worked on", "".join(_troubles(report)))
    if report.findings or report.advice:
        yield _section("findings", "What could still be done", "".join(_findings(report)))
    yield _section("types", "What it weighs", types_table(report.outcomes) + treemap(report.outcomes))
    yield _section("largest", "The largest files left", largest_table(report))
    if report.pictures:
        told = "<p>The lowest score first. Move the line, or show one side alone.</p>"
        body = "".join(pictures_section(report.pictures))
        yield _section("pictures", "What was lost", f"{told}<div class=pictures>{body}</div>")
    if report.pages is not None:
        lines = "".join(f"<li>{safe(line)}</li>" for line in report.pages.lines())
        yield _section("pages", "Pages", f"<ul>{lines}</ul>")
    yield _section("files", "Every file", "".join(files_table(report.outcomes)))


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{body}</section>'


def _troubles(report: Totals) -> Iterator[str]:
    yield "<ul class=troubles>"
    for failed in report.failed:
        where = "Missing from the output." if failed.is_missing else "Shipped as it was."
        yield (
            f"<li><b>{safe(failed.name)}</b>: {safe(failed.message)}. {where} "
            f"<span class=mend>{what_to_do(failed)}</span></li>"
        )
    for skipped in report.skipped:
        yield (
            f"<li><b>{safe(skipped.name)}</b>: skipped, {safe(skipped.why)}. Shipped as it was. "
            "<span class=mend>With a higher limit it is tried again.</span></li>"
        )
    yield "</ul>"


def _by_kind(report: Totals) -> list[tuple[Kind, list[Finding]]]:
    """Findings by their kind, the most bytes at stake first."""
    kinds: dict[Kind, list[Finding]] = {}
    for finding in report.findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return sorted(kinds.items(), key=lambda one: (-sum(found.at_stake for found in one[1]), one[0]))


def _findings(report: Totals) -> Iterator[str]:
    for kind, found in _by_kind(report):
        stake = sum(one.at_stake for one in found)
        yield (
            f"<article class=finding><h3>{safe(kind.title)}"
            f"{f' <small>{size(stake)} at stake</small>' if stake else ''}</h3>"
            f"<p class=mend>{safe(kind.mend)}</p><ul>"
        )
        listed = sorted(found, key=lambda one: (-one.at_stake, one.name))
        yield from map(_finding, listed[:_NAMED])
        yield "</ul>"
        if len(listed) > _NAMED:
            rest = "".join(map(_finding, listed[_NAMED:]))
            yield f"<details><summary>{len(listed) - _NAMED} more</summary><ul>{rest}</ul></details>"
        yield "</article>"
    if report.advice:
        yield f"<ul>{''.join(f'<li>{safe(line)}</li>' for line in report.advice)}</ul>"


def _finding(finding: Finding) -> str:
    stake = f" <small>{size(finding.at_stake)}</small>" if finding.at_stake else ""
    return f"<li><b>{safe(finding.name)}</b>: {safe(finding.text)}{stake}</li>"
