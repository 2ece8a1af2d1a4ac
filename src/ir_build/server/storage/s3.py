"""Objects in a bucket of an S3-compatible store."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from .errors import MissingObject, StorageUnavailable
from .objects import PIECE

if TYPE_CHECKING:
    from ..settings import Settings
    from .spool import Spool

_LOG = logging.getLogger(__name__)
_LONGEST_MESSAGE = 500

# By default, obstore waits minutes for a store that is down.
_TIMEOUT = timedelta(seconds=30)
_CONNECT_TIMEOUT = timedelta(seconds=3)
_RETRY: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=15)}


class S3Storage:
    """A bucket, or what is below a prefix of it."""

    def __init__(self, bucket: str, prefix: str, settings: Settings) -> None:
        """What `settings` do not say comes from AWS_... variables, as in AWS's own tools."""
        given: Any = {
            "endpoint": settings.s3_endpoint,
            "region": settings.s3_region,
            "access_key_id": settings.s3_access_key,
            "secret_access_key": settings.s3_secret_key,
        }
        client: Any = {"timeout": _TIMEOUT, "connect_timeout": _CONNECT_TIMEOUT}
        if settings.s3_endpoint.startswith("http://"):
            client["allow_http"] = True
        config: Any = {name: value for name, value in given.items() if value}
        self._store = S3Store(
            bucket, prefix=prefix or None, config=config, client_options=client, retry_config=_RETRY
        )
        self.incoming = Path(tempfile.gettempdir())

    def take(self, key: str, spool: Spool) -> None:
        with _translated(key):
            obstore.put(self._store, key, spool.read() if spool.path is None else spool.path)

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        with _translated(key):
            found = obstore.get(self._store, key, options={"range": (start, end)})
            for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def delete(self, keys: list[str]) -> None:
        for key in keys:
            with contextlib.suppress(MissingObject), _translated(key):
                obstore.delete(self._store, key)

    def keys(self, day: str) -> Iterator[str]:
        with _translated(day):
            for page in obstore.list(self._store, f"{day}/"):
                for entry in page:
                    yield entry["path"]

    def check(self) -> None:
        with contextlib.suppress(MissingObject), _translated("check"):
            obstore.head(self._store, "check")


@contextlib.contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise MissingObject(key) from None
    except (BaseError, OSError) as error:
        # The message of the store is for the operator, not for the client.
        _LOG.warning("storage: %s", str(error)[:_LONGEST_MESSAGE])
        raise StorageUnavailable(type(error).__name__) from error
