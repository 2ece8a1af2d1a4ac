"""A server that speaks the ImageRecycle v1 API as a backend."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

from .. import errors
from ..candidate import Candidate
from ..errors import Reason
from ..formats import MediaType
from ..imagerecycle.credentials import DEFAULT_URL
from ..imagerecycle.manifest import Manifest, Sent
from ..imagerecycle.wire import Image, UploadParams
from ..options import Compression, Meta, Options
from . import Backend
from .quota_budget import QuotaBudget

if TYPE_CHECKING:
    from ..imagerecycle.client import Client

# Every server takes these types. A file of another type is sent until the server refuses one.
_TAKEN = frozenset({MediaType.JPEG, MediaType.PNG, MediaType.GIF, MediaType.PDF})


class ApiBackend(Backend):
    """Sends files to a server and downloads the results."""

    remote = True

    def __init__(
        self, client: Client, *, concurrency: int, budget: int | None, manifest: Manifest
    ) -> None:
        """Use `client`, which is closed with this backend.

        At most `concurrency` calls are under way at once. `budget` is the most bytes that may be sent in all,
        None for no limit. `manifest` notes where originals can be downloaded again.
        """
        self._client = client
        self._slots = threading.BoundedSemaphore(concurrency)
        self._allowance = QuotaBudget(client.account, budget=budget)
        self._manifest = manifest
        self.name = f"the server {client.origin}"
        self.identity = f"imagerecycle/v1;{client.origin}"
        self._refused = set(MediaType) - _TAKEN if client.url == DEFAULT_URL else set()
        self._stopped: errors.BackendError | None = None

    def compress(self, data: bytes, media: MediaType, options: Options, name: str) -> Candidate:
        """Upload `data` and download the result of the server. Raises as `Backend.compress` does."""
        try:
            image = self._upload(data, media, options, name)
            # If the sizes are equal, the server could not make the file smaller.
            if 0 < image.size_before <= image.size_after:
                return Candidate(data, lossy=False)
            with self._slots:
                found = self._client.download(image, limit=len(data))
        except errors.BackendError as error:
            error.file = None  # the report names it
            raise
        self._note(data, image)
        return Candidate(found, lossy=options.compression_type is Compression.LOSSY)

    def delivered(self, source: str, result: str) -> None:
        self._manifest.made(result, source)

    def warnings(self) -> list[str]:
        found = self._allowance.warnings()
        if self._client.doubtful:
            found.append(
                "uploads that may have been charged although their answers were lost: "
                f"{self._client.doubtful}; `ir-build account` shows what was charged"
            )
        return found

    def close(self) -> None:
        self._client.close()
        self._manifest.close()

    def _upload(self, data: bytes, media: MediaType, options: Options, name: str) -> Image:
        with self._slots:
            if self._stopped is not None:
                raise self._stopped
            if media in self._refused:
                raise _not_taken(media)
            self._allowance.take(len(data))
            return self._send(data, media, options, name)

    def _send(self, data: bytes, media: MediaType, options: Options, name: str) -> Image:
        try:
            return self._client.upload(data, name=name, params=self._params(options))
        except errors.FileTooLarge as error:
            self._allowance.give_back(len(data))
            raise errors.FileSkipped(Reason.NOT_TAKEN, error.err_message, lasting=False) from None
        except errors.FileRejected as error:
            self._allowance.give_back(len(data))
            if media not in _TAKEN:
                self._refused.add(media)
                raise _not_taken(media) from None
            raise errors.Rejected(f"the server refused it: {error.err_message}") from None
        except errors.BackendError as error:
            if isinstance(error, errors.OF_THE_ACCOUNT):
                self._stopped = error
            if not error.lost:
                self._allowance.give_back(len(data))
            raise

    def _params(self, options: Options) -> UploadParams:
        metas = options.preserve_metas
        if self._client.url == DEFAULT_URL:
            # The documentation of this server does not name density. The verifier checks the density that browsers use.
            metas -= {Meta.DENSITY}
        return UploadParams(
            compression=options.compression_type, resize=options.resize, preserve_metas=metas
        )

    def _note(self, data: bytes, image: Image) -> None:
        if image.origin_url:
            digest = hashlib.sha256(data).hexdigest()
            self._manifest.sent(
                Sent(digest, len(data), self._client.url, image.id, image.origin_url, image.expires)
            )


def _not_taken(media: MediaType) -> errors.FileSkipped:
    return errors.FileSkipped(
        Reason.NOT_TAKEN, f"the server does not take {media} files", lasting=False
    )
