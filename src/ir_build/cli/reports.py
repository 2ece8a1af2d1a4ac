"""Write the reports of a run, also of one that is interrupted."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..errors import ConfigError
from ..report.text import summary_line
from ..run.session import Interrupted

if TYPE_CHECKING:
    from types import FrameType

    from ..config import Config
    from ..report import Report


def write_reports(report: Report, config: Config) -> None:
    """Write the files that `config` names. Raises `ConfigError`, once those are there that can be.

    The baseline of the next run is not replaced by a report that lacks files.
    """
    faults = []
    for file in config.report:
        if report.interrupted and file == config.baseline:
            continue
        try:
            report.write(file)
        except OSError as error:
            reason = f"cannot be written: {error.strerror or error}; name a file that this user may write"
            faults.append(ConfigError("the report", str(file), reason))
    if faults:
        raise faults[0]


@contextlib.contextmanager
def writing_when_interrupted(config: Config) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM end the run of the block, with reports of the files that are done."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except Interrupted as interrupted:
        click.echo(summary_line(interrupted.report), err=True)
        write_reports(interrupted.report, config)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
