"""What the server takes of one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may be."""

    file_size: int  #: bytes
    idle: float  #: seconds without a byte
    rate: int  #: bytes a second
    folder: Path  #: for files on their way in
