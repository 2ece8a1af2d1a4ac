"""The plugin's options: those of ir-build, and what `mkdocs serve` shall do."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from mkdocs.config import config_options as c
from mkdocs.config.base import BaseConfigOption, Config, ValidationError

from ir_build.api import ConfigError, read_value

T = TypeVar("T")


class Setting(BaseConfigOption[T | None], Generic[T]):
    """An option of ir-build as it was written; None when it was not."""

    def run_validation(self, value: object) -> T | None:
        try:
            read_value("mkdocs.yml", self._name, value)
        except ConfigError as error:
            raise ValidationError(f"{error.key}: {error.reason}") from None
        return value  # type: ignore[return-value]  # just validated


class IrBuildConfig(Config):
    """The mapping under `ir-build` in `plugins`."""

    compression_type = Setting[str | dict[str, str]]()
    quality = Setting[float | str | dict[str, Any]]()
    resize = Setting[str | dict[str, int]]()
    preserve_metas = Setting[str | list[str]]()
    min_saving = Setting[float | str]()
    effort = Setting[str]()
    max_pixels = Setting[int]()
    pdf_dpi = Setting[int | str]()
    include = Setting[str | list[str]]()
    exclude = Setting[str | list[str]]()
    overrides = Setting[list[dict[str, Any]]]()
    max_file_size = Setting[int | str]()
    jobs = Setting[int | str]()
    timeout = Setting[float | str]()
    memory_limit = Setting[int | str]()
    cache_dir = Setting[str]()
    cache_size = Setting[int | str]()
    strict = Setting[bool]()
    max_total = Setting[int | str]()
    max_file = Setting[int | str]()
    min_saved = Setting[int | str]()
    backend = Setting[str]()
    fallback = Setting[str]()
    concurrency = Setting[int]()
    max_quota_per_build = Setting[int | str]()
    report = Setting[str | list[str]]()

    serve = c.Choice(("off", "cached", "full"), default="off")
    """What `mkdocs serve` does: nothing, use what is in the cache, or all that a build does."""
