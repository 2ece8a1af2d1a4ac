"""Content credentials: a signed manifest in a picture (C2PA). It covers every other byte of the file."""

from __future__ import annotations

from ...errors import FileSkipped, Reason


def signed() -> FileSkipped:
    """The error for a file that must stay as it is because it has content credentials."""
    return FileSkipped(Reason.SIGNED, "content credentials (C2PA)")
