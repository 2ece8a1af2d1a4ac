"""Places for work under way: so many in all, and of these a share for one account."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

from .errors import busy

if TYPE_CHECKING:
    from types import TracebackType

#: the share of all places that one account may hold
_SHARE = 0.75


def share(places: int) -> int:
    """How many of so many places one account may hold: never all, unless there is one only."""
    return max(1, int(places * _SHARE))


class Places:
    """The places of one kind of work. Any thread may use them."""

    def __init__(
        self, count: int, *, retry_after: int, of: str = "uploads", each: int | None = None
    ) -> None:
        """`retry_after`: the seconds after which who finds no place is told to come again.

        `of` is what the work is called, `each` how many places one account may hold.
        """
        self._count = count
        self._of = of
        self._each = each or share(count)
        self._retry_after = retry_after
        self._lock = threading.Lock()
        self._held = 0
        self._by_account: Counter[int] = Counter()

    @property
    def held(self) -> int:
        """How many are held now."""
        return self._held

    def place(self) -> Place:
        """One that is not held yet, to be used in a `with` block."""
        return Place(self)

    def _take(self) -> None:
        with self._lock:
            if self._held >= self._count:
                raise busy(self._retry_after, f"Too many {self._of} at once: try again")
            self._held += 1

    def _assign(self, account: int) -> None:
        with self._lock:
            if self._by_account[account] >= self._each:
                raise busy(
                    self._retry_after, f"Too many {self._of} of this account at once: try again"
                )
            self._by_account[account] += 1

    def _leave(self, account: int | None) -> None:
        with self._lock:
            self._held -= 1
            if account is not None:
                self._by_account[account] -= 1
                if not self._by_account[account]:
                    del self._by_account[account]


class Place:
    """One place, which is left with the `with` block. It may be held before it is known for whom."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._is_held = False
        self._account: int | None = None

    def take(self, account: int | None = None) -> None:
        """Hold it, and once `account` is known, as one of that account's.

        Any number of times. Raises `HttpError` 429.
        """
        if not self._is_held:
            self._places._take()  # noqa: SLF001  (one of its own)
            self._is_held = True
        if account is not None and self._account is None:
            self._places._assign(account)  # noqa: SLF001
            self._account = account

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_held:
            self._places._leave(self._account)  # noqa: SLF001
