"""Memory that is free, given back to the system: a document of hundreds of MB is moved about."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: bytes that are worth giving back
LARGE = 32 * 1024 * 1024


def release() -> None:
    """Give back what the allocator keeps in case it is needed again, where that can be asked for.

    glibc keeps everything below 32 MB, which is most pictures, and other sizes do not fit in there.
    """
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    trim: Callable[[int], object] = getattr(library, "malloc_trim", lambda _: None)
    return trim
