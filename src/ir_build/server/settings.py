"""The server's settings: a TOML file, then IR_BUILD_SERVER_... in the environment, then arguments.

A setting is a field of `Settings`; its reader and its help stand beside it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from .. import values
from ..errors import ConfigError

PREFIX = "IR_BUILD_SERVER_"


def _setting(
    default: Any, help_: str, read: Callable[[Any], Any] = values.text, *, secret: bool = False
) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "help": help_})


def _address(value: Any) -> str:
    parts = urlsplit(values.text(value))
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{value!r} is not an address such as https://images.example.org")
    return str(value).rstrip("/")


def _path(value: Any) -> Path:
    return Path(values.text(str(value))).expanduser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server runs."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8089, "port to listen on; 0 for a free one", values.from_zero)
    public_url: str = _setting(
        "", "where clients reach the server, for links; by default host and port", _address
    )
    tls_cert: str = _setting(
        "", "file of the certificate and its chain, PEM; with it the server speaks https"
    )
    tls_key: str = _setting("", "file of the certificate's key, PEM; by default it is in tls_cert")
    data_dir: Path = _setting(  # noqa: RUF009  (a field, which a path is no default of yet)
        Path(), "folder of the key file and, by default, of database and objects", _path
    )
    database: str = _setting(
        "", "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME", secret=True
    )
    storage: str = _setting("", "file:///PATH or s3://BUCKET/PREFIX")
    s3_endpoint: str = _setting("", "address of the S3-compatible store")
    s3_region: str = _setting("", "region of the bucket")
    s3_access_key: str = _setting("", "key of the store")
    s3_secret_key: str = _setting("", "secret of the store", secret=True)
    main_key: str = _setting(
        "", "key of the main account; by default one is made at the first start"
    )
    main_secret: str = _setting(
        "", "secret of the main account, 32 characters or more", secret=True
    )
    secret_key: str = _setting(
        "", "what secrets are encrypted under, instead of the key file", secret=True
    )
    accepted_secret_keys: tuple[str, ...] = _setting(
        (), "further keys that open what was made under them", values.strings, secret=True
    )
    durability: str = _setting(
        "normal", "full: flush to the disk before answering", values.one_of("normal", "full")
    )
    backend: str = _setting(
        "engine", "none: store originals, compress nothing", values.one_of("engine", "none")
    )
    jobs: int | None = _setting(None, "worker processes; by default one a processor", values.jobs)
    queue: int = _setting(
        32, "uploads that may wait for a worker; more are answered 429", values.from_zero
    )
    time_limit: float = _setting(
        60.0, "CPU seconds that a codec may take on a file", values.seconds
    )
    memory_limit: int = _setting(1024**3, "bytes that a worker process may use", values.size)
    max_pixels: int = _setting(
        100_000_000, "width x height above which a file is not decoded", values.count
    )
    deadline: float = _setting(
        300.0, "seconds from a whole upload to its answer, waiting included", values.seconds
    )
    max_file_size: int = _setting(50_000_000, "largest upload, bytes", values.size)
    max_uploads: int = _setting(
        64, "uploads under way at once; more are answered 429", values.count
    )
    reserve: int = _setting(
        32_000_000,
        "bytes of the disk set aside for deleting; with less than twice that, uploads are answered 503",
        values.size,
    )
    quota: int = _setting(0, "bytes a month of the main account; 0: no limit", values.size)
    rate: float = _setting(50.0, "requests a second of one account; 0: no limit", values.rate)
    burst: int = _setting(200, "requests that may come at once before `rate` counts", values.count)
    body_idle: float = _setting(20.0, "seconds without a byte that end a request", values.seconds)
    body_rate: int = _setting(
        16_000, "bytes a second that an upload must keep up", values.from_zero
    )
    url_uploads: str = _setting(
        "off",
        "who may be fetched from: nobody, url_allow, or url_allow and every public address",
        values.one_of("off", "listed", "public"),
    )
    url_allow: tuple[str, ...] = _setting(
        (), "hosts (name, *.name, name:port) and networks (10.1.0.0/16) to trust", values.strings
    )
    url_time_limit: float = _setting(
        30.0, "seconds in which a file must have been fetched", values.seconds
    )
    metrics: str = _setting(
        "", "Prometheus metrics: a path (/metrics) or an address of its own (:9090)"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "addresses whose X-Forwarded-For is believed, for the log", values.strings
    )
    sweep_interval: float = _setting(60.0, "seconds between two clean-ups", values.seconds)
    grace: float = _setting(60.0, "seconds that a stop waits for work under way", values.seconds)

    def __post_init__(self) -> None:
        """Fill in what follows from other settings."""
        if self.data_dir == Path():
            # Only a server needs it.
            from platformdirs import user_data_path  # noqa: PLC0415

            object.__setattr__(self, "data_dir", user_data_path("ir-build") / "server")
        folder = self.data_dir.absolute().as_posix()
        if not self.database:
            object.__setattr__(self, "database", f"sqlite:///{folder}/server.sqlite3")
        if not self.storage:
            object.__setattr__(self, "storage", f"file:///{folder.lstrip('/')}/objects")
        if not self.public_url:
            # A link cannot lead to "all addresses".
            host = "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
            host = f"[{host}]" if ":" in host else host
            scheme = "https" if self.tls_cert else "http"
            object.__setattr__(self, "public_url", f"{scheme}://{host}:{self.port}")


def load(
    file: Path | None,
    environ: Mapping[str, str] = os.environ,
    arguments: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """The settings of `file`, of `environ` and of the `arguments` that are not None. The last wins.

    Raises `ConfigError`.
    """
    found: dict[str, Any] = {}
    if file is not None:
        found |= _checked(str(file), _table(file))
    variables = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in environ.items()
        if name.startswith(PREFIX) and name != f"{PREFIX}CONFIG"
    }
    found |= _checked("the environment (IR_BUILD_SERVER_...)", variables)
    given = {name: value for name, value in arguments.items() if value is not None}
    found |= _checked("the command line", given)
    return Settings(**found)


def _table(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(str(file), "file", error.strerror or "cannot be read") from error
    except ValueError as error:
        raise ConfigError(str(file), "file", f"is not TOML: {error}") from error


def _with_files(
    where: str, found: Mapping[str, Any], known: Mapping[str, Field[Any]]
) -> dict[str, Any]:
    """`found`, with the contents of files where settings such as `main_secret_file` name them."""
    values_ = {}
    for name, value in found.items():
        secret = name.removesuffix("_file")
        if name == secret or secret not in known or known[secret].repr:
            values_[name] = value
            continue
        if secret in found:
            raise ConfigError(where, name, f"is set, and {secret} too: set one of them")
        try:
            values_[secret] = Path(value).read_text("utf-8").strip()
        except (OSError, ValueError, TypeError) as error:
            reason = getattr(error, "strerror", None) or "is no text file"
            raise ConfigError(where, name, f"{value}: {reason}") from error
    return values_


def _checked(where: str, found: Mapping[str, Any]) -> dict[str, Any]:
    known = {one.name: one for one in fields(Settings)}
    checked = {}
    for name, value in _with_files(where, found, known).items():
        if name not in known:
            raise ConfigError(where, name, "is no setting of the server; see docs/server.md")
        try:
            checked[name] = known[name].metadata["read"](value)
        except ValueError as error:
            if not known[name].repr:  # the error shows the value
                raise ConfigError(where, name, "is not of the right kind") from None
            raise ConfigError(where, name, str(error)) from error
    return checked
