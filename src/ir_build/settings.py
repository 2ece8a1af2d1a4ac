"""The table of every setting: its name, reader and help, the same for every host and command.

The options of MkDocs, the command line, `pyproject.toml` and the environment are made from it, and
so is the table in the documentation. A setting in this table is available everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from . import values
from .options import NAMED_QUALITIES


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    #: how the value is written, for `--help` and the documentation
    metavar: str
    #: turns what a user wrote into the typed value, or raises ValueError
    read: Callable[[Any], Any]
    _: KW_ONLY
    help: str
    #: the value when nobody sets it, as a user would write it
    default: Any = None
    #: whether an entry of `overrides` may set it; these change the bytes
    per_file: bool = False
    #: whether the command line takes it several times
    multiple: bool = False
    #: whether it can change what is shipped
    changes_output: bool = True
    #: what the command line calls it, where one value of several goes by another name
    option: str = ""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"IR_BUILD_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The command line option."""
        return f"--{(self.option or self.name).replace('_', '-')}"


def _fallback(value: Any) -> str | None:
    return None if value in (None, "none") else values.one_of("none", "local")(value)


SETTINGS = (
    Setting(
        "compression_type", "lossy|lossless|none", values.per_format(values.compression),
        per_file=True,
        help="How far a file may change: lossy (no visible difference), lossless (every pixel "
        "stays) or none; for all formats, or per format as in lossy,png=lossless. By default "
        "lossy where copies are written (a build's output) and lossless in place.",
    ),
    Setting(
        "quality", "SCORE", values.per_format(values.quality),
        default=f"{NAMED_QUALITIES['default']:g}", per_file=True,
        help="What lossy must reach: a SSIMULACRA2 score against the original (80: not told "
        "apart side by side) or a name: visually-lossless (90), default (80), high (70); may "
        "differ per format as in 80,jpeg=75.",
    ),
    Setting(
        "resize", "WIDTHxHEIGHT", values.resize, per_file=True,
        help="Fit larger pictures into this box, in pixels; one side may be left out, as in "
        "1600x. Never enlarges. SVG and PDF are not resized.",
    ),
    Setting(
        "preserve_metas", "NAMES", values.metas, per_file=True,
        help="Metadata to keep, out of datetime, location, copyright, orientation, icc, density. The "
        "rest is stripped; the picture looks the same without it. By default density in place and "
        "for paper, since LaTeX and office programs size pictures by it, and nothing in copies.",
    ),
    Setting(
        "min_saving", "PERCENT", values.min_saving, default=1, per_file=True,
        help="Leave a file as it is unless it gets smaller by this percentage.",
    ),
    Setting(
        "effort", "fast|default|best", values.effort, default="default", per_file=True,
        help="How much CPU time a file is worth.",
    ),
    Setting(
        "max_pixels", "NUMBER", values.count, default=100_000_000, per_file=True,
        help="Pictures with more pixels are not decoded; they are reported and shipped as they are.",
    ),
    Setting(
        "pdf_dpi", "NUMBER|none", values.dpi, default=150, per_file=True,
        help="Lossy PDF: images that are shown with clearly more pixels an inch than this are "
        "scaled down to it, those of text and drawings to twice of it. 150 is what a sheet of paper "
        "needs on a screen; slides, which fill one, count as 12.8 inches wide; none for documents that "
        "are made for print.",
    ),
    Setting(
        "include", "GLOBS", values.strings, default=[], multiple=True,
        help="Work only on files that match one of these globs (as in .gitignore).",
    ),
    Setting(
        "exclude", "GLOBS", values.strings, default=[], multiple=True,
        help="Skip files that match one of these globs.",
    ),
    Setting(
        "overrides", "JSON", values.tables, default=[],
        help="Other options for some files: a list of mappings with a glob and options, the "
        "last match wins.",
    ),
    Setting(
        "pages", "true|false|MAPPING", values.pages, default=False,
        help="Edit HTML pages, too: their pictures get sizes, and smaller files for smaller screens, in "
        "AVIF and WebP where these are smaller. In files and in the environment also a mapping with some "
        "of attributes, sizes, formats, content_width, still, site_url, ignore_remote_styles.",
    ),
    Setting(
        "max_file_size", "SIZE", values.size, default="200MB",
        help="Larger files are skipped.",
    ),
    Setting(
        "jobs", "NUMBER", values.jobs, default="auto", changes_output=False,
        help="Worker processes; by default as many as there are processors to use.",
    ),
    Setting(
        "timeout", "SECONDS", values.seconds, default=120, changes_output=False,
        help="CPU time that compressing a file, or checking the result, may take; what needs more is "
        "skipped and told.",
    ),
    Setting(
        "memory_limit", "SIZE", values.size, default="3GiB", changes_output=False,
        help="Memory one worker process may use, where the system can enforce it (Linux); what needs "
        "more is skipped and told.",
    ),
    Setting(
        "cache_dir", "DIR", values.text, changes_output=False,
        help="The cache; by default a folder of the user's that all projects share.",
    ),
    Setting(
        "cache_size", "SIZE", values.size, default="2GB", changes_output=False,
        help="How large the cache may grow; what was not used for longest goes first.",
    ),
    Setting(
        "strict", "true|false", values.boolean, default=False, changes_output=False,
        help="Fail when a file could not be worked on.",
    ),
    Setting(
        "max_total", "SIZE", values.optional_size, changes_output=False,
        help="Budget: fail when all images and PDFs together are larger than this in the end.",
    ),
    Setting(
        "max_file", "SIZE", values.optional_size, changes_output=False,
        help="Budget: fail when an image or PDF is larger than this in the end.",
    ),
    Setting(
        "min_saved", "SIZE|PERCENT", values.amount, changes_output=False,
        help="Budget: fail when the run has saved less than this.",
    ),
    Setting(
        "budgets", "KEY=SIZE", values.budgets, default=[], multiple=True, option="budget",
        changes_output=False,
        help="Budgets by key: total (all files together), per_file, per_page (the pictures that a page "
        "loads, with pages) or a glob, whose files together may take as much: blog/**=2MB. In files a "
        "mapping.",
    ),
    Setting(
        "max_growth", "SIZE|PERCENT", values.optional_amount, changes_output=False,
        help="Budget: fail when all files together are larger by more than this than in the report that "
        "baseline names.",
    ),
    Setting(
        "baseline", "FILE", values.text, changes_output=False,
        help="The JSON report of an earlier run, for max_growth. As long as it is not there, max_growth is "
        "not judged.",
    ),
    Setting(
        "backend", "auto|local|api", values.one_of("auto", "local", "api"), default="auto",
        help="Who compresses: the built-in engine (local), an ImageRecycle v1 server (api), or "
        "auto: the server where IR_BUILD_API_KEY and IR_BUILD_API_SECRET are set.",
    ),
    Setting(
        "fallback", "none|local", _fallback,
        help="What to do with the rest of the files when the server stops: ship them as they "
        "are (none) or use the built-in engine (local).",
    ),
    Setting(
        "concurrency", "NUMBER", values.count, default=16,
        help="Calls to the server that may be under way at once.",
    ),
    Setting(
        "max_quota_per_build", "SIZE", values.optional_size,
        help="What one build may spend of the server's quota; files that do not fit into it are "
        "shipped as they are. By default there is no limit but the account's.",
    ),
    Setting(
        "report", "FILE", values.paths, default=[], multiple=True, changes_output=False,
        help="Write the savings report to this file, as its suffix says: .html, .json, .md, .txt, "
        ".sarif or .xml (JUnit).",
    ),
    Setting(
        "report_pictures", "NUMBER", values.from_zero, default=24, changes_output=False,
        help="How many pictures an HTML report shows, original beside result: half of them those that saved "
        "most, the others those that score lowest; 2 MB of them at most. 0 for none, where a report goes to "
        "people who may not see the site.",
    ),
)  # fmt: skip

BY_NAME = {setting.name: setting for setting in SETTINGS}
