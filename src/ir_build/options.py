"""What changes the bytes of one optimised file: all of it is in the cache key.

Anything that answers "would the output bytes differ?" with no belongs to `Config`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from .formats import MediaType

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


class Part(StrEnum):
    """What a PDF is made of. What was done to one part can be taken back alone."""

    FONTS = "fonts"
    PICTURES = "pictures"
    STRUCTURE = "structure"


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
class Pages:
    """What is inserted into HTML pages for their pictures."""

    #: width, height and when to load
    attributes: bool = True
    #: files for smaller screens
    sizes: bool = True
    #: formats to offer beside a picture's own, the most wanted first
    formats: tuple[MediaType, ...] = (MediaType.AVIF, MediaType.WEBP)
    #: how wide the column of content is, in CSS pixels; None to go by the site's style sheets
    content_width: int | None = None
    #: a still picture in place of an animation, for those who asked for less motion
    still: bool = False
    #: the address of the site's root; None to go by what pages say
    site_url: str | None = None
    #: whether style sheets that cannot be read are taken to have no rules for pictures
    ignore_remote_styles: bool = False


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
    #: PDF: what is left as it is, because a result with changes there was refused
    kept_parts: frozenset[Part] = frozenset()

    def to_json(self) -> str:
        """A canonical text that differs whenever any option differs."""
        values = asdict(self)
        values["preserve_metas"] = sorted(self.preserve_metas)
        values["kept_parts"] = sorted(self.kept_parts)
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Options:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        if values["resize"] is not None:
            values["resize"] = Resize(**values["resize"])
        values["preserve_metas"] = frozenset(Meta(meta) for meta in values["preserve_metas"])
        values["kept_parts"] = frozenset(Part(part) for part in values["kept_parts"])
        values["compression_type"] = Compression(values["compression_type"])
        values["effort"] = Effort(values["effort"])
        return cls(**values)

    def milder(self, parts: frozenset[Part], *, lossy: bool) -> Iterator[Options]:
        """What to try after a result was refused that was `lossy` or had changed `parts`.

        The steps are taken back one by one: fonts, then pictures, then structure.
        """
        exact = replace(self, compression_type=Compression.LOSSLESS)
        tries = [self, exact] if lossy else [self]
        if Part.PICTURES in parts:
            tries.append(exact.keeping(Part.PICTURES))
        for number, one in enumerate(tries):
            if number:
                yield one
            if Part.FONTS in parts:
                yield one.keeping(Part.FONTS)
        if Part.STRUCTURE in parts:
            yield exact.keeping(*parts)

    def keeping(self, *parts: Part) -> Options:
        """The same, with `parts` left as they are, too."""
        return replace(self, kept_parts=self.kept_parts.union(parts))
