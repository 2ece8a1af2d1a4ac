"""What the endpoints of one server share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ..imagerecycle.wire import incoming
from .accounts import keyring, main_account
from .accounts.accounts import Accounts, Caller, IssuedCredentials
from .accounts.rate_limit import RateLimiter
from .compressor import Compressor
from .drawings import Drawings
from .errors import unauthorized, wrong_setting
from .fetch.fetch import Fetcher
from .metrics import Metrics
from .places import Places
from .storage.database import Database
from .storage.disk import DiskReserve
from .storage.migrations import migrate
from .storage.open import open_storage
from .storage.writer import Change, ChangeWriter, make

if TYPE_CHECKING:
    from .settings import Settings

_P = ParamSpec("_P")
_R = TypeVar("_R")

# Each thread holds a connection to the database. SQLite and a folder need no network, so more
# threads would only take the interpreter from each other.
_LOCAL_THREADS = 3
_REMOTE_THREADS = 16


class Service:
    """The parts of a running server."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        """Open everything that `settings` name. Raises `ConfigError`."""
        self.settings = settings
        self._clock = clock
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keyring = keyring.load(settings)
        self.database = Database(settings.database, durable=settings.durability == "full")
        self.storage = open_storage(settings)
        self.disk = DiskReserve([self.storage.incoming], self.database.folder, settings.reserve)
        self.accounts = Accounts(self.database, self.keyring, settings.max_file_size)
        self.metrics = Metrics()
        self.compressor = (
            Compressor(settings, self.metrics) if settings.backend == "engine" else None
        )
        self.metrics.watch("uploads_under_way", "Uploads under way", lambda: self.uploads.held)
        if compressor := self.compressor:
            told = "Uploads compressed or waiting for it"
            self.metrics.watch("compressing", told, lambda: compressor.waiting)
        self.drawings = Drawings(settings, self.storage)
        self.fetcher = Fetcher(settings, self.storage.incoming, self.metrics.fetches)
        self.api_url = f"{settings.public_url}/v1"
        #: uploads whose bodies or answers are under way
        self.uploads = Places(settings.max_uploads, retry_after=1)
        self.stopping = False
        self._buckets = RateLimiter(settings.rate, settings.burst)
        local = settings.database.startswith("sqlite:") and settings.storage.startswith("file:")
        self._threads = ThreadPoolExecutor(_LOCAL_THREADS if local else _REMOTE_THREADS, "service")
        # Changes that wait for a network wait side by side, on the threads.
        self._writer = ChangeWriter(self.database) if local else None

    def prepare(self) -> IssuedCredentials | None:
        """Migrate the database and, at the first start, make the main account.

        Returns its credentials when they are new, else None. Raises `ConfigError`.
        """
        given = main_account.given(self.settings)
        self.disk.make_room()
        migrate(self.database)
        made = self.accounts.prepare(self.now(), self.settings.quota, given)
        self.accounts.seal_anew()
        self.disk.keep()
        return made

    def reset_secret(self) -> IssuedCredentials:
        """Give the main account a new secret. Returns its credentials. Raises `ConfigError`."""
        if main_account.given(self.settings) is not None:
            raise wrong_setting("main_secret", "is set: change it there, and restart the server")
        migrate(self.database)
        made = self.accounts.prepare(self.now(), self.settings.quota, None)
        return made or self.accounts.reset_main_secret()

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())

    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call a function that waits for database or storage, on a thread."""
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def make(self, change: Change[_R]) -> _R:
        """Make a change. Returns its rows. Raises what it raises, and `DatabaseUnavailable`."""
        if self._writer is None:
            return await self.run(make, self.database, change)
        return await self._writer.make(change)

    async def authenticate(self, fields: Mapping[str, str]) -> Caller:
        """Whose credentials are among the fields of a request. Raises `HttpError`."""
        return await self.run(self.identify, fields)

    def identify(self, fields: Mapping[str, str]) -> Caller:
        """The same, blocking."""
        auth = incoming.auth(fields)
        if auth is None:
            raise unauthorized()
        caller = self.accounts.authenticate(auth.key, auth.secret)
        self._buckets.take(caller.id)
        return caller

    def close(self) -> None:
        """Let go of everything."""
        if self.compressor is not None:
            self.compressor.close()
        self.drawings.close()
        self.fetcher.close()
        if self._writer is not None:
            self._writer.close()
        self._threads.shutdown()
        self.database.close()
