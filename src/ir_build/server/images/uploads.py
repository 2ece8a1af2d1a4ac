"""What becomes of an uploaded file: known already, or compressed, stored and charged."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ... import formats
from ..accounts import quota_accounting
from ..errors import HttpError
from . import images
from .images import ImageRow, StoredResult

if TYPE_CHECKING:
    from ...options import Options
    from ..accounts.accounts import Caller
    from ..compressor import Compressor
    from ..service import Service
    from ..storage.database import Transaction
    from ..storage.spool import Spool

# A JPEG may have megabytes of metadata before its dimensions.
_HEAD = 4 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Upload:
    """One uploaded file on its way to an image."""

    service: Service
    #: returns the sender, and blocks
    identify: Callable[[], Caller]
    spool: Spool
    name: str
    #: without them nothing is compressed
    options: Options | None
    digest: bytes = b""

    async def finish(self) -> ImageRow:
        """Make the image. Raises `HttpError`."""
        service = self.service
        if service.compressor is None or self.options is None:
            change = _StoreOnly(self)
            image = await service.make(change)
            outcome = "original" if change.new else "known"
        else:
            image, outcome = await self._compressed(service.compressor, self.options)
        service.metrics.accepted(outcome, image.result.size_before, image.result.size_after)
        return image

    async def _compressed(self, compressor: Compressor, options: Options) -> tuple[ImageRow, str]:
        service = self.service
        kind, found = await service.run(self._begin, options, compressor.identity)
        if isinstance(found, images.ImageRow):
            return found, "known"
        job = found
        smaller: Spool | None = None
        settled = False
        try:
            smaller = await compressor.compress(job.caller.id, self.spool, kind, options)
            image = await service.make(_Store(self, job.caller, kind, smaller, job))
            settled = True
        finally:
            if smaller is not None:
                smaller.close()
            if not settled:
                await service.run(quota_accounting.release, service.database, job)
        return image, "original" if smaller is None else "compressed"

    def _begin(
        self, options: Options, identity: str
    ) -> tuple[formats.MediaType, ImageRow | quota_accounting.Reservation]:
        """The type, and the image when an equal file is stored, else a reservation."""
        service = self.service
        caller = self.identify()
        kind = self.kind()
        asked = f"{options.to_json()}\n{identity}".encode()
        self.digest = hashlib.sha256(self.spool.digest() + asked).digest()
        known = images.known(service.database, caller, self.digest)
        if known is not None:
            with service.database.transaction() as transaction:
                image = self.add_again(transaction, caller, known)
            if image is not None:
                return kind, image
        now = service.now()
        deadline = now + round(2 * service.settings.deadline)
        return kind, quota_accounting.reserve(
            service.database, caller, self.spool.size, now, deadline
        )

    def add_again(
        self, transaction: Transaction, caller: Caller, known: StoredResult
    ) -> ImageRow | None:
        """A further image of what is stored for an equal upload. It is charged as any other."""
        now = self.service.now()
        image = images.add_again(transaction, caller, known, self.name, now)
        if image is not None:
            quota_accounting.charge(transaction, caller, known.size_before, known.size_after, now)
        return image

    def kind(self) -> formats.MediaType:
        """The type of the file. Raises `HttpError`."""
        kind = formats.sniff(self.spool.read(formats.HEAD_BYTES))
        if kind not in formats.COMPRESSIBLE:
            known = ", ".join(formats.COMPRESSIBLE)
            raise HttpError(400, f"The file is of no type that can be compressed ({known})")
        return kind


@dataclass(slots=True, eq=False)
class _Store:
    """The change that makes an image of a new result.

    Objects are stored before the rows, so that an image never refers to a missing object.
    """

    upload: Upload
    caller: Caller
    kind: formats.MediaType
    smaller: Spool | None = None
    job: quota_accounting.Reservation | None = None
    _now: int = 0
    _result: StoredResult | None = None

    def prepare(self) -> None:
        spool, smaller = self.upload.spool, self.smaller
        self._now = self.upload.service.now()
        width, height = _dimensions(smaller or spool, self.kind)
        self._result = result = StoredResult(
            id=f"{datetime.fromtimestamp(self._now, UTC):%Y%m%d}/{secrets.token_hex(16)}",
            digest=self.upload.digest,
            media=self.kind,
            width=width,
            height=height,
            size_before=spool.size,
            size_after=(smaller or spool).size,
        )
        storage = self.upload.service.storage
        if smaller is not None:
            storage.take(result.optimized, smaller)
        storage.take(result.original, spool)

    def record(self, transaction: Transaction) -> ImageRow:
        assert self._result is not None
        result, caller, now = self._result, self.caller, self._now
        image = images.add(transaction, caller, result, self.upload.name, now)
        if self.job is None:
            quota_accounting.charge(transaction, caller, result.size_before, result.size_after, now)
        else:
            quota_accounting.settle(transaction, self.job, result.size_after, now)
        return image

    def undo(self) -> None:
        if self._result is not None:
            self.upload.service.storage.delete([self._result.original, self._result.optimized])


class _StoreOnly:
    """The change that makes an image of a file that is not compressed."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._known: StoredResult | None = None
        #: the change that it comes to unless an equal upload is stored
        self.new: _Store | None = None

    def prepare(self) -> None:
        upload = self._upload
        self._caller = upload.identify()
        self._kind = upload.kind()
        upload.digest = upload.spool.digest()
        self._known = images.known(upload.service.database, self._caller, upload.digest)
        if self._known is None:
            self._store()

    def record(self, transaction: Transaction) -> ImageRow:
        if self._known is not None:
            image = self._upload.add_again(transaction, self._caller, self._known)
            if image is not None:
                return image
        return (self.new or self._store()).record(transaction)  # removed meanwhile

    def undo(self) -> None:
        if self.new is not None:
            self.new.undo()

    def _store(self) -> _Store:
        self.new = _Store(self._upload, self._caller, self._kind)
        self.new.prepare()
        return self.new


def _dimensions(file: Spool, kind: formats.MediaType) -> tuple[int, int]:
    """Width and height in pixels, from the beginning of a file.

    Pillow is no way to have them here: for AVIF and WebP it wants the whole file, for native code in
    this process, and it knows no SVG. Where nothing is compressed there is no worker to ask.
    """
    # The largest picture of an AVIF need not be the first one.
    if kind is not formats.MediaType.AVIF:
        found = formats.dimensions(file.read(formats.HEAD_BYTES), kind)
        if any(found) or kind is formats.MediaType.PDF:
            return found
    return formats.dimensions(file.read(_HEAD), kind)
