"""Key and secret of an account: from the environment, and never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_URL = "https://api.imagerecycle.com/v1"
_KEY, _SECRET, _URL = "IR_BUILD_API_KEY", "IR_BUILD_API_SECRET", "IR_BUILD_API_URL"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What identifies an account to one server."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    #: the server they are for, without a slash at the end: they are sent to no other
    url: str = DEFAULT_URL


def from_environment(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials in `environ`, None when there are none.

    The server's address comes from the environment too: a project's file, which a pull request
    can change, must not decide where a secret is sent. Raises `ConfigError`.
    """
    key, secret = environ.get(_KEY, "").strip(), environ.get(_SECRET, "").strip()
    if not key and not secret:
        return None
    if not key or not secret:
        missing = _SECRET if key else _KEY
        raise ConfigError("the environment", missing, "is not set, but its counterpart is")
    url = (environ.get(_URL) or DEFAULT_URL).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigError(
            "the environment", _URL, "must begin with https:// (http:// only for this machine)"
        )
    if parts.username or parts.password or parts.query:
        raise ConfigError("the environment", _URL, "must be a plain address, without a login")
    return Credentials(key, secret, url)
