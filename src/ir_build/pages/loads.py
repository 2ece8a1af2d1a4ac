"""How many bytes of pictures a page loads on two screens, by what browsers are known to choose."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen that pages are looked at on."""

    name: str
    width: int  #: CSS pixels
    density: float  #: device pixels a CSS pixel


#: a phone as many have in hand, and a desktop. (Lighthouse's phone is as wide, but has 1.75 pixels a CSS pixel.)
SCREENS = (Screen("phone", 412, 2.625), Screen("desktop", 1280, 1.0))
#: CSS pixels of a narrow window that no picture needs. A phone of 720 or 1080 pixels rounds its width up: 412
#: times 2.625 is 1081.5. For a picture of that width it would load the next larger file.
UNUSED = 2


@dataclass
class Loads:
    """Bytes of pictures that a page loads when all of it is looked at, by the name of the screen."""

    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    _seen: set[PurePosixPath] = field(default_factory=set)

    def add(
        self, file: PurePosixPath, size: int, width: float, choices: Sequence[tuple[int, int]]
    ) -> None:
        """Add a picture of `size` bytes, shown at most `width` CSS pixels wide.

        `choices` are the widths in pixels and the sizes in bytes of what is loaded in its place, if anything.
        """
        if file in self._seen:
            return
        self._seen.add(file)
        for screen in SCREENS:
            self.before[screen.name] += size
            needed = min(width or screen.width, screen.width - UNUSED) * screen.density
            self.after[screen.name] += _chosen(choices, needed) if choices else size

    def pair(self, screen: Screen) -> list[int]:
        """The bytes before and after on one screen."""
        return [self.before[screen.name], self.after[screen.name]]


def _chosen(choices: Iterable[tuple[int, int]], needed: float) -> int:
    """The bytes of the narrowest file that has the pixels needed, else of the widest."""
    ordered = sorted(choices)
    return next((size for width, size in ordered if width >= needed), ordered[-1][1])
