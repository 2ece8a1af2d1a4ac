"""What is derived from the server's own key: sealed secrets, their digests, download tokens.

The key lives outside the database, in the environment or in a file of mode 0600, so a copy of the
database opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from .settings import Settings

_NONCE_BYTES = 12
_ID_DIGITS = 12  #: of a token's 32 hexadecimal digits; the other 20 are a MAC of 80 bits
_SHORTEST_KEY = 32


class Keyring:
    """Uses of the server's key, each under a key of its own derived from it."""

    def __init__(self, master: bytes) -> None:
        """`master`: at least 32 random bytes or characters."""
        self._sealing = AESGCM(_derive(master, b"seal"))
        self._digests = _derive(master, b"digest")
        self._tokens = _derive(master, b"token")

    def seal(self, secret: str) -> bytes:
        """`secret`, encrypted for the database."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, secret.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """What `seal` was given. Raises `ConfigError` when this server has another key."""
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._sealing.decrypt(nonce, text, None).decode()
        except InvalidTag:
            raise ConfigError(
                "server", "secret_key", "is not the key that the database was written with"
            ) from None

    def digest(self, secret: str) -> bytes:
        """What a secret is checked against: fast, because secrets are 128 random bits."""
        return hashlib.blake2s(secret.encode(), key=self._digests).digest()

    def token(self, kind: str, number: int) -> str:
        """The download token of image `number`: 32 hexadecimal digits, another one per `kind`."""
        text = f"{number:0{_ID_DIGITS}x}"
        return text + self._mac(kind, text)

    def token_number(self, kind: str, token: str) -> int | None:
        """The image that `token` was made for, None for one that this server has not made."""
        text, mac = token[:_ID_DIGITS], token[_ID_DIGITS:]
        if not hmac.compare_digest(self._mac(kind, text), mac):
            return None
        return int(text, 16)

    def _mac(self, kind: str, text: str) -> str:
        size = (32 - _ID_DIGITS) // 2
        return hashlib.blake2s(
            f"{kind}/{text}".encode(), digest_size=size, key=self._tokens
        ).hexdigest()


def load(settings: Settings) -> Keyring:
    """The keyring of the configured key, else of the key file, which is made at the first start.

    Raises `ConfigError`.
    """
    if settings.secret_key:
        if len(settings.secret_key) < _SHORTEST_KEY:
            raise ConfigError("server", "secret_key", f"needs {_SHORTEST_KEY} characters or more")
        return Keyring(settings.secret_key.encode())
    path = settings.data_dir / "server.key"
    try:
        return Keyring(_read_or_make(path))
    except OSError as error:
        raise ConfigError("server", "data_dir", f"{path}: {error.strerror}") from error


def _read_or_make(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes().strip()
        if len(key) < _SHORTEST_KEY:
            raise ConfigError("server", "data_dir", f"{path} holds no key") from None
        return key
    key = secrets.token_hex(32).encode()
    with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor)
        file.write(key + b"\n")
    return key


def _derive(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(hashlib.sha256(master).digest(), b"ir-build server/" + purpose, "sha256")
