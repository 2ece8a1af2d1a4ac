"""The system's keyring, where the package `keyring` is installed and finds one."""

from __future__ import annotations

import contextlib
from typing import Any

_SERVICE = "ir-build"


def store(url: str, key: str, secret: str) -> bool:
    """Keep a secret. Returns False when there is no keyring, or it is locked."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, _name(url, key), secret)
    except keyring.errors.KeyringError:
        return False
    return True


def secret(url: str, key: str) -> str | None:
    """The secret kept, None when there is none or the keyring cannot be opened."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        found = keyring.get_password(_SERVICE, _name(url, key))
    except keyring.errors.KeyringError:
        return None
    return found if isinstance(found, str) else None


def remove(url: str, key: str) -> None:
    """Forget a secret, if there is one."""
    keyring = _keyring()
    if keyring is not None:
        with contextlib.suppress(keyring.errors.KeyringError):
            keyring.delete_password(_SERVICE, _name(url, key))


def _keyring() -> Any:
    """The package, None when it isn't installed or has no place to keep anything."""
    try:
        import keyring  # noqa: PLC0415  (optional, and slow to import)
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        return None
    return keyring if keyring.get_keyring().priority >= 1 else None


def _name(url: str, key: str) -> str:
    return f"{key} at {url}"
