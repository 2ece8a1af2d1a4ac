"""The ImageRecycle v1 web API: its wire format without I/O, and a client over requests.

from ir_build.imagerecycle import Client

with Client.from_environment() as client:
    client.compress("a.png").to_file("b.png")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client
    from .credentials import Credentials

__all__ = ["Client", "Credentials"]


def __getattr__(name: str) -> Any:
    # Loaded when first used: requests takes a while to import, and a server needs the wire only.
    if name == "Client":
        from .client import Client  # noqa: PLC0415

        return Client
    if name == "Credentials":
        from .credentials import Credentials  # noqa: PLC0415

        return Credentials
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
