"""The report as JSON: schema version 1, described in docs/report.md.

Within a schema version fields are only ever added.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..outcome import STATUSES, Compressed, Failed, Kept, Outcome

if TYPE_CHECKING:
    from .totals import Totals

SCHEMA_VERSION = 1


def to_json(report: Totals) -> str:
    """The whole report, with every file."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "backend": report.backend,
        "seconds": round(report.seconds, 3),
        "warnings": list(report.warnings),
        "advice": list(report.advice),
        "findings": [finding.to_json() for finding in report.findings],
        "totals": {
            "files": len(report.outcomes),
            "before": report.before,
            "after": report.after,
            "saved": report.saved,
            **{status: report.counts[status] for status in STATUSES},
        },
        "interrupted": report.interrupted,
        "budgets": [verdict.to_json() for verdict in report.budgets],
        "files": [_file(outcome) for outcome in report.outcomes],
    }
    if report.pages is not None:
        document["pages"] = report.pages.to_json()
    return json.dumps(document, indent=2) + "\n"


def _file(outcome: Outcome) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": outcome.name,
        "type": outcome.media,
        "status": outcome.status,
        "before": outcome.before,
        "after": outcome.after,
        "saved": outcome.saved,
        "from_cache": outcome.from_cache,
        "seconds": round(outcome.seconds, 3),
        "notes": list(outcome.notes),
        "digest": outcome.digest,
    }
    match outcome:
        case Compressed():
            document["shipped_digest"] = outcome.shipped_digest
            document["lossy"] = outcome.lossy
            document["score"] = None if outcome.score is None else round(outcome.score, 1)
        case Kept():
            document["reason"] = {
                "code": outcome.reason,
                "text": outcome.reason.text,
                "detail": outcome.detail,
            }
        case Failed():
            document["error"] = {"code": outcome.code, "message": outcome.message}
            if outcome.output:
                document["error"]["output"] = outcome.output
    return document
