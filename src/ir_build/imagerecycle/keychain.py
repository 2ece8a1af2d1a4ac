"""The system's keyring, where the package `keyring` is installed and finds one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

_SERVICE = "ir-build"


def store(url: str, key: str, secret: str) -> bool:
    """Keep a secret. Returns False when there is no keyring, or it is locked."""
    with _keyring() as keyring:
        if keyring is not None:
            keyring.set_password(_SERVICE, _name(url, key), secret)
            return True
    return False


def secret(url: str, key: str) -> str | None:
    """The secret kept, None when there is none or the keyring cannot be opened."""
    with _keyring() as keyring:
        if keyring is not None:
            found = keyring.get_password(_SERVICE, _name(url, key))
            return found if isinstance(found, str) else None
    return None


def remove(url: str, key: str) -> None:
    """Forget a secret, if there is one."""
    with _keyring() as keyring:
        if keyring is not None:
            keyring.delete_password(_SERVICE, _name(url, key))


@contextlib.contextmanager
def _keyring() -> Iterator[Any]:
    """The package, None when it isn't installed or has no place to keep anything.

    The block ends where the keyring fails.
    """
    try:
        import keyring  # noqa: PLC0415  (optional, and slow to import)
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        yield None
        return
    usable = keyring.get_keyring().priority >= 1
    with contextlib.suppress(keyring.errors.KeyringError):
        yield keyring if usable else None


def _name(url: str, key: str) -> str:
    return f"{key} at {url}"
