"""A server that speaks the ImageRecycle v1 API as a backend."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..candidate import Candidate
from ..errors import ApiError, LeftAlone, QuotaExceeded, Reason, Rejected
from ..imagerecycle.wire import UploadParams
from ..imagerecycle.wire.outgoing import encode_params
from ..media import MediaType
from ..options import Compression

if TYPE_CHECKING:
    from ..imagerecycle.client import Client
    from ..imagerecycle.wire import Account
    from ..options import Options

_TAKEN = frozenset({MediaType.JPEG, MediaType.PNG, MediaType.GIF, MediaType.PDF})


class ApiBackend:
    """Sends files to a server and brings the compressed ones back."""

    remote = True

    def __init__(self, client: Client) -> None:
        """Use `client`, which is closed with this backend."""
        self._client = client
        self.name = f"the server {client.origin}"
        self.identity = f"imagerecycle/v1;{client.origin}"
        self._lock = threading.Lock()
        self._account: Account | None = None
        self._sent = 0

    def compress(self, data: bytes, media: MediaType, options: Options, name: str) -> Candidate:
        """Upload `data` and download what the server made of it."""
        if media not in _TAKEN:
            raise LeftAlone(Reason.UNSUPPORTED_VARIANT, f"the server does not take {media} files")
        self._reserve(len(data))
        try:
            image = self._client.upload(data, name, _params(options))
            # Equal sizes mean that the original came back.
            if 0 < image.size_before <= image.size_after:
                return Candidate(data, lossy=False)
            found = self._client.download(image, limit=len(data))
        except ApiError as error:
            if error.status in (400, 413):
                raise Rejected(f"the server refused it: {error.err_message}") from None
            raise
        return Candidate(found, lossy=options.compression_type is Compression.LOSSY)

    def close(self) -> None:
        self._client.close()

    def _reserve(self, size: int) -> None:
        """Refuse, before anything is sent, what the account's limits would refuse after it."""
        with self._lock:
            if self._account is None:
                self._account = self._client.account()
            account = self._account
            if account.file_max_size and size > account.file_max_size:
                raise LeftAlone(
                    Reason.OVER_MAX_FILE_SIZE, f"the server takes {account.file_max_size} bytes"
                )
            left = account.quota_left
            if left is not None and self._sent + size > left:
                raise QuotaExceeded(403, 403, f"{left - self._sent} bytes of the quota are left")
            self._sent += size


def _params(options: Options) -> str:
    return encode_params(
        UploadParams(
            compression=options.compression_type,
            resize=options.resize,
            preserve_metas=options.preserve_metas,
        )
    )
