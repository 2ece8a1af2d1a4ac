"""Content credentials: a signed manifest in a picture (C2PA), which covers every other byte of it."""

from __future__ import annotations

from ...errors import FileSkipped, Reason


def signed() -> FileSkipped:
    """The error for a file that stays whole because of them."""
    return FileSkipped(Reason.SIGNED, "content credentials (C2PA)")
