"""The plugin's options: those of ir-build, and what `mkdocs serve` shall do."""

from __future__ import annotations

from typing import Any

from mkdocs.config import config_options as c
from mkdocs.config.base import BaseConfigOption, Config, ValidationError

from ir_build.api import SETTINGS, ConfigError, read_value


class SettingOption(BaseConfigOption[Any]):
    """A setting of ir-build as it was written; None when it was not."""

    def run_validation(self, value: object) -> Any:
        try:
            read_value("mkdocs.yml", self._name, value)
        except ConfigError as error:
            raise ValidationError(f"{error.key}: {error.reason}") from None
        return value


class Serve(c.Choice[str]):
    """One of the words. MkDocs reads YAML, where `off` is False."""

    def run_validation(self, value: object) -> str:
        return super().run_validation("off" if value is False else value)


class IrBuildConfig(Config):
    """The mapping under `ir-build` in `plugins`."""

    # MkDocs collects the attributes of a class. Each setting of the table is one.
    vars().update({setting.name: SettingOption() for setting in SETTINGS})

    serve = Serve(("off", "cached", "full"), default="off")
    """What `mkdocs serve` does: nothing, use what is in the cache, or all that a build does."""
