"""Key and secret of an account: where they are found, how they are kept, and never shown.

The server's address comes from the same place. A pull request can change a project's file, so that
file must not decide where a secret is sent.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..atomic import write_private
from ..errors import ConfigError
from . import keychain
from .links import LOOPBACK

DEFAULT_URL = "https://api.imagerecycle.com/v1"
_KEY, _SECRET, _URL = "IR_BUILD_API_KEY", "IR_BUILD_API_SECRET", "IR_BUILD_API_URL"
_FILE = "IR_BUILD_CREDENTIALS"
PLAIN_HTTP = "IR_BUILD_API_PLAIN_HTTP"
_FIELDS = frozenset({"key", "secret", "url", "keyring", "plain_http"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What identifies an account to one server."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    #: the only server they are sent to, without a slash at the end
    url: str = DEFAULT_URL


def find(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials in `environ`, else those that `save` has kept. Raises `ConfigError`."""
    found = from_environment(environ)
    return from_file(file(environ)) if found is None else found


def required(environ: Mapping[str, str]) -> Credentials:
    """What `find` finds. Raises `ConfigError` when that is nothing."""
    credentials = find(environ)
    if credentials is None:
        raise ConfigError(
            "the environment",
            _KEY,
            "is not set and nobody has logged in; run `ir-build account login`",
        )
    return credentials


def from_environment(environ: Mapping[str, str], *, url: str | None = None) -> Credentials | None:
    """The credentials in `environ`, None when there are none. `url` replaces the one there.

    Raises `ConfigError`.
    """
    key, secret = environ.get(_KEY, "").strip(), environ.get(_SECRET, "").strip()
    if not key and not secret:
        return None
    if not key or not secret:
        missing = _SECRET if key else _KEY
        raise ConfigError("the environment", missing, "is not set, but its counterpart is")
    address = checked_url(
        "the environment", _URL, url or environ.get(_URL), plain_http=environ.get(PLAIN_HTTP, "")
    )
    return Credentials(key, secret, address)


def file(environ: Mapping[str, str]) -> Path:
    """Where credentials are kept: `IR_BUILD_CREDENTIALS`, else the user's folder for settings."""
    if environ.get(_FILE):
        return Path(environ[_FILE]).expanduser()
    import platformdirs  # noqa: PLC0415  (not needed where the environment says it all)

    return Path(platformdirs.user_config_dir("ir-build", appauthor=False)) / "credentials.toml"


def from_file(path: Path) -> Credentials | None:
    """The credentials kept in the file at `path`, None when there is no such file.

    The secret is in the system's keyring if the file says so. Raises `ConfigError`, also for a file
    that others can read.
    """
    where = str(path)
    try:
        with path.open("rb") as opened:
            _refuse_open_doors(where, os.fstat(opened.fileno()))
            found = tomllib.load(opened)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(where, "credentials", error.strerror or str(error)) from None
    except ValueError:  # its message would quote the file
        raise ConfigError(where, "credentials", "is not TOML") from None
    unknown = found.keys() - _FIELDS
    if unknown:
        raise ConfigError(where, "credentials", f"knows {', '.join(sorted(_FIELDS))} only")
    allowed = _host(found.get("url")) if found.get("plain_http") is True else ""
    url = checked_url(where, "url", found.get("url"), plain_http=allowed)
    key = found.get("key")
    if not isinstance(key, str) or not key:
        raise ConfigError(where, "key", "is missing")
    kept = found.get("keyring") is True
    secret = keychain.secret(url, key) if kept else found.get("secret")
    if not isinstance(secret, str) or not secret:
        place = "cannot be had from the system's keyring" if kept else "is missing"
        raise ConfigError(where, "secret", f"{place}; run `ir-build account login`")
    return Credentials(key, secret, url)


def save(credentials: Credentials, path: Path) -> str:
    """Keep credentials: the secret in the system's keyring if there is one, the rest in a file.

    Returns where the secret is, in words. Raises `ConfigError`.
    """
    lines = [f"url = {_toml(credentials.url)}", f"key = {_toml(credentials.key)}"]
    where = str(path)
    if credentials.url.startswith("http:") and _host(credentials.url) not in LOOPBACK:
        lines.append("plain_http = true")
    if keychain.store(credentials.url, credentials.key, credentials.secret):
        lines.append("keyring = true")
        where = "the system's keyring"
    else:
        lines.append(f"secret = {_toml(credentials.secret)}")
    try:
        write_private(path, "\n".join(lines) + "\n")
    except OSError as error:
        raise ConfigError(str(path), "credentials", error.strerror or str(error)) from None
    return where


def forget(path: Path) -> bool:
    """Remove what `save` has kept. Returns whether there was anything. Raises `ConfigError`."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        found = {}
    if found.get("keyring") is True:
        keychain.remove(str(found.get("url")), str(found.get("key")))
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(str(path), "credentials", error.strerror or str(error)) from None
    return True


def checked_url(where: str, name: str, url: Any, *, plain_http: str = "") -> str:
    """The address of an API, the default for None. Raises `ConfigError` for an unsafe one.

    `plain_http`: the hosts, separated by commas, that the secret may be sent to in clear.
    """
    address = str(url or DEFAULT_URL).rstrip("/")
    named_hosts = {one.strip().lower().strip("[]") for one in plain_http.split(",")} - {""}
    try:
        parts = urlsplit(address)
        safe = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in LOOPBACK | named_hosts
        )
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        safe = plain = named = False
    if not safe:
        raise ConfigError(
            where,
            name,
            "must begin with https:// (http:// only for this machine, and for hosts that "
            f"{PLAIN_HTTP} names: files and the secret can be read on the way to them)",
        )
    if not plain:
        raise ConfigError(where, name, "must be a plain address, without a login")
    if not named:
        raise ConfigError(where, name, "must be an address such as https://api.example.org/v1")
    return address


def _host(url: Any) -> str:
    try:
        return urlsplit(str(url)).hostname or ""
    except ValueError:
        return ""


def _refuse_open_doors(where: str, state: os.stat_result) -> None:
    if sys.platform != "win32":
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise ConfigError(
                where, "credentials", f"other users could read it; type: chmod 600 '{where}'"
            )
        if state.st_uid not in (os.geteuid(), 0):
            raise ConfigError(where, "credentials", "belongs to another user")


def _toml(value: str) -> str:
    # TOML has the escapes of JSON, except for DEL.
    text: str = json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")
