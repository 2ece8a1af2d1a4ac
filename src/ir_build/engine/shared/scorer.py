"""The score of coded pictures against their original, for `search.Search`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...options import NAMED_QUALITIES, Compression
from ...quality import Reference
from ...quality.coloured import ColouredPlaces
from ...quality.pages import shown
from ...quality.ssimulacra2 import of_both
from . import colour_profile, raster

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from ...options import Options
    from ...quality import Pixels
    from .search import Found

#: The score of a picture with more pixels than this may end so far over the target. Another encode and its
#: score take some CPU seconds there, and save 2.5 % of the bytes a point: `--sweep shared.scorer:_SLACK 0.0`.
_LARGE = 3_000_000
_SLACK = 3.0  # points
#: Points that are added to the target, one after the other, until all places keep their colours. The last sum
#: is over 90 for the default quality of 80. At 90 nobody sees a difference (docs/formats.md).
_MORE = (0, 4, 8, 12)


def target_of_resized(options: Options) -> float:
    """The score that a resized picture must reach. Nobody sees a difference at it if loss is not allowed."""
    lossy = options.compression_type is Compression.LOSSY
    return options.quality if lossy else max(options.quality, NAMED_QUALITIES["visually-lossless"])


def work(image: Image.Image) -> int:
    """The number of pixels to be scored. A transparent picture is scored on two backgrounds."""
    return image.width * image.height * (2 if image.mode == "RGBA" else 1)


class Scorer:
    """Decodes files that an encoder made of a picture, and scores them."""

    def __init__(
        self, image: Image.Image, kind: str, target: float, profile: bytes | None = None
    ) -> None:
        """Score files of Pillow's format `kind` against `image`, RGB, RGBA or L.

        `target` is the score that is asked for. Both pictures are shown by the ICC data `profile`, or as
        sRGB if it is None.
        """
        self._mode = image.mode
        self._kind = kind
        self._target = target
        self._slack = _SLACK if work(image) > _LARGE else 0.0
        self._profile = profile
        self._original = self._shown(image)
        self._reference = Reference(self._original)

    def score(self, data: bytes) -> float:
        """The score of the file `data`, up to 100; lower if a part of the picture is far worse than the whole.

        If it is little over the target for a large picture, it is the target itself. Raises `CorruptFile`.
        """
        return self._about(of_both(*self._reference.scores(self._decoded(data))))

    def score_on(self, background: int, data: bytes) -> float:
        """The same on one background: 0, which likely has the lower score, or 1 for a transparent picture."""
        return self._about(of_both(*self._reference.scores_on(background, self._decoded(data))))

    def holds(self, data: bytes) -> bool:
        """Whether all places of the file `data` keep their colours, on white and on black pages."""
        return not any(
            ColouredPlaces(before, self._target).damage(after)
            for _, before, after in shown(self._original, self._decoded(data))
        )

    def holding(self, search: Callable[[float, Found | None], Found | None]) -> Found | None:
        """What `search` finds for the target, or for a higher one if places need that to keep their colours.

        `search` takes a target, and what it found for the one before. The result is None if none is enough.
        """
        found: Found | None = None
        for more in _MORE:
            found = search(self._target + more, found)
            if found is None or self.holds(found.data):
                return found
        return None

    def _about(self, reached: float) -> float:
        return min(reached, self._target) if reached <= self._target + self._slack else reached

    def _decoded(self, data: bytes) -> Pixels:
        return self._shown(raster.decode(data, self._kind).convert(self._mode))

    def _shown(self, image: Image.Image) -> Pixels:
        return colour_profile.shown(image, self._profile)
