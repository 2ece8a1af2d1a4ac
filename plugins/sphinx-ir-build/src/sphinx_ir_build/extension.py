"""Optimise the images and PDFs of a Sphinx build after everything has been written."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sphinx.errors import ConfigError as SphinxConfigError
from sphinx.util import logging

from ir_build.api import SETTINGS, ConfigError, Progress, Session, Source, finish_run, load

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

PREFIX = "ir_build_"
BUILDERS = "ir_build_builders"
FINGERPRINT = "ir_build_fingerprint"

#: what builders of sites are called; Read the Docs puts its own name before these
_SITES = ("", "html", "dirhtml", "singlehtml", "singlehtmllocalmedia")

logger = logging.getLogger(__name__)
log = SimpleNamespace(
    info=lambda message, *facts: logger.info("ir-build: %s", message % facts),
    warning=partial(logger.warning, type="ir_build"),
)


class Extension:
    """The events of one build."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._session: Session | None = None
        self._read: set[str] = set()

    def configure(self, app: Sphinx, config: Config) -> None:
        """Put the settings together and open the run."""
        file = app.confdir / "conf.py"
        try:
            settings = load(Source(str(file), _written(config), app.confdir), folder=app.confdir)
            self._session = Session(settings, copies=True)
        except ConfigError as error:
            raise SphinxConfigError(f"ir-build: {error}") from None
        for report in settings.report:
            inside = report.resolve().parents
            # sphinx-autobuild watches that folder, so a report there would make it build for ever.
            if app.srcdir in inside and app.outdir not in inside:
                self._close()
                told = f"report: {report} is among the sources; write it beside them, as ../{report.name}"
                raise SphinxConfigError(f"ir-build: {file}: {told}")
        # Sphinx writes every page again, and with it every picture, when this value changes.
        setattr(config, FINGERPRINT, self._session.fingerprint)

    def prepare(self, app: Sphinx) -> None:
        """Let go of the run when the builder is none of ours. Wrap the packing of an EPUB."""
        builder: Any = app.builder
        if not {builder.name, builder.format} & set(app.config[BUILDERS]):
            self._close()
            return
        if self._session is not None and builder.format != "html":
            # LaTeX and office programs size pictures by it.
            self._session.keep_density = True
        if self._session is not None:
            # Readers of help files and of EPUBs know fewer formats than browsers.
            self._session.edit_pages = builder.name.removeprefix("readthedocs") in _SITES
            self._session.site_url = app.config.html_baseurl or None
        if builder.name == "epub":
            pack = builder.build_epub

            def optimize_and_pack() -> None:
                self._optimize(app)
                pack()

            builder.build_epub = optimize_and_pack

    def note_read(self, app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:  # noqa: ARG002
        """Remember which documents will be written."""
        self._read.update(docnames)

    def prefetch(self, app: Sphinx, env: BuildEnvironment) -> None:
        """Begin to compress the files of the pages while these are written."""
        # Parallel writing forks this process, and a process with threads must not fork.
        if self._session is None or app.parallel > 1:
            return
        pictures = f"{app.builder.imagedir}/" if app.builder.imagedir else ""
        known = [
            (app.srcdir / file, f"{folder}{name}")
            for files, folder in ((env.images, pictures), (env.dlfiles, "_downloads/"))
            for file, (docs, name) in files.items()
            if docs & self._read
        ]
        self._session.prefetch(known, root=app.srcdir)

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        """Replace what has been written by what is smaller, whoever wrote it."""
        if exception is None:
            self._optimize(app)
        self._close()

    def _optimize(self, app: Sphinx) -> None:
        if self._session is None:
            return
        try:
            report = self._session.optimize_folder(
                app.outdir, sources=app.srcdir, progress=Progress(log)
            )
            fault = finish_run(report, self._session.config, log)
        except ConfigError as error:
            fault = str(error)
        finally:
            self._close()
        if fault:
            logger.error("ir-build: %s", fault)
            app.statuscode = 1

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _written(config: Config) -> dict[str, Any]:
    """The options by their plain names. Misspelt ones are among the raw values only."""
    values = dict(vars(config).get("_raw_config", {}))
    values |= {name: config[name] for name in (f"{PREFIX}{one.name}" for one in SETTINGS)}
    return {
        name.removeprefix(PREFIX): value
        for name, value in values.items()
        if name.startswith(PREFIX) and name not in (BUILDERS, FINGERPRINT) and value is not None
    }
