"""The Pelican plugin of ir-build: optimise the images and PDFs of the output folder.

Pelican imports every installed plugin, even if it is not enabled. So the handlers import what takes
time.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pelican import signals  # type: ignore[attr-defined]  # untyped, and a namespace

if TYPE_CHECKING:
    from pelican import Pelican  # type: ignore[attr-defined]

    from ir_build.api import Config

_PREFIX = "IR_BUILD_"

logger = logging.getLogger(__name__)


def register() -> None:
    """Tell Pelican what to call."""
    signals.initialized.connect(_take_part)


def _take_part(pelican: Pelican) -> None:
    """Check the settings now, and optimise after each build."""
    _settings(pelican)
    build = pelican.run

    # Pelican calls the receivers of the signal `finalized` in no particular order, and another
    # plugin may write pictures then. This comes after all of them.
    def build_and_optimize() -> None:
        build()
        _optimize(pelican)

    pelican.run = build_and_optimize


def _settings(pelican: Pelican) -> Config:
    from ir_build.api import Source, load  # noqa: PLC0415

    # Pelican does not tell where its settings file is. Relative paths start at the folder in which
    # it was started, as Pelican's own do.
    folder = Path.cwd()
    written = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in pelican.settings.items()
        if name.startswith(_PREFIX) and value is not None
    }
    return load(Source("the Pelican settings (IR_BUILD_...)", written, folder), folder=folder)


def _optimize(pelican: Pelican) -> None:
    from ir_build.api import Progress, Session, finish_run  # noqa: PLC0415

    settings = _settings(pelican)
    progress = Progress(_LOG, live=False)  # Pelican turns a wheel meanwhile
    with Session(settings, copies=True) as session:
        session.site_url = pelican.settings.get("SITEURL")
        report = session.optimize_folder(
            Path(pelican.output_path), sources=Path(pelican.path), progress=progress
        )
    if fault := finish_run(report, settings, _LOG):
        raise RuntimeError(f"ir-build: {fault}")


def _info(message: str, *facts: Any) -> None:
    from pelican.log import console  # type: ignore[import-untyped]  # noqa: PLC0415

    # Pelican prints its own results there. Its log shows no information by default.
    console.print(f"ir-build: {message % facts}", markup=False, highlight=False, soft_wrap=True)


_LOG = SimpleNamespace(info=_info, warning=logger.warning)
