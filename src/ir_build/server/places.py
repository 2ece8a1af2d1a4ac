"""Places for work under way: how many there are, and how many one account may hold."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from .errors import HttpError, busy

#: the share of all places that one account may hold
_SHARE = 0.75


def share(places: int) -> int:
    """How many of so many places one account may hold: not all, unless there is only one."""
    return max(1, int(places * _SHARE))


class Places:
    """The places of one kind of work. Any thread may use them."""

    def __init__(
        self, count: int, *, retry_after: int, of: str = "uploads", each: int | None = None
    ) -> None:
        """`retry_after`: the seconds after which a client without a place may come again.

        `of` is what messages call the work, `each` how many places one account may hold.
        """
        self._count = count
        self._of = of
        self._each = each or share(count)
        self._retry_after = retry_after
        self._lock = threading.Lock()
        #: how many are held now
        self.held = 0
        self._by_account: Counter[int] = Counter()

    @contextlib.contextmanager
    def place(self) -> Iterator[Callable[[int | None], None]]:
        """A place, which is left with the block. Hold it by a call, once or several times.

        The first call takes a place, and the first one that names an account counts it as one of
        that account's. Raises `HttpError` 429 from the call.
        """
        is_held = False
        owner: int | None = None

        def take(account: int | None) -> None:
            nonlocal is_held, owner
            with self._lock:
                if not is_held and self.held >= self._count:
                    raise self._busy("at once")
                self.held += not is_held
                is_held = True
                if account is not None and owner is None:
                    if self._by_account[account] >= self._each:
                        raise self._busy("of this account at once")
                    self._by_account[account] += 1
                    owner = account

        try:
            yield take
        finally:
            with self._lock:
                self.held -= is_held
                self._by_account -= Counter([] if owner is None else [owner])  # drops zeros, too

    def _busy(self, which: str) -> HttpError:
        return busy(self._retry_after, f"Too many {self._of} {which}: try again")
