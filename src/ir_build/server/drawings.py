"""Drawings of the first pages of PDFs, for the page that compares them.

Nobody is charged for a drawing, and a hostile page takes long to draw. So one worker draws for all,
with little time, and an account waits for one drawing at a time. The last drawings are kept, and so
are the faults of those that failed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..errors import FileSkipped, InputError, Unreadable
from ..sandbox.pool import Sandbox
from .errors import HttpError, not_found, unavailable
from .places import Places
from .storage.errors import MissingObject
from .storage.spool import Spool

if TYPE_CHECKING:
    from .settings import Settings
    from .storage.objects import Storage

#: CPU seconds for one drawing
_SECONDS = 10.0
#: accounts that may wait; drawings that are kept, each of about a megapixel at most
_WAITING = 8
_KEPT = 16


class Drawings:
    """Draws first pages. Its methods are called on the event loop."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        """`storage` holds the PDFs."""
        self._storage = storage
        self._places = Places(_WAITING, retry_after=2, of="drawings", each=1)
        self._sandbox = Sandbox(
            jobs=1,
            time_limit=min(_SECONDS, settings.time_limit),
            memory_limit=settings.memory_limit,
        )
        self._thread = ThreadPoolExecutor(1, "draw")
        self._kept: OrderedDict[str, bytes | str] = OrderedDict()
        self._tasks: set[asyncio.Task[bytes | str]] = set()

    async def first_page(self, account: int, key: str, size: int) -> bytes:
        """The first page of the PDF under `key`, of `size` bytes, as a PNG.

        Raises `HttpError`: 400 when it cannot be drawn, 429 when the account, or too many, wait.
        """
        found = self._kept.get(key)
        if found is None:
            # A client that goes away keeps its place until the work is done.
            task = asyncio.create_task(self._draw(account, key, size))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            found = self._kept[key] = await asyncio.shield(task)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        if isinstance(found, str):
            raise HttpError(400, f"The first page cannot be drawn: {found}")
        return found

    def close(self) -> None:
        """End the worker."""
        self._sandbox.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _draw(self, account: int, key: str, size: int) -> bytes | str:
        with self._places.place() as take:
            take(account)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._drawn, key, size)

    def _drawn(self, key: str, size: int) -> bytes | str:
        """The drawing, or what is wrong with the file."""
        spool = Spool(self._storage.incoming)
        try:
            for piece in self._storage.read(key, 0, size):
                spool.write(piece)
            return self._sandbox.draw(spool.path or spool.read())
        except MissingObject:
            raise not_found() from None
        except Unreadable:
            raise unavailable() from None
        except (InputError, FileSkipped) as error:
            return str(error)
        finally:
            spool.close()
