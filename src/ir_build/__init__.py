"""ir-build: every image and PDF of a site as small as it can be without looking different.

import ir_build

report = ir_build.optimize("site", out="small")
print(report.saved, "bytes saved")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Config, Session, Source, load, optimize
    from .report import Report

__version__ = "0.1.0"

__all__ = ["Config", "Report", "Session", "Source", "__version__", "load", "optimize"]


def __getattr__(name: str) -> Any:
    # Loaded when first used: a hook that asks for the version must not wait for SQLite.
    if name in __all__:
        from . import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
