"""The end of a run inside a host: what is logged, what is written, and whether the build fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..report.github import publish
from ..report.numbers import files
from ..report.text import failure_line, skipped_line, summary_line, unjudged_lines

if TYPE_CHECKING:
    from ..config import Config
    from ..report import Report


class Log(Protocol):
    """The host's own logger, whose warnings its strict mode counts."""

    def info(self, msg: str, /, *args: Any) -> object: ...
    def warning(self, msg: str, /, *args: Any) -> object: ...


def log_report(report: Report, log: Log) -> None:
    """Log what failed or was skipped, and the run in one line."""
    for failed in report.failed:
        log.warning("%s", failure_line(failed))
    for warning in report.warnings:
        log.warning("%s", warning)
    for skipped in report.skipped:
        log.info("%s", skipped_line(skipped))
    log.info("%s", summary_line(report))
    for told in report.pages.lines() if report.pages is not None else ():
        log.info("%s", told)
    for advice in (*report.advice, *unjudged_lines(report)):
        log.info("%s", advice)


def finish_run(report: Report, config: Config, log: Log) -> str | None:
    """`log_report`, write the reports, publish them where CI shows them.

    Returns why the build must fail, None when all is well.
    """
    log_report(report, log)
    for file in config.report:
        try:
            report.write(file)
        except OSError as error:
            log.warning("the report %s cannot be written: %s", file, error.strerror or error)
    publish(report, write=print)
    return "; ".join(failures(report, config)) or None


def failures(report: Report, config: Config) -> list[str]:
    """Why the run counts as failed: an output that lacks files, `strict`, and the budgets."""
    found = []
    if report.missing:
        found.append(f"{files(len(report.missing))} missing from the output")
    if config.strict and report.failed:
        found.append(f"strict: {len(report.failed)} could not be worked on")
    found.extend(map(str, report.exceeded))
    return found
