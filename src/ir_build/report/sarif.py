"""The report as SARIF 2.1.0, for code scanning: what failed, what is over a budget, what could be mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .escape import printable
from .mend import what_mends
from .text import what_became_of

if TYPE_CHECKING:
    from .totals import Totals
    from .verdict import Verdict

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: GitHub takes no more of a run, and shows the first 5,000 of them
_MOST = 25_000
_RULES = {
    "missing": "The output lacks a file",
    "over-budget": "A budget is exceeded",
    "failed": "A file could not be worked on",
}


@dataclass(frozen=True, slots=True)
class _Result:
    rule: str
    level: str  #: error, warning or note
    text: str
    name: str = ""  #: of the file, empty where it is no single file


def to_sarif(report: Totals) -> str:
    """A log of one run. The worst results come first; those over GitHub's limit are counted only."""
    found = [*_results(report)]
    rules = _RULES | {str(one.kind): one.kind.title for one in report.findings}
    notes = [f"{len(found) - _MOST} results are left out"] if len(found) > _MOST else []
    notes += ["interrupted before all files were done"] if report.interrupted else []
    run = {
        "tool": {
            "driver": {
                "name": "ir-build",
                "version": version("ir-build"),
                "rules": [
                    {"id": rule, "shortDescription": {"text": title}}
                    for rule, title in rules.items()
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.interrupted,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": told}}
                    for told in (*notes, *map(printable, report.warnings))
                ],
            }
        ],
        "results": [_told(one, list(rules).index(one.rule)) for one in found[:_MOST]],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _results(report: Totals) -> Iterator[_Result]:
    for failed in report.missing:
        told = f"{failed.message}; {what_mends(failed)}"
        yield _Result("missing", "error", told, failed.name)
    for verdict in report.exceeded:
        yield from _over_budget(verdict)
    for failed in report.failed:
        if not failed.is_missing:
            told = f"{what_became_of(failed)}; {what_mends(failed)}"
            yield _Result("failed", "warning", told, failed.name)
    for finding in report.findings:
        told = f"{finding.text}; {finding.kind.mend}"
        yield _Result(str(finding.kind), "note", told, finding.name)


def _over_budget(verdict: Verdict) -> Iterator[_Result]:
    """A result for each file to blame; a budget without one still has a result."""
    for name in verdict.files or ("",):
        yield _Result("over-budget", "error", str(verdict), name)


def _told(result: _Result, rule: int) -> dict[str, Any]:
    # The same fault is known again in the next run, whatever its words and sizes are then.
    budget = result.text.partition(":")[0] if result.rule == "over-budget" else ""
    fingerprint = f"{result.rule}\0{budget}\0{result.name}".encode("utf-8", "surrogatepass")
    document: dict[str, Any] = {
        "ruleId": result.rule,
        "ruleIndex": rule,
        "level": result.level,
        "message": {"text": printable(result.text)},
        "partialFingerprints": {"irBuild/v1": sha256(fingerprint).hexdigest()},
    }
    if result.name:
        place = {"artifactLocation": {"uri": _uri(result.name)}, "region": {"startLine": 1}}
        document["locations"] = [{"physicalLocation": place}]
    return document


def _uri(name: str) -> str:
    """`name` as a URI, relative where the name is."""
    path = quote(name.encode("utf-8", "surrogateescape"), safe="/")
    return f"file://{path}" if path.startswith("/") else path
