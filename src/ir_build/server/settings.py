"""The server's settings: a TOML file, then IR_BUILD_SERVER_... in the environment, then arguments.

A setting is a field of `Settings`; its reader and its help stand beside it.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import values
from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "IR_BUILD_SERVER_"


def _setting(default: Any, read: Callable[[Any], Any], help_: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "help": help_})


def _one_of(*names: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is not one of {', '.join(names)}")
        return str(value)

    return read


def _whole(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ValueError(f"{value!r} is not a whole number from 0")
    return number


def _rate(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not number >= 0:
        raise ValueError(f"{value!r} is not a number from 0")
    return number


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

    host: str = _setting("127.0.0.1", values.text, "address to listen on")
    port: int = _setting(8089, _whole, "port to listen on; 0 for a free one")
    public_url: str = _setting(
        "", _address, "where clients reach the server, for links; by default host and port"
    )
    tls_cert: str = _setting(
        "",
        values.text,
        "file of the certificate and its chain, PEM; with it the server speaks https",
    )
    tls_key: str = _setting(
        "", values.text, "file of the certificate's key, PEM; by default it is in tls_cert"
    )
    data_dir: Path = _setting(  # noqa: RUF009  (a field, which a path is no default of yet)
        Path(), _path, "folder of the key file and, by default, of database and objects"
    )
    database: str = _setting(
        "",
        values.text,
        "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        secret=True,
    )
    storage: str = _setting("", values.text, "file:///PATH or s3://BUCKET/PREFIX")
    s3_endpoint: str = _setting("", values.text, "address of the S3-compatible store")
    s3_region: str = _setting("", values.text, "region of the bucket")
    s3_access_key: str = _setting("", values.text, "key of the store")
    s3_secret_key: str = _setting("", values.text, "secret of the store", secret=True)
    main_key: str = _setting(
        "", values.text, "key of the main account; by default one is made at the first start"
    )
    main_secret: str = _setting(
        "", values.text, "secret of the main account, 32 characters or more", secret=True
    )
    secret_key: str = _setting(
        "", values.text, "what secrets are encrypted under, instead of the key file", secret=True
    )
    accepted_secret_keys: tuple[str, ...] = _setting(
        (), values.strings, "further keys that open what was made under them", secret=True
    )
    durability: str = _setting(
        "normal", _one_of("normal", "full"), "full: flush to the disk before answering"
    )
    backend: str = _setting(
        "engine", _one_of("engine", "none"), "none: store originals, compress nothing"
    )
    jobs: int | None = _setting(None, values.jobs, "worker processes; by default one a processor")
    queue: int = _setting(32, _whole, "uploads that may wait for a worker; more are answered 429")
    time_limit: float = _setting(
        60.0, values.seconds, "CPU seconds that a codec may take on a file"
    )
    memory_limit: int = _setting(1024**3, values.size, "bytes that a worker process may use")
    max_pixels: int = _setting(
        100_000_000, values.count, "width x height above which a file is not decoded"
    )
    deadline: float = _setting(
        300.0, values.seconds, "seconds from a whole upload to its answer, waiting included"
    )
    max_file_size: int = _setting(50_000_000, values.size, "largest upload, bytes")
    max_uploads: int = _setting(
        64, values.count, "uploads under way at once; more are answered 429"
    )
    reserve: int = _setting(
        32_000_000,
        values.size,
        "bytes of the disk set aside for deleting; with less than twice that, uploads are answered 503",
    )
    quota: int = _setting(0, values.size, "bytes a month of the main account; 0: no limit")
    rate: float = _setting(50.0, _rate, "requests a second of one account; 0: no limit")
    burst: int = _setting(200, values.count, "requests that may come at once before `rate` counts")
    body_idle: float = _setting(20.0, values.seconds, "seconds without a byte that end a request")
    body_rate: int = _setting(16_000, _whole, "bytes a second that an upload must keep up")
    url_uploads: str = _setting(
        "off",
        _one_of("off", "listed", "public"),
        "who may be fetched from: nobody, url_allow, or url_allow and every public address",
    )
    url_allow: tuple[str, ...] = _setting(
        (), values.strings, "hosts (name, *.name, name:port) and networks (10.1.0.0/16) to trust"
    )
    url_time_limit: float = _setting(
        30.0, values.seconds, "seconds in which a file must have been fetched"
    )
    metrics: str = _setting(
        "", values.text, "Prometheus metrics: a path (/metrics) or an address of its own (:9090)"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), values.strings, "addresses whose X-Forwarded-For is believed, for the log"
    )
    sweep_interval: float = _setting(60.0, values.seconds, "seconds between two clean-ups")
    grace: float = _setting(60.0, values.seconds, "seconds that a stop waits for work under way")

    def __post_init__(self) -> None:
        """Fill in what follows from other settings."""
        if self.data_dir == Path():
            # Looked up here, for the sake of programs that never serve.
            from platformdirs import user_data_path  # noqa: PLC0415

            object.__setattr__(self, "data_dir", user_data_path("ir-build") / "server")
        folder = self.data_dir.absolute().as_posix()
        if not self.database:
            object.__setattr__(self, "database", f"sqlite:///{folder}/server.sqlite3")
        if not self.storage:
            object.__setattr__(self, "storage", f"file:///{folder.lstrip('/')}/objects")
        if not self.public_url:
            # All addresses are none that a link could lead to.
            host = "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
            host = f"[{host}]" if ":" in host else host
            scheme = "https" if self.tls_cert else "http"
            object.__setattr__(self, "public_url", f"{scheme}://{host}:{self.port}")


def load(
    file: Path | None,
    environ: Mapping[str, str] = os.environ,
    arguments: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """The settings of `file`, `environ` and `arguments` that are not None, the last one winning.

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
    """`found` with what is in the files that stand for secrets, as `main_secret_file` does."""
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
