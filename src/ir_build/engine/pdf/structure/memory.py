"""Gives free memory back to the system. Documents may have hundreds of MB, and are copied several times."""

from __future__ import annotations

import ctypes
import sys

#: Bytes that are worth giving back. It is the largest threshold of glibc (`DEFAULT_MMAP_THRESHOLD_MAX` of mallopt),
#: from which on it always gives memory back by itself.
LARGE = 32 * 1024 * 1024


def release() -> None:
    """Give back the memory that the allocator keeps for later, on systems with a call for that.

    glibc may keep any block below 32 MB. That is the size of most images, and blocks of other sizes do not fit there.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if trim := getattr(library, "malloc_trim", None):
        trim(0)
