"""Optimise the images and PDFs of a MkDocs site after everything has been written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger

from ir_build.api import ConfigError, Progress, Session, Source, finish_run, load, log_report

from .config import IrBuildConfig

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

# Strict mode counts the warnings of this logger, not of one with the name of this module.
log = get_plugin_logger("ir-build")

_LAST = -100


class IrBuildPlugin(BasePlugin[IrBuildConfig]):
    """The plugin `ir-build`."""

    def __init__(self) -> None:
        """Start with no build under way."""
        self._serving = False
        self._session: Session | None = None

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:  # noqa: ARG002
        """Remember whether this is `mkdocs serve`."""
        self._serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> None:
        """Put the settings together and open the run."""
        self._close()
        if self._serving and self.config.serve == "off":
            log.info("images and PDFs are served as they are (the option `serve` changes that)")
            return
        file = config.config_file_path
        folder = Path(file).resolve().parent if file else Path.cwd()
        written = {
            name: value
            for name, value in self.config.items()
            if name not in ("serve", "enabled") and value is not None
        }
        try:
            settings = load(Source(f"{file}: plugins: ir-build", written, folder), folder=folder)
            cached_only = self._serving and self.config.serve == "cached"
            self._session = Session(settings, copies=True, cached_only=cached_only)
            self._session.site_url = config.site_url
        except ConfigError as error:
            raise PluginError(str(error)) from None
        for report in settings.report:
            # MkDocs watches that folder, so a report there would make `serve` build for ever.
            if Path(config.docs_dir).resolve() in report.resolve().parents:
                raise PluginError(f"{file}: plugins: ir-build: report: {report} is in docs_dir")
        log.info("compressing with %s", self._session.backend.name)

    @event_priority(_LAST)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> None:
        """Begin to compress the files of the site while its pages are rendered."""
        if self._session is not None:
            known = [
                (Path(file.abs_src_path), file.dest_uri)
                for file in files.media_files()
                if file.abs_src_path and file.inclusion.is_included()
            ]
            self._session.prefetch(known, root=Path(config.docs_dir))

    @event_priority(_LAST)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Replace what has been written by what is smaller, whoever wrote it."""
        if self._session is None:
            return
        try:
            report = self._session.optimize_folder(Path(config.site_dir), progress=Progress(log))
            settings = self._session.config
        finally:
            self._close()
        if self._serving:
            log_report(report, log)
        elif fault := finish_run(report, settings, log):
            raise PluginError(f"ir-build: {fault}")

    def on_build_error(self, *, error: Exception) -> None:  # noqa: ARG002
        """Leave no worker behind when the build fails elsewhere."""
        self._close()

    def on_shutdown(self) -> None:
        """Leave no worker behind."""
        self._close()

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
