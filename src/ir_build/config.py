"""The configuration of one run, put together from the files, the environment and the host."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .globs import matcher
from .options import Compression, Meta, Options
from .processors import processors
from .settings import BY_NAME, SETTINGS

if TYPE_CHECKING:
    from .formats import MediaType
    from .options import Pages

#: variables with our prefix that are not settings
_OTHER_VARIABLES = frozenset({
    "IR_BUILD_API_KEY", "IR_BUILD_API_SECRET", "IR_BUILD_API_URL", "IR_BUILD_API_PLAIN_HTTP",
    "IR_BUILD_CREDENTIALS",
})  # fmt: skip

_CREDENTIALS = frozenset({"api_key", "api_secret", "api_url", "key", "secret", "credentials"})


@dataclass(frozen=True, slots=True)
class Source:
    """One place that settings come from."""

    #: how messages call it: a file, "the environment", "the command line"
    where: str
    #: names and values as they were written
    values: Mapping[str, Any]
    #: what relative paths in it are relative to
    folder: Path


@dataclass(frozen=True, slots=True)
class _Override:
    matches: Callable[[str], bool]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """Where and how one run works. What changes the bytes of a file comes out of `options_for`."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    pages: Pages | None  #: what is inserted into HTML pages, None for nothing
    max_file_size: int  #: bytes
    jobs: int  #: worker processes
    timeout: float  #: CPU seconds a file, and as many for its check
    memory_limit: int  #: bytes a worker
    cache_dir: Path
    cache_size: int  #: bytes
    strict: bool
    max_total: int | None  #: bytes
    max_file: int | None  #: bytes
    min_saved: int | float | None  #: bytes as an int, a share as a float
    budgets: Mapping[str, int]  #: bytes by `total`, `per_file`, `per_page` or a glob
    max_growth: int | float | None  #: bytes as an int, a share as a float
    baseline: Path | None  #: the report that `max_growth` is measured against
    backend: str  #: "auto", "local" or "api"
    fallback: str | None  #: None or "local"
    concurrency: int  #: calls to a server at once
    max_quota_per_build: int | None  #: bytes, None for no limit
    report: tuple[Path, ...]
    report_pictures: int  #: that an HTML report shows
    #: differs whenever a setting differs that can change what is shipped
    fingerprint: str
    _per_file: Mapping[str, Any] = field(repr=False)
    _overrides: tuple[_Override, ...] = field(repr=False)

    def options_for(
        self,
        name: str,
        media: MediaType,
        *,
        default: Compression,
        default_metas: frozenset[Meta] = frozenset(),
    ) -> Options:
        """The options of the file called `name`.

        `default` is the compression type of the host or command, and `default_metas` the metadata
        that it keeps. They count when no setting says otherwise.
        """
        merged = dict(self._per_file)
        for override in self._overrides:
            if override.matches(name):
                merged.update(override.values)
        compression, quality = merged["compression_type"] or {}, merged["quality"]
        merged["compression_type"] = compression.get(media, compression.get(None, default))
        merged["quality"] = quality.get(media, quality.get(None, Options().quality))
        if merged["preserve_metas"] is None:
            merged["preserve_metas"] = default_metas
        return Options(**merged)


def load(
    *hosts: Source,
    folder: Path,
    environ: Mapping[str, str] = os.environ,
    last: Source | None = None,
) -> Config:
    """Put the configuration together.

    The later wins: `[tool.ir-build]` of the `pyproject.toml` in `folder` or above it, the host's
    `hosts`, the environment, and `last`, the command line. Raises `ConfigError`, which names the
    place and the option.
    """
    sources = [*project_sources(folder), *hosts, environment(environ, folder)]
    if last is not None:
        sources.append(last)
    merged = {name: read_value("", name, None) for name in BY_NAME}
    decisive: dict[str, Any] = {}
    for source in sources:
        for name, value in source.values.items():
            read = read_value(source.where, name, value)
            if BY_NAME[name].changes_output:
                decisive[name] = value
            if name == "overrides":
                read = tuple(_override(source.where, table) for table in read)
            elif name in ("cache_dir", "baseline") and read is not None:
                read = source.folder / Path(read).expanduser()
            elif name == "report":
                read = tuple(_report_path(source, path) for path in read)
            merged[name] = read
    merged["jobs"] = merged["jobs"] or processors()
    merged["cache_dir"] = merged["cache_dir"] or default_cache_dir()
    per_file = {setting.name: merged.pop(setting.name) for setting in SETTINGS if setting.per_file}
    return Config(
        _per_file=per_file,
        _overrides=merged.pop("overrides"),
        fingerprint=sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest(),
        **merged,
    )


def read_value(where: str, name: str, value: Any) -> Any:
    """The typed value of the setting `name`. Raises `ConfigError`."""
    setting = BY_NAME.get(name)
    if setting is None:
        raise ConfigError(where, str(name), _no_such_option(str(name), BY_NAME))
    if value is None:
        return None if setting.default is None else setting.read(setting.default)
    try:
        return setting.read(value)
    except ValueError as error:
        raise ConfigError(where, name, str(error)) from None


def _no_such_option(name: str, known: Iterable[str]) -> str:
    if name in _CREDENTIALS:
        return (
            "credentials belong into the environment (IR_BUILD_API_KEY, IR_BUILD_API_SECRET, "
            "IR_BUILD_API_URL) or to `ir-build account login`, never into a file of the project, "
            "which others can read and change"
        )
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the options are {', '.join(known)}"
    return f"there is no such option; {hint}"


def project_sources(folder: Path) -> list[Source]:
    """`[tool.ir-build]` of the nearest `pyproject.toml`, looking in `folder` and above it."""
    for parent in (folder, *folder.parents):
        file = parent / "pyproject.toml"
        if file.is_file():
            try:
                table = tomllib.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                reason = f"cannot be read: {error}"
                raise ConfigError(str(file), "[tool.ir-build]", reason) from None
            values = table.get("tool", {}).get("ir-build")
            if values is None:
                return []
            if not isinstance(values, dict):
                raise ConfigError(str(file), "[tool.ir-build]", "is not a table")
            # TOML files often have hyphens in names instead of underscores.
            values = {name.replace("-", "_"): value for name, value in values.items()}
            return [Source(str(file), values, parent)]
    return []


def environment(environ: Mapping[str, str], folder: Path) -> Source:
    """The settings in `environ`. An empty variable is one that is not set."""
    found = {
        setting.name: environ[setting.variable]
        for setting in SETTINGS
        if environ.get(setting.variable)
    }
    return Source("the environment (IR_BUILD_...)", found, folder)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none: most likely misspelt."""
    known = {setting.variable for setting in SETTINGS} | _OTHER_VARIABLES
    return sorted(
        name
        for name in environ
        if name.startswith("IR_BUILD_")
        and not name.startswith("IR_BUILD_SERVER_")
        and name not in known
    )


def default_cache_dir() -> Path:
    """The user's cache folder, as the system defines it."""
    import platformdirs  # noqa: PLC0415  (not needed when a folder is configured)

    return Path(platformdirs.user_cache_dir("ir-build", appauthor=False))


def _override(where: str, table: Mapping[str, Any]) -> _Override:
    rest = dict(table)
    known = ["glob", *(setting.name for setting in SETTINGS if setting.per_file)]
    for name in rest:
        if name not in (*BY_NAME, "glob"):
            raise ConfigError(where, f"overrides.{name}", _no_such_option(str(name), known))
    glob = rest.pop("glob", None)
    try:
        globs = () if glob is None else BY_NAME["include"].read(glob)
    except ValueError as error:
        raise ConfigError(where, "overrides.glob", str(error)) from None
    if not globs:
        raise ConfigError(where, "overrides", "every entry needs a glob")
    values = {}
    for name, value in rest.items():
        if name not in known:
            raise ConfigError(where, f"overrides.{name}", "cannot be set per file")
        try:
            values[name] = read_value(where, name, value)
        except ConfigError as error:
            raise ConfigError(where, f"overrides.{name}", error.reason) from None
    return _Override(matcher(globs), values)


def _report_path(source: Source, path: str) -> Path:
    from .report import WRITERS  # noqa: PLC0415

    if Path(path).suffix not in WRITERS:
        suffixes = ", ".join(WRITERS)
        raise ConfigError(source.where, "report", f"{path!r} does not end in one of {suffixes}")
    return source.folder / path
