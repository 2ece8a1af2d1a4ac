"""What hosts and commands call: one `Session` for a run, or `optimize` for everything in one go.

Every name that an adapter needs can be imported from here.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from .config import Config, Source, load, read_value
from .errors import ConfigError
from .report import Report
from .run.finish import finish_run, log_report
from .run.progress import Progress
from .run.session import Planned, Session
from .settings import SETTINGS

__all__ = [
    "SETTINGS", "Config", "ConfigError", "Planned", "Progress", "Report", "Session", "Source",
    "finish_run", "load", "log_report", "optimize", "read_value",
]  # fmt: skip

#: former names, which adapters may still import, and the new ones
_FORMER = {"conclude": "finish_run", "tell": "log_report"}


def optimize(
    *paths: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    only_assets: bool = False,
    **settings: Any,
) -> Report:
    """Optimise files and folders, in place or into the folder `out`.

    All files of the folders go into `out`; with `only_assets` only images and PDFs do. The report's
    `missing` are those that could not be written. `settings` are those of the documentation, by
    name. The rest comes from `pyproject.toml` and the environment, as on the command line. Raises
    `ConfigError`.
    """
    here = Path.cwd()
    config = load(folder=here, last=Source("optimize()", settings, here))
    with Session(config, copies=out is not None) as session:
        report = session.optimize(
            [Path(path) for path in paths], out=Path(out) if out else None, only_assets=only_assets
        )
    for file in config.report:
        report.write(file)
    return report


def __getattr__(name: str) -> Any:
    if now := _FORMER.get(name):
        warnings.warn(
            f"ir_build.api.{name} is called {now}; the old name goes with version 0.2",
            DeprecationWarning,
            stacklevel=2,
        )
        return globals()[now]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
