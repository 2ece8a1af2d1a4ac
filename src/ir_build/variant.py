"""Smaller versions of a picture that stand beside it on a page, and what is wanted of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from .formats import MediaType


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a page wants of one picture. All of it decides the bytes."""

    #: pixels; those near the picture's own width, or above it, are left out
    widths: tuple[int, ...]
    #: AVIF, WebP and JPEG XL, the most wanted first; the picture's own format is always the last resort
    formats: tuple[MediaType, ...]
    shipped: int  #: bytes of the file that is shipped for the picture itself
    most: int = 4  #: files
    #: a file must be smaller than the next larger one by this share, 0 to 1
    smaller: float = 0.10
    #: whether an animation gets a picture of its first frame, too
    still: bool = False

    def to_json(self) -> str:
        """A canonical text that differs whenever anything differs."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Wanted:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        values["widths"] = tuple(values["widths"])
        values["formats"] = tuple(MediaType(one) for one in values["formats"])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A file that shows a picture in another format or in fewer pixels."""

    media: MediaType
    width: int  #: pixels, of the picture as it is shown
    height: int  #: the same
    data: bytes
    still: bool = False  #: the first frame of an animation

    def to_json(self) -> str:
        """All but the bytes."""
        values = {
            "media": self.media,
            "width": self.width,
            "height": self.height,
            "still": self.still,
        }
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, data: bytes) -> Variant:
        """Read what `to_json` wrote; `data` are the bytes."""
        values = json.loads(text)
        return cls(**{**values, "media": MediaType(values["media"])}, data=data)
