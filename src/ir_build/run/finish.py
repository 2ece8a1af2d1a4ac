"""The end of a run in a host: logs and writes its report, and says whether the build must fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..report.github import publish
from ..report.numbers import files
from ..report.text import failure_line, skipped_line, summary_line, unjudged_lines

if TYPE_CHECKING:
    from ..config import Config
    from ..report import Report


class Log(Protocol):
    """The logger of the host. Its strict mode counts warnings."""

    def info(self, msg: str, /, *args: Any) -> object: ...
    def warning(self, msg: str, /, *args: Any) -> object: ...


def log_report(report: Report, log: Log) -> None:
    """Log the files that failed or were skipped, a summary of the run in one line, and advice."""
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
    """Log `report`, write it to the files that `config` names, and publish it where CI shows it.

    Returns why the build must fail; None when it need not.
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
    """Why the run counts as failed: files are missing from the output, `strict`, or budgets; empty if it does not."""
    found = []
    if report.missing:
        found.append(f"{files(len(report.missing))} missing from the output")
    if config.strict and report.failed:
        found.append(f"strict: {len(report.failed)} could not be worked on")
    found.extend(map(str, report.exceeded))
    return found
