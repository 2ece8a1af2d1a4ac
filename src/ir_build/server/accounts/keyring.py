"""What is derived from the server's own keys: sealed secrets, their digests, download tokens.

The keys live outside the database, in the environment or in a file of mode 0600, so a copy of the
database opens nothing. There are several while a new key replaces an old one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ... import atomic
from ...errors import Unreadable
from ..errors import wrong_setting

if TYPE_CHECKING:
    from ..settings import Settings

_NONCE_BYTES = 12
_ID_DIGITS = 12  #: of a token's 32 hexadecimal digits; the other 20 are a MAC of 80 bits
_TOKEN = re.compile("[0-9a-f]{32}")
_SHORTEST_KEY = 32


class Keyring:
    """Uses of the server's keys. The first one makes everything, and each of them opens it."""

    def __init__(self, first: bytes, *accepted: bytes) -> None:
        """Each key has 32 random bytes or characters, or more."""
        self._first = _Key.derived(first)
        self._all = (self._first, *map(_Key.derived, accepted))

    def seal(self, secret: str) -> bytes:
        """`secret`, encrypted for the database."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._first.sealing.encrypt(nonce, secret.encode(), None)

    def unseal(self, sealed: bytes) -> str | None:
        """What `seal` was given, None when none of the keys here has sealed it."""
        return next(filter(None, (key.unsealed(sealed) for key in self._all)), None)

    def is_former(self, sealed: bytes) -> bool:
        """Whether this was sealed under an accepted key and not under the first one."""
        if len(self._all) == 1 or self._first.unsealed(sealed) is not None:
            return False
        return self.unseal(sealed) is not None

    def digest(self, secret: str) -> bytes:
        """What a secret is checked against: fast, because secrets are 256 random bits."""
        return self._first.digest(secret)

    def matches(self, secret: str, digest: bytes) -> bool:
        """Whether this is the secret of that digest, in the same time whatever the answer."""
        found = [hmac.compare_digest(key.digest(secret), digest) for key in self._all]
        return any(found)

    def token(self, kind: str, number: int, created: int) -> str:
        """The download token of an image: 32 hexadecimal digits, which differ by `kind`.

        `created`, Unix seconds, is part of it. A database that was restored from a backup gives
        some numbers out a second time, but at another moment.
        """
        return self._first.token(kind, number, created)

    def opens(self, token: str, kind: str, number: int, created: int) -> bool:
        """Whether `token` is that image's."""
        made = (key.token(kind, number, created) for key in self._all)
        found = [hmac.compare_digest(one.encode(), token.encode()) for one in made]
        return any(found)


def token_number(token: str) -> int | None:
    """The number of the image that `token` names, None for what does not look like a token."""
    return int(token[:_ID_DIGITS], 16) if _TOKEN.fullmatch(token) else None


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """The keys for each purpose that are derived from one of the server's keys."""

    sealing: AESGCM
    digests: bytes
    tokens: bytes

    @classmethod
    def derived(cls, master: bytes) -> _Key:
        return cls(
            AESGCM(_derive(master, b"seal")), _derive(master, b"digest"), _derive(master, b"token")
        )

    def unsealed(self, sealed: bytes) -> str | None:
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self.sealing.decrypt(nonce, text, None).decode()
        except InvalidTag:
            return None

    def digest(self, secret: str) -> bytes:
        return hashlib.blake2s(secret.encode(), key=self.digests).digest()

    def token(self, kind: str, number: int, created: int) -> str:
        text = f"{number:0{_ID_DIGITS}x}"
        size = (32 - _ID_DIGITS) // 2
        signed = f"{kind}/{text}/{created}".encode()
        return text + hashlib.blake2s(signed, digest_size=size, key=self.tokens).hexdigest()


def load(settings: Settings) -> Keyring:
    """The keyring of the configured keys, or else of the key file. The first start makes that file.

    Raises `ConfigError`.
    """
    accepted = [key.encode() for key in settings.accepted_secret_keys]
    if settings.secret_key:
        keys = [settings.secret_key.encode(), *accepted]
    else:
        path = key_file(settings)
        try:
            keys = [*_read_or_make(path), *accepted]
        except OSError as error:
            raise wrong_setting("data_dir", f"{path}: {error.strerror}") from error
    if any(len(key) < _SHORTEST_KEY for key in keys):
        raise wrong_setting("secret_key", f"needs {_SHORTEST_KEY} characters or more")
    return Keyring(*keys)


def key_file(settings: Settings) -> Path:
    """The file of keys, one a line. The first is used, all are accepted."""
    return settings.data_dir / "server.key"


def renew(settings: Settings) -> Path:
    """Put a new key before those of the key file, for servers that are started from now on.

    Returns the file. Raises `ConfigError`.
    """
    if settings.secret_key:
        raise wrong_setting(
            "secret_key",
            "is set, so there is no key file: put a new key there, and the former one into "
            "accepted_secret_keys",
        )
    path = key_file(settings)
    try:
        keys = [_new_key(), *_read(path)]
        with atomic.writing(path) as file:  # which keeps its mode and its owner
            file.write(b"".join(key + b"\n" for key in keys))
    except (OSError, Unreadable) as error:
        raise wrong_setting("data_dir", f"{path}: {error}") from error
    return path


def _read(path: Path) -> list[bytes]:
    return [line.strip() for line in path.read_bytes().splitlines() if line.strip()]


def _read_or_make(path: Path) -> list[bytes]:
    if not path.exists():
        atomic.create_private(path, _new_key().decode() + "\n")
    keys = _read(path)
    if not keys:
        raise wrong_setting("data_dir", f"{path} holds no key")
    return keys


def _new_key() -> bytes:
    return secrets.token_hex(32).encode()


def _derive(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(hashlib.sha256(master).digest(), b"ir-build server/" + purpose, "sha256")
