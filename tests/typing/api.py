"""What a user of the Python API may rely on, checked by mypy."""

import logging
from pathlib import Path

import ir_build
from ir_build.api import finish_run
from ir_build.outcome import Cached, Compressed, Failed, Kept

report: ir_build.Report = ir_build.optimize("a.png", Path("b"), out="c", quality=80)
saved: int = report.saved
compressed: list[Compressed] = report.optimised
failed: list[Failed] = report.failed
kept: list[Kept] = report.kept

for outcome in report.outcomes:
    match outcome:
        case Cached() | Compressed():
            size: int = outcome.size
        case Kept():
            why: str = outcome.reason.text
        case Failed():
            message: str = outcome.message

config = ir_build.load(
    ir_build.Source("build.py", {"effort": "fast"}, Path.cwd()), folder=Path.cwd()
)
with ir_build.Session(config, copies=True) as session:
    session.prefetch([(Path("docs/a.png"), "a.png")], root=Path("docs"))
    report = session.optimize_folder(Path("site"), sources=Path("docs"))
why_it_fails: str | None = finish_run(report, config, logging.getLogger("host"))
