"""Remember on this machine which files need more than a worker may take.

How much a file needs differs from machine to machine, so this is no result for the cache. It is kept
beside the index of files, under the name of the machine. It holds while the limits are no higher.
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
    """The files that met a limit on this machine. A loss costs time only."""

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        """Kept in `folder`, or nowhere; `limits` are those of this run."""
        machine = hashlib.sha256(platform.node().encode()).hexdigest()[:16]
        self._folder = folder and folder / f"skipped-{machine}"
        self._limits = limits

    def get(self, key: str) -> Entry | None:
        """What is known of the file under `key`, a cache key, when it would meet its limit again."""
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
            os.utime(file)  # in use: not to be pruned
        return Entry("kept", code=reason, detail=detail)

    def put(self, key: str, met: LimitMet) -> None:
        """Remember that the file under `key` met a limit, unless that says nothing of the file."""
        if self._folder is None or met.limit is None:
            return
        known = {"reason": met.reason, "detail": met.detail, "limit": met.limit}
        with contextlib.suppress(OSError):
            atomic.write_text(self._folder / f"{key}.json", json.dumps(known))
