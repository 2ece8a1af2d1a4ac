"""The Sphinx extension of ir-build: `extensions = ["sphinx_ir_build"]`."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from ir_build.api import SETTINGS

from .extension import BUILDERS, FINGERPRINT, PREFIX, Extension

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_LAST = 900


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the options and the events."""
    for setting in SETTINGS:
        app.add_config_value(f"{PREFIX}{setting.name}", None, "", (), setting.help)
    app.add_config_value(
        BUILDERS, ["html"], "", frozenset([list, tuple]), "Builders, by name or format."
    )
    app.add_config_value(FINGERPRINT, "", "html", frozenset([str]), "Not to be set.")
    extension = Extension()
    app.connect("config-inited", extension.configure)
    app.connect("builder-inited", extension.prepare)
    app.connect("env-before-read-docs", extension.note_read)
    app.connect("env-updated", extension.prefetch)
    app.connect("build-finished", extension.finish, priority=_LAST)
    return {
        "version": version("sphinx-ir-build"),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
