"""Remembers on this machine which files need more CPU time or memory than a worker may take.

How much a file needs differs from machine to machine. So this is not stored in the cache, but beside the index of
files, by the name of the machine. It is valid until the limits are raised.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from .. import atomic
from ..errors import LimitMet, Reason
from .cache import Entry

if TYPE_CHECKING:
    from ..sandbox.limits import Limits


class Skips:
    """The files that met a limit on this machine. If this is lost, the next run only takes longer."""

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        """Keep it below `folder`; with None nothing is kept. `limits` are those of this run."""
        machine = hashlib.sha256(platform.node().encode()).hexdigest()[:16]
        self._folder = folder and folder / f"skipped-{machine}"
        self._limits = limits

    def get(self, key: str) -> Entry | None:
        """What is known of the file with the cache key `key`; None unless it would meet its limit again."""
        if self._folder is None:
            return None
        file = self._folder / f"{key}.json"
        try:
            known = json.loads(file.read_bytes())
            reason, detail, limit = Reason(known["reason"]), str(known["detail"]), known["limit"]
            if self._limits.of(reason) > float(limit):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(file)  # so that it is not pruned, since it is in use
        return Entry("kept", code=reason, detail=detail)

    def put(self, key: str, met: LimitMet) -> None:
        """Remember that the file with the cache key `key` met a limit, unless that says nothing about the file."""
        if self._folder is None or met.limit is None:
            return
        known = {"reason": met.reason, "detail": met.detail, "limit": met.limit}
        with contextlib.suppress(OSError):
            atomic.write_text(self._folder / f"{key}.json", json.dumps(known))
