"""What is known of a picture or a PDF without looking at any page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bytes of a file say. Numbers are 0 where they are not known, or mean nothing."""

    #: the size at which browsers show it when no style says otherwise, in CSS pixels
    width: int = 0
    height: int = 0
    #: pixels across and down, upright
    across: int = 0
    down: int = 0
    frames: int = 0
    #: whether it is a lossy result of ours
    ours: bool = False
    #: of a PNG that is a photo: bytes of a JPEG that looks the same
    as_jpeg: int = 0
    #: of a PDF: its pages, if all are pictures of paper; and whether it has their text, too
    scanned_pages: int = 0
    searchable: bool = False

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return self.across * self.down

    def to_json(self) -> dict[str, Any]:
        """For the parent of a worker."""
        return asdict(self)
