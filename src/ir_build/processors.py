"""How many processors this process may use. Nothing else counts them."""

from __future__ import annotations

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def processors(quota_file: Path = _QUOTA) -> int:
    """The processors that this process may use, by its affinity and its container's quota.

    `quota_file` is `cpu.max` of the control group: microseconds of processor time and of wall time.
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        available = len(os.sched_getaffinity(0))
    else:
        available = os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text(encoding="ascii").split()
        return max(1, min(available, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no control group, or "max": no quota
        return available
