"""What changes the bytes of one optimised file: all of it is in the cache key.

Anything that answers "would the output bytes differ?" with no belongs to `Config`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

#: SSIMULACRA2 scores: 90 is not told apart in a flicker test, 80 not side by side.
NAMED_QUALITIES = {"visually-lossless": 90.0, "default": 80.0, "high": 70.0}


class Compression(StrEnum):
    """How far a file may change."""

    LOSSY = "lossy"  #: the eye can't tell, see `Options.quality`
    LOSSLESS = "lossless"  #: every pixel stays
    NONE = "none"  #: the file is not touched


class Meta(StrEnum):
    """Metadata that can be kept. Without it the picture still looks the same."""

    DATETIME = "datetime"
    LOCATION = "location"
    COPYRIGHT = "copyright"
    ORIENTATION = "orientation"
    ICC = "icc"
    DENSITY = "density"  #: pixels an inch, by which paper and office programs size a picture


class Effort(StrEnum):
    """How much CPU time a file is worth."""

    FAST = "fast"
    DEFAULT = "default"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Resize:
    """A box that a raster picture is fitted into; its aspect is kept, it is never enlarged."""

    width: int | None = None  #: pixels, None for no limit
    height: int | None = None  #: pixels, None for no limit

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The size in pixels of a picture of `width` x `height` after fitting it in."""
        scale = min(
            1.0,
            self.width / width if self.width else 1.0,
            self.height / height if self.height else 1.0,
        )
        if scale >= 1.0:
            return width, height
        return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one file, resolved for its type and its path."""

    compression_type: Compression = Compression.LOSSY
    #: for lossy: the SSIMULACRA2 score against the original that must be reached, 0 to 100
    quality: float = NAMED_QUALITIES["default"]
    resize: Resize | None = None
    preserve_metas: frozenset[Meta] = frozenset()
    #: a candidate must be smaller by this share of the original, 0 to 1
    min_saving: float = 0.01
    effort: Effort = Effort.DEFAULT
    #: width x height of one frame or page raster above which a file is not decoded
    max_pixels: int = 100_000_000
    #: lossy PDF: pixels an inch, where it is shown, that an image may have; None for any number
    pdf_dpi: int | None = 150

    def to_json(self) -> str:
        """A canonical text that differs whenever any option differs."""
        values = asdict(self)
        values["preserve_metas"] = sorted(self.preserve_metas)
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Options:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        if values["resize"] is not None:
            values["resize"] = Resize(**values["resize"])
        values["preserve_metas"] = frozenset(Meta(meta) for meta in values["preserve_metas"])
        values["compression_type"] = Compression(values["compression_type"])
        values["effort"] = Effort(values["effort"])
        return cls(**values)
