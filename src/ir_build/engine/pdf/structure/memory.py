"""Memory that is free is given back to the system, because documents of hundreds of MB are moved about."""

from __future__ import annotations

import ctypes
import sys

#: bytes that are worth giving back
LARGE = 32 * 1024 * 1024


def release() -> None:
    """Give back what the allocator keeps for later, on systems with a call for that.

    glibc keeps everything below 32 MB. That is most pictures, and pieces of other sizes do not fit there.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if trim := getattr(library, "malloc_trim", None):
        trim(0)
