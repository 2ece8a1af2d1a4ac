"""The table of every setting: its name, reader and help, the same for every host and command.

The options of MkDocs, the command line, `pyproject.toml` and the environment are made from it, and
so is the table in the documentation. A setting in this table is available everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import values
from .options import NAMED_QUALITIES

BACKENDS = ("auto", "local", "api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting."""

    name: str
    #: turns what a user wrote into the typed value, or raises ValueError
    read: Callable[[Any], Any]
    help: str
    #: how the value is written, for `--help` and the documentation
    metavar: str
    #: the value when nobody sets it, as a user would write it
    default: Any = None
    #: whether an entry of `overrides` may set it; these change the bytes
    per_file: bool = False
    #: whether the command line takes it several times
    multiple: bool = False
    #: whether it can change what is shipped
    changes_output: bool = True

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"IR_BUILD_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The command line option."""
        return f"--{self.name.replace('_', '-')}"


def _fallback(value: Any) -> str | None:
    return None if value in (None, "none") else values.one_of("none", "local")(value)


SETTINGS = (
    Setting(
        name="compression_type",
        read=values.per_format(values.compression),
        metavar="lossy|lossless|none",
        help="How far a file may change: lossy (no visible difference), lossless (every pixel "
        "stays) or none; for all formats, or per format as in lossy,png=lossless. By default "
        "lossy where copies are written (a build's output) and lossless in place.",
        per_file=True,
    ),
    Setting(
        name="quality",
        read=values.per_format(values.quality),
        default=f"{NAMED_QUALITIES['default']:g}",
        metavar="SCORE",
        help="What lossy must reach: a SSIMULACRA2 score against the original (80: not told "
        "apart side by side) or a name: visually-lossless (90), default (80), high (70); may "
        "differ per format as in 80,jpeg=75.",
        per_file=True,
    ),
    Setting(
        name="resize",
        read=values.resize,
        metavar="WIDTHxHEIGHT",
        help="Fit larger pictures into this box, in pixels; one side may be left out, as in "
        "1600x. Never enlarges. SVG and PDF are not resized.",
        per_file=True,
    ),
    Setting(
        name="preserve_metas",
        read=values.metas,
        metavar="NAMES",
        help="Metadata to keep, out of datetime, location, copyright, orientation, icc, density. The "
        "rest is stripped; the picture looks the same without it. By default density in place and "
        "for paper, since LaTeX and office programs size pictures by it, and nothing in copies.",
        per_file=True,
    ),
    Setting(
        name="min_saving",
        read=values.min_saving,
        default=1,
        metavar="PERCENT",
        help="Leave a file as it is unless it gets smaller by this percentage.",
        per_file=True,
    ),
    Setting(
        name="effort",
        read=values.effort,
        default="default",
        metavar="fast|default|best",
        help="How much CPU time a file is worth.",
        per_file=True,
    ),
    Setting(
        name="max_pixels",
        read=values.count,
        default=100_000_000,
        metavar="NUMBER",
        help="Pictures with more pixels are not decoded; they are reported and shipped as they are.",
        per_file=True,
    ),
    Setting(
        name="pdf_dpi",
        read=values.dpi,
        default=150,
        metavar="NUMBER|none",
        help="Lossy PDF: images that are shown with clearly more pixels an inch than this are "
        "scaled down to it, those of text and drawings to twice of it. 150 is what a sheet of paper "
        "needs on a screen; slides, which fill one, count as 12.8 inches wide; none for documents that "
        "are made for print.",
        per_file=True,
    ),
    Setting(
        name="include",
        read=values.strings,
        default=[],
        metavar="GLOBS",
        help="Work only on files that match one of these globs (as in .gitignore).",
        multiple=True,
    ),
    Setting(
        name="exclude",
        read=values.strings,
        default=[],
        metavar="GLOBS",
        help="Skip files that match one of these globs.",
        multiple=True,
    ),
    Setting(
        name="overrides",
        read=values.tables,
        default=[],
        metavar="JSON",
        help="Other options for some files: a list of mappings with a glob and options, the "
        "last match wins.",
    ),
    Setting(
        name="max_file_size",
        read=values.size,
        default="200MB",
        metavar="SIZE",
        help="Larger files are skipped.",
    ),
    Setting(
        name="jobs",
        read=values.jobs,
        default="auto",
        metavar="NUMBER",
        help="Worker processes; by default as many as there are processors to use.",
        changes_output=False,
    ),
    Setting(
        name="timeout",
        read=values.seconds,
        default=120,
        metavar="SECONDS",
        help="CPU time that compressing a file, or checking the result, may take; what needs more is "
        "skipped and told.",
        changes_output=False,
    ),
    Setting(
        name="memory_limit",
        read=values.size,
        default="3GiB",
        metavar="SIZE",
        help="Memory one worker process may use, where the system can enforce it (Linux); what needs "
        "more is skipped and told.",
        changes_output=False,
    ),
    Setting(
        name="cache_dir",
        read=values.text,
        metavar="DIR",
        help="The cache; by default a folder of the user's that all projects share.",
        changes_output=False,
    ),
    Setting(
        name="cache_size",
        read=values.size,
        default="2GB",
        metavar="SIZE",
        help="How large the cache may grow; what was not used for longest goes first.",
        changes_output=False,
    ),
    Setting(
        name="strict",
        read=values.boolean,
        default=False,
        metavar="true|false",
        help="Fail when a file could not be worked on.",
        changes_output=False,
    ),
    Setting(
        name="max_total",
        read=values.optional_size,
        metavar="SIZE",
        help="Budget: fail when all images and PDFs together are larger than this in the end.",
        changes_output=False,
    ),
    Setting(
        name="max_file",
        read=values.optional_size,
        metavar="SIZE",
        help="Budget: fail when an image or PDF is larger than this in the end.",
        changes_output=False,
    ),
    Setting(
        name="min_saved",
        read=values.amount,
        metavar="SIZE|PERCENT",
        help="Budget: fail when the run has saved less than this.",
        changes_output=False,
    ),
    Setting(
        name="backend",
        read=values.one_of(*BACKENDS),
        default="auto",
        metavar="|".join(BACKENDS),
        help="Who compresses: the built-in engine (local), an ImageRecycle v1 server (api), or "
        "auto: the server where IR_BUILD_API_KEY and IR_BUILD_API_SECRET are set.",
    ),
    Setting(
        name="fallback",
        read=_fallback,
        metavar="none|local",
        help="What to do with the rest of the files when the server stops: ship them as they "
        "are (none) or use the built-in engine (local).",
    ),
    Setting(
        name="concurrency",
        read=values.count,
        default=16,
        metavar="NUMBER",
        help="Calls to the server that may be under way at once.",
    ),
    Setting(
        name="max_quota_per_build",
        read=values.optional_size,
        metavar="SIZE",
        help="What one build may spend of the server's quota; files that do not fit into it are "
        "shipped as they are. By default there is no limit but the account's.",
    ),
    Setting(
        name="report",
        read=values.paths,
        default=[],
        metavar="FILE",
        help="Write the savings report to this file, as its suffix says: .json, .md or .txt.",
        multiple=True,
        changes_output=False,
    ),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}
