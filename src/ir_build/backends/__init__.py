"""Who compresses: the built-in engine, or a server that speaks the ImageRecycle v1 API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options
    from ..sandbox.pool import Sandbox


class Backend(Protocol):
    """Turns one file into a smaller one."""

    #: what the log calls it
    name: str
    #: what distinguishes its results from another's; part of every cache key
    identity: str
    #: whether files leave this machine
    remote: bool

    def compress(self, data: bytes, media: MediaType, options: Options, name: str) -> Candidate:
        """A candidate for `data`, a file called `name`. Called from several threads.

        Raises `FileSkipped` or an `InputError` for this file, a `BackendError` for trouble of
        the backend itself.
        """

    def delivered(self, source: str, result: str) -> None:
        """Told, by their SHA-256, that a result was accepted: as it will be shipped."""

    def warnings(self) -> list[str]:
        """What the report should say of the run as a whole."""

    def close(self) -> None:
        """Let go of what it holds; calls that are under way end soon, in an error or not."""


def built_in(sandbox: Sandbox) -> Backend:
    """The built-in engine in the workers of `sandbox`."""
    from .local import LocalBackend  # noqa: PLC0415

    return LocalBackend(sandbox)


def choose(
    name: str,
    *,
    environ: Mapping[str, str],
    sandbox: Sandbox,
    folder: Path,
    concurrency: int,
    budget: int | None,
) -> Backend:
    """The backend called `name`; `auto` is the server where credentials are in `environ`.

    Files go to a server that was only logged in to when `name` asks for it. `folder` is the
    cache's; `concurrency` and `budget` are those of `ApiBackend`. Raises `ConfigError`.
    """
    from ..imagerecycle.credentials import find, from_environment  # noqa: PLC0415

    if name == "local":
        return built_in(sandbox)
    credentials = find(environ) if name == "api" else from_environment(environ)
    if credentials is None:
        if name == "api":
            raise ConfigError(
                "backend",
                "api",
                "needs IR_BUILD_API_KEY and IR_BUILD_API_SECRET in the environment, or "
                "`ir-build account login`",
            )
        return built_in(sandbox)
    # requests takes a while to import: only for those who need it.
    from ..imagerecycle import manifest  # noqa: PLC0415
    from ..imagerecycle.client import Client  # noqa: PLC0415
    from .api import ApiBackend  # noqa: PLC0415

    return ApiBackend(
        Client(credentials, connections=concurrency),
        concurrency=concurrency,
        budget=budget,
        manifest=manifest.Manifest(folder / manifest.NAME),
    )
