"""A request that is answered with an error, and a setting that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConfigError


class HttpError(Exception):
    """Ends a request with `status` and the documented error body."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message  #: for the client; never holds a secret or a path of this machine
        self.headers = dict(headers or {})


def wrong_setting(key: str, reason: str) -> ConfigError:
    """The server's setting `key` cannot be used; `reason` says why, and what to do."""
    return ConfigError("server", key, reason)


def unauthorized() -> HttpError:
    """No credentials, an unknown key or a wrong secret. The answer does not tell which."""
    return HttpError(401, "Authentication failed: unknown key or wrong secret")


def not_found() -> HttpError:
    """What does not exist, or belongs to somebody else."""
    return HttpError(404, "Not found")


def quota_exceeded() -> HttpError:
    """The quota is spent. The words are the service's own, misspelling included."""
    return HttpError(403, "Montly quota exceeded")


def too_large(most: int) -> HttpError:
    """A file of more than `most` bytes."""
    return HttpError(400, f"The file is larger than {most} bytes")


def busy(seconds: int, message: str) -> HttpError:
    """Too much at once: come back after `seconds`."""
    return HttpError(429, message, headers={"Retry-After": str(seconds)})


def unavailable(message: str = "The server cannot work now: try again") -> HttpError:
    """The server itself is in trouble, for a while."""
    return HttpError(503, message, headers={"Retry-After": "5"})
