"""ir-build: every image and PDF of a site as small as it can be without looking different.

import ir_build

report = ir_build.optimize("site", out="small")
print(report.saved, "bytes saved")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Config, Progress, Session, Source, load, optimize
    from .errors import BackendError, ConfigError, InputError, IrBuildError, Unreadable
    from .options import Compression, Meta, Resize
    from .report import Cached, Compressed, Failed, Kept, Report

__version__ = "0.1.0"

#: names by the module that they are in
_PLACES = {
    "api": ["Config", "Progress", "Session", "Source", "load", "optimize"],
    "errors": ["BackendError", "ConfigError", "InputError", "IrBuildError", "Unreadable"],
    "options": ["Compression", "Meta", "Resize"],
    "report": ["Cached", "Compressed", "Failed", "Kept", "Report"],
}

__all__ = [
    "BackendError", "Cached", "Compressed", "Compression", "Config", "ConfigError", "Failed",
    "InputError", "IrBuildError", "Kept", "Meta", "Progress", "Report", "Resize", "Session",
    "Source", "Unreadable", "__version__", "load", "optimize",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Names are loaded when first used. A program that asks for the version must not wait for SQLite.
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f".{place}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
