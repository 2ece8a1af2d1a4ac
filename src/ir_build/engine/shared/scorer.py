"""The score of coded pictures against the one they are coded from, for `search.smallest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...quality import Reference
from ...quality.coloured import ColouredPlaces
from ...quality.pages import shown
from ...quality.ssimulacra2 import of_both
from . import colour_profile, raster

if TYPE_CHECKING:
    from PIL import Image

    from ...quality import Pixels

#: pixels above which scoring takes longer than what another encode may still save is worth
_LARGE = 3_000_000
#: how far over the target the score of a large picture may end
_SLACK = 3.0


def work(image: Image.Image) -> int:
    """Pixels to be scored: those of a transparent picture are, on two backgrounds."""
    return image.width * image.height * (2 if image.mode == "RGBA" else 1)


class Scorer:
    """Decodes what an encoder made of a picture, and scores it."""

    def __init__(
        self, image: Image.Image, kind: str, target: float, profile: bytes | None = None
    ) -> None:
        """Score files of Pillow's format `kind` against `image`, RGB, RGBA or L.

        Both are seen as `profile` says, as sRGB where there is none.
        """
        self._mode = image.mode
        self._kind = kind
        self._target = target
        self._slack = _SLACK if work(image) > _LARGE else 0.0
        self._profile = profile
        self._original = self._shown(image)
        self._reference = Reference(self._original)

    def score(self, data: bytes) -> float:
        """The score of the file `data`; the target itself when a large picture is near it.

        It is less where one of its parts is far worse than the whole.
        """
        return self._about(of_both(*self._reference.scores(self._decoded(data))))

    def score_on(self, background: int, data: bytes) -> float:
        """The same on one background only, 0 (likely the lower) or 1; an opaque picture has but 0."""
        return self._about(of_both(*self._reference.scores_on(background, self._decoded(data))))

    def holds(self, data: bytes) -> bool:
        """Whether all places keep their colours, on a white page and on a black one."""
        return not any(
            ColouredPlaces(before, self._target).damage(after)
            for _, before, after in shown(self._original, self._decoded(data))
        )

    def _about(self, reached: float) -> float:
        return min(reached, self._target) if reached <= self._target + self._slack else reached

    def _decoded(self, data: bytes) -> Pixels:
        return self._shown(raster.decode(data, self._kind).convert(self._mode))

    def _shown(self, image: Image.Image) -> Pixels:
        seen = colour_profile.to_srgb(image, self._profile) if self._profile else None
        return raster.pixels(seen or image)
