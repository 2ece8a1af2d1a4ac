"""What became of the HTML pages of a site."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..pages.loads import SCREENS, Loads
from .escape import printable
from .numbers import files, share, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..pages.markup import Result

#: how many reasons are told to people, the commonest first; JSON has all
_TOLD = 3


@dataclass
class PagesReport:
    """The pages of one run."""

    pages: int = 0
    written: int = 0  #: pages that are others now than they were found
    variants: int = 0  #: files that pages name beside their pictures
    variant_bytes: int = 0
    loads: Loads = field(default_factory=Loads)
    #: the same of each page that shows pictures of the site, by its name
    by_page: dict[str, Loads] = field(default_factory=dict)
    #: why pages stay as they were found, by their names
    left: dict[str, str] = field(default_factory=dict)
    #: why pictures on pages lack something, and on how many of them
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, page: str, result: Result, *, changed: bool) -> None:
        """Count a page."""
        self.written += changed
        if result.loads.before:
            self.by_page[page] = result.loads
        self.loads.before += result.loads.before
        self.loads.after += result.loads.after
        self.reasons.update(reason for _, reason in result.left)

    def lines(self) -> Iterator[str]:
        """For people: what was done, and what was not."""
        yield (
            f"{self.pages} pages, {self.written} changed; {files(self.variants)} for their pictures "
            f"({size(self.variant_bytes)})"
        )
        for screen in SCREENS:
            before, after = self.loads.before[screen.name], self.loads.after[screen.name]
            if before:
                yield (
                    f"pictures that pages load on a {screen.name} ({screen.width} px): "
                    f"{size(before)} -> {size(after)} (-{share(before - after, before)})"
                )
        reasons = Counter(self.left.values())
        for reason, times in reasons.most_common(_TOLD):
            page = next(name for name in self.left if self.left[name] == reason)
            others = f" and {times - 1} more" if times > 1 else ""
            yield printable(f"{page}{others} left as it was: {reason}")
        for reason, times in self.reasons.most_common(_TOLD):
            yield printable(f"{times} pictures on pages have {reason}")

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "pages": self.pages,
            "written": self.written,
            "variants": self.variants,
            "variant_bytes": self.variant_bytes,
            "loads": {
                screen.name: {
                    "width": screen.width,
                    "density": screen.density,
                    "before": self.loads.before[screen.name],
                    "after": self.loads.after[screen.name],
                }
                for screen in SCREENS
            },
            "by_page": [
                {"page": page, **{one.name: loads.pair(one) for one in SCREENS}}
                for page, loads in sorted(self.by_page.items())
            ],
            "left": [{"page": page, "reason": reason} for page, reason in self.left.items()],
            "pictures_left": [
                {"reason": reason, "times": times} for reason, times in self.reasons.most_common()
            ],
        }
