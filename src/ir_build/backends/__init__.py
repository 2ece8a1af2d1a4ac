"""The backends that compress files: the built-in engine, or a server that speaks the ImageRecycle v1 API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import engine
from ..errors import ConfigError

if TYPE_CHECKING:
    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options
    from ..sandbox.pool import Sandbox


class Backend:
    """Turns one file into a smaller one."""

    #: its name in the log
    name: str
    #: what tells its results from those of other backends; part of every cache key
    identity: str
    #: whether files leave this machine
    remote = False

    def compress(self, data: bytes, media: MediaType, options: Options, name: str) -> Candidate:
        """A candidate for `data`, a file of type `media` called `name`. Several threads call it at once.

        Raises `FileSkipped` or an `InputError` when the reason is this file, and a `BackendError` when the
        backend itself has failed.
        """
        raise NotImplementedError

    def delivered(self, source: str, result: str) -> None:
        """Note that a result was accepted. `source` and `result` are the SHA-256 of the file and of its result."""

    def warnings(self) -> list[str]:
        """Lines that the report should say of the run as a whole."""
        return []

    def close(self) -> None:
        """Release what the backend holds. Calls that are under way end soon, with or without an error."""


class LocalBackend(Backend):
    """The built-in engine in worker processes on this machine. It needs no account."""

    name = "the built-in engine"

    def __init__(self, sandbox: Sandbox) -> None:
        """Use the workers of `sandbox`, which the caller closes."""
        self._sandbox = sandbox
        self.identity = engine.identity()

    def compress(self, data: bytes, media: MediaType, options: Options, name: str) -> Candidate:  # noqa: ARG002  (a remote backend sends the name)
        return self._sandbox.compress(data, media, options)


def choose(
    name: str,
    *,
    environ: Mapping[str, str],
    sandbox: Sandbox,
    folder: Path,
    concurrency: int,
    budget: int | None,
) -> Backend:
    """The backend called `name`: `local`, `api` or `auto`.

    `auto` is the server if credentials are in `environ`, else the built-in engine. Credentials from
    `ir-build account login` count only for `api`. `folder` is the folder of the cache. `concurrency` and
    `budget` are those of `ApiBackend`. Raises `ConfigError` when `api` has no credentials.
    """
    from ..imagerecycle.credentials import find, from_environment  # noqa: PLC0415

    if name == "local":
        return LocalBackend(sandbox)
    credentials = find(environ) if name == "api" else from_environment(environ)
    if credentials is None:
        if name == "api":
            raise ConfigError(
                "backend",
                "api",
                "needs IR_BUILD_API_KEY and IR_BUILD_API_SECRET in the environment, or "
                "`ir-build account login`",
            )
        return LocalBackend(sandbox)
    # The import of requests takes time. So only runs with a server import it.
    from ..imagerecycle import manifest  # noqa: PLC0415
    from ..imagerecycle.client import Client  # noqa: PLC0415
    from .api import ApiBackend  # noqa: PLC0415

    return ApiBackend(
        Client(credentials, connections=concurrency),
        concurrency=concurrency,
        budget=budget,
        manifest=manifest.Manifest(folder / manifest.NAME),
    )
