"""The built-in engine as a backend: in worker processes on this machine, no account needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import engine

if TYPE_CHECKING:
    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options
    from ..sandbox.pool import Sandbox


class LocalBackend:
    """Compresses with the built-in engine."""

    name = "the built-in engine"
    remote = False

    def __init__(self, sandbox: Sandbox) -> None:
        """Use the workers of `sandbox`, which the caller closes."""
        self._sandbox = sandbox
        self.identity = engine.identity()

    def compress(self, data: bytes, media: MediaType, options: Options, name: str) -> Candidate:  # noqa: ARG002  (a remote backend sends the name)
        return self._sandbox.compress(data, media, options)

    def delivered(self, source: str, result: str) -> None:
        """Nothing left this machine."""

    def warnings(self) -> list[str]:
        return []

    def close(self) -> None:
        """Nothing is held here."""
