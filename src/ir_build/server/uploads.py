"""What becomes of an uploaded file: known already, or compressed, stored and charged."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .. import media
from ..imagerecycle.wire import incoming
from . import images, ledger
from .dimensions import dimensions
from .images import Result
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..media import MediaType
    from ..options import Options
    from .accounts import Caller
    from .images import Image
    from .ledger import Job
    from .service import Service
    from .spool import Spool

# Enough of a file for its dimensions: a JPEG may have megabytes of metadata before them.
_HEAD = 4 * 1024 * 1024


class Upload:
    """One uploaded file on its way to an image."""

    def __init__(
        self,
        service: Service,
        identify: Callable[[], Caller],
        spool: Spool,
        filename: str,
        options: Options | None,
    ) -> None:
        """`identify` gives the sender, and blocks; without `options` nothing is compressed."""
        self._service = service
        self._identify = identify
        self._spool = spool
        self._name = incoming.base_name(filename)
        self._options = options
        self._digest = b""

    async def finish(self) -> Image:
        """Make the image. Raises `Refusal`."""
        compressor = self._service.compressor
        if compressor is None or self._options is None:
            return await self._service.run(self._store_only)
        kind, found = await self._service.run(self._begin, self._options, compressor.identity)
        if isinstance(found, images.Image):
            return found
        job = found
        caller = job.caller
        settled = False
        try:
            smaller = await compressor.compress(
                caller.id, self._spool, kind, self._options, self._name
            )
            image = await self._service.run(self._store, caller, kind, smaller, job)
            settled = True
        finally:
            if not settled:
                await self._service.run(ledger.release, self._service.database, job)
        return image

    def _begin(self, options: Options, identity: str) -> tuple[MediaType, Image | Job]:
        """What is known of the file: the image when an equal one is stored, else a reservation."""
        caller = self._identify()
        kind = self._kind()
        asked = f"{options.to_json()}\n{identity}".encode()
        self._digest = hashlib.sha256(self._spool.digest() + asked).digest()
        image = self._again(caller)
        if image is not None:
            return kind, image
        service = self._service
        now = service.now()
        deadline = now + round(2 * service.settings.deadline)
        job = ledger.reserve(service.database, caller, self._spool.size, now, deadline)
        return kind, job

    def _store_only(self) -> Image:
        caller = self._identify()
        kind = self._kind()
        self._digest = self._spool.digest()
        return self._again(caller) or self._store(caller, kind, None, None)

    def _again(self, caller: Caller) -> Image | None:
        """A further image of what is stored for an equal upload. It is charged as any other."""
        service = self._service
        known = images.known(service.database, caller, self._digest)
        if known is None:
            return None
        now = service.now()
        with service.database.transaction() as transaction:
            image = images.add_again(transaction, caller, known, self._name, now)
            if image is not None:
                ledger.charge(transaction, caller, known.size_before, known.size_after, now)
        if image is not None:
            service.metrics.accepted("known", known.size_before, known.size_after)
        return image

    def _store(
        self, caller: Caller, kind: MediaType, smaller: bytes | None, job: Job | None
    ) -> Image:
        """Objects first, then the rows: what an image refers to is always there."""
        service = self._service
        now = service.now()
        width, height = dimensions(self._spool.read(_HEAD) if smaller is None else smaller, kind)
        size = self._spool.size
        result = Result(
            id=f"{datetime.fromtimestamp(now, UTC):%Y%m%d}/{secrets.token_hex(16)}",
            digest=self._digest,
            media=kind,
            width=width,
            height=height,
            size_before=size,
            size_after=size if smaller is None else len(smaller),
        )
        stored = False
        try:
            if smaller is not None:
                service.storage.put(result.optimized, smaller)
            service.storage.take(result.original, self._spool)
            with service.database.transaction() as transaction:
                image = images.add(transaction, caller, result, self._name, now)
                if job is None:
                    ledger.charge(transaction, caller, size, result.size_after, now)
                else:
                    ledger.settle(transaction, job, result.size_after, now)
            stored = True
        finally:
            if not stored:
                service.storage.delete([result.original, result.optimized])
        outcome = "original" if smaller is None else "compressed"
        service.metrics.accepted(outcome, size, result.size_after)
        return image

    def _kind(self) -> MediaType:
        kind = media.sniff(self._spool.read(media.HEAD_BYTES))
        if kind is None:
            known = ", ".join(media.MediaType)
            raise Refusal(400, f"The file is of no type that can be compressed ({known})")
        return kind
