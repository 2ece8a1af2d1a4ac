"""How many bytes a run may still send, by the limits of the account and of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import FileSkipped, Reason

if TYPE_CHECKING:
    from ..imagerecycle.wire import Account


class QuotaBudget:
    """Counts bytes before they are sent, so that nothing is sent only to be refused."""

    def __init__(self, ask: Callable[[], Account], *, budget: int | None) -> None:
        """`ask` is called once and returns the account. `budget` is the most bytes to send, None for no limit."""
        self._ask = ask
        self._budget = budget
        self._lock = threading.Lock()
        self._account: Account | None = None
        self._taken = 0
        self._refused: dict[str, list[int]] = {}

    def take(self, size: int) -> None:
        """Reserve `size` bytes. Raises `FileSkipped` if too few are left, and `BackendError` if `ask` fails."""
        with self._lock:
            if self._account is None:
                self._account = self._ask()
            limit = self._account.file_max_size
            if limit is not None and size > limit:
                raise FileSkipped(
                    Reason.NOT_TAKEN, f"the server takes files of {limit} bytes", lasting=False
                )
            if self._budget is not None and self._taken + size > self._budget:
                self._refuse("max_quota_per_build", size, self._budget - self._taken)
            left = self._account.quota_left
            if left is not None and self._taken + size > left:
                self._refuse("the account's quota", size, left - self._taken)
            self._taken += size

    def give_back(self, size: int) -> None:
        """Give back `size` reserved bytes, which were not charged."""
        with self._lock:
            self._taken -= size

    def warnings(self) -> list[str]:
        """A line for each limit by which files were not sent."""
        with self._lock:
            return [
                f"not sent, since more than is left of {what}: {len(sizes)} of the files, "
                f"{sum(sizes)} bytes"
                for what, sizes in self._refused.items()
            ]

    def _refuse(self, what: str, size: int, left: int) -> None:
        self._refused.setdefault(what, []).append(size)
        raise FileSkipped(
            Reason.OVER_QUOTA, f"{max(0, left)} bytes of {what} are left", lasting=False
        )
