"""The main account's key and secret: given by the operator, or made and written to a private file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ... import atomic
from ...imagerecycle.credentials import PLAIN_HTTP
from ..errors import wrong_setting
from .accounts import IssuedCredentials

if TYPE_CHECKING:
    from ..settings import Settings

_KEY = re.compile(r"[!-~]{8,200}")
# Secrets have fast digests: short ones could be guessed from a copy of the database.
_SECRET = re.compile(r"[!-~]{32,200}")


def given(settings: Settings) -> IssuedCredentials | None:
    """What the settings say, None where they say nothing. Raises `ConfigError`."""
    key, secret = settings.main_key, settings.main_secret
    if not key and not secret:
        return None
    for name, value, form, least in (
        ("main_key", key, _KEY, 8),
        ("main_secret", secret, _SECRET, 32),
    ):
        if not form.fullmatch(value):
            raise wrong_setting(
                name,
                f"needs {least} to 200 characters of ASCII without blanks; main_key and main_secret "
                "are set together",
            )
    return IssuedCredentials(key, secret)


def write(settings: Settings, credentials: IssuedCredentials) -> Path:
    """Write the file `main-account.env`, which only the server's user can read, for builds.

    Returns the file. Raises `ConfigError`.
    """
    path = settings.data_dir.absolute() / "main-account.env"
    parts = urlsplit(settings.public_url)
    lines = (
        f"IR_BUILD_API_URL={settings.public_url}/v1",
        f"{PLAIN_HTTP}={parts.hostname}" if parts.scheme == "http" else "",
        f"IR_BUILD_API_KEY={credentials.key}",
        f"IR_BUILD_API_SECRET={credentials.secret}",
    )
    try:
        atomic.write_private(path, "\n".join(filter(None, lines)) + "\n")
    except OSError as error:
        raise wrong_setting(
            "data_dir",
            f"the main account's secret cannot be written to {path} ({error.strerror}); when it "
            "can, `ir-build serve --reset-secret` makes a new one",
        ) from error
    return path
