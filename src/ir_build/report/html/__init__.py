"""The report as one HTML file that asks nobody for anything.

It is read without its script, too; that adds sorting, a filter and the slider. Names of files are text,
never markup, and the page allows no other script and no other style than its own.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from itertools import islice
from typing import TYPE_CHECKING

from ...outcome import STATUSES
from ..findings import in_groups, next_step
from ..mend import what_mends
from ..numbers import duration, files, share, size
from .pictures import pictures_section
from .tables import files_table, largest_files, largest_table, types_table, what_to_do
from .text import GENERATOR, anchor, safe
from .treemap import treemap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...advice import Finding
    from ..totals import Totals
    from ..verdict import Verdict

# Files or pages that are named under one kind of finding.
_NAMED = 8
# Things to do that stand at the top.
_STEPS = 3


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
        f"{GENERATOR}\n"
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
    warnings = "".join(f"<p class=warning>{safe(line)}</p>" for line in report.warnings)
    if not report.outcomes:
        told = "Interrupted." if report.interrupted else "No images or PDFs found."
        return f"<p class=sum>{told}</p>{warnings}"
    told = f"in {files(len(report.outcomes))}, by {safe(report.backend)}, in {duration(report.seconds)}"
    counts = ", ".join(
        f"{count:,} {status}" for status in STATUSES if (count := report.counts[status])
    )
    interrupted = (
        "<p class=warning>The run was interrupted: files that were not done are missing here.</p>"
    )
    cached = "<p>Everything was cached: nothing was compressed in this run.</p>"
    return (
        f"<p class=sum><b>{size(report.before)} → {size(report.after)}</b> saved {size(report.saved)} "
        f"({share(report.saved, report.before)}) {told}</p><p class=muted>{counts}</p>"
        + (cached if report.all_cached else "")
        + (interrupted if report.interrupted else "")
        + warnings
    )


def _glance(report: Totals) -> str:
    """The three things that most people open a report for."""
    largest = largest_files(report)[0]
    weighs = f"<p><b>{safe(largest.name)}</b> {size(largest.after)}</p>"
    steps = list(islice(_steps(report), _STEPS))
    cards = (
        ("Largest file left", f"{weighs}<p><a href=#largest>Why it stays so</a></p>"),
        ("Worst-looking picture", _worst(report)),
        (
            "What to do next",
            f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol>"
            if steps
            else "<p>Nothing: all is as small as the settings allow.</p>",
        ),
    )
    shown = "".join(f"<li><h2>{title}</h2>{text}</li>" for title, text in cards)
    return f"<ul class=glance>{shown}</ul>"


def _worst(report: Totals) -> str:
    scored = [(one.score, one.name) for one in report.optimised if one.score is not None]
    if not scored:
        lossy = any(one.lossy for one in report.optimised)
        return f"<p>{'No score is known.' if lossy else 'Nothing was lost.'}</p>"
    score, name = min(scored)
    told = f"<p><b>{safe(name)}</b> score {score:.1f}</p>"
    if any(one.name == name for one in report.pictures):
        told += f'<p><a href="#{anchor(name)}">Look at it</a></p>'
    return told


def _steps(report: Totals) -> Iterator[str]:
    """What is worth doing, the most urgent first."""
    if report.exceeded:
        told = "1 budget is" if len(report.exceeded) == 1 else f"{len(report.exceeded)} budgets are"
        yield f"<a href=#budgets>{told} exceeded</a>. {safe(report.exceeded[0].mend)}"
    if report.failed:
        told = f"{files(len(report.failed))} could not be worked on"
        first = (report.missing or report.failed)[0]
        yield f"<a href=#failed>{told}</a>. {safe(f'{first.name}: {what_mends(first)}')}."
    best = next_step(report.findings)
    for group in [best, *(one for one in in_groups(report.findings) if one != best)]:
        if group is not None:
            more = f", {size(group.at_stake)} at stake" if group.at_stake else ""
            yield f"<a href=#findings>{safe(group.title)}</a>{more}."
    if report.skipped:
        told = f"{files(len(report.skipped))} met a limit"
        yield f"<a href=#failed>{told}</a>. Raise timeout or memory_limit."
    yield from map(safe, report.advice)


def _sections(report: Totals) -> Iterator[str]:
    if report.budgets:
        yield _section("budgets", "Budgets", f"<ul>{''.join(map(_budget, report.budgets))}</ul>")
    if report.failed or report.skipped:
        yield _section("failed", "What could not be worked on", "".join(_troubles(report)))
    if report.findings or report.advice:
        yield _section("findings", "What could still be done", "".join(_findings(report)))
    if report.outcomes:
        yield _section(
            "types", "What it weighs", types_table(report.outcomes) + treemap(report.outcomes)
        )
        yield _section("largest", "The largest files left", largest_table(report))
    if report.pictures:
        told = "<p>The lowest score first. Move the line, or show one side alone.</p>"
        body = "".join(pictures_section(report.pictures))
        yield _section("pictures", "What was lost", f"{told}<div class=pictures>{body}</div>")
    if report.pages is not None:
        lines = "".join(f"<li>{safe(line)}</li>" for line in report.pages.lines())
        yield _section("pages", "Pages", f"<ul>{lines}</ul>")
    if report.outcomes:
        yield _section("files", "Every file", "".join(files_table(report.outcomes)))


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{body}</section>'


def _budget(verdict: Verdict) -> str:
    used = "" if verdict.used is None else f", {size(verdict.used)} of {size(verdict.limit)}"
    told = f". {safe(verdict.text)}" if verdict.text else ""
    mend = f" <span class=mend>{safe(verdict.mend)}</span>" if verdict.mend else ""
    return f"<li><b>{safe(verdict.name)}</b>: {verdict.state}{used}{told}{mend}</li>"


def _troubles(report: Totals) -> Iterator[str]:
    yield "<ul class=troubles>"
    for failed in report.failed:
        where = "Missing from the output." if failed.is_missing else "Shipped as it was."
        yield (
            f"<li><b>{safe(failed.name)}</b>: {safe(failed.message)}. {where} "
            f"<span class=mend>{safe(what_to_do(failed))}</span></li>"
        )
    for skipped in report.skipped:
        yield (
            f"<li><b>{safe(skipped.name)}</b>: skipped, {safe(skipped.why)}. Shipped as it was. "
            "<span class=mend>With a higher limit it is tried again.</span></li>"
        )
    yield "</ul>"


def _findings(report: Totals) -> Iterator[str]:
    for group in in_groups(report.findings):
        stake = f" <small>{size(group.at_stake)} at stake</small>" if group.at_stake else ""
        yield (
            f"<article class=finding><h3>{safe(group.title)}{stake}</h3>"
            f"<p class=mend>{safe(group.kind.mend)}</p><ul>"
        )
        listed = group.findings
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
