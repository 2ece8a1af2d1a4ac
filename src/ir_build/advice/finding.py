"""One finding: what is wrong with a file or a page, what it costs, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """What a finding is about. The value is its code in reports; it never changes.

    They stand in the order in which they are told where no bytes say another.
    """

    #: for people, over all findings of the kind; it stands in for a method of `str`
    title: str  # type: ignore[assignment]
    mend: str  #: the setting, the command or the edit that mends it

    def __new__(cls, code: str, title: str, mend: str) -> Self:
        kind = str.__new__(cls, code)
        kind._value_ = code
        kind.title = title
        kind.mend = mend
        return kind

    LFS_POINTER = (
        "lfs-pointer",
        "Pictures that are Git LFS pointers",
        "type `git lfs pull` before the build; in CI check out with `lfs: true`",
    )
    OLD_FORMAT = (
        "old-format",
        "Pictures in formats of the past",
        "save them as PNG, JPEG or WebP",
    )
    FILM = (
        "film",
        "Animated GIFs that are films",
        "make a <video> of it: ffmpeg -i NAME.gif -pix_fmt yuv420p NAME.mp4",
    )
    PHOTO_AS_PNG = (
        "photo-as-png",
        "Photos stored as PNG",
        "save them as JPEG of quality 90 or as WebP",
    )
    UNCOMPRESSED = (
        "uncompressed",
        "Pictures that nobody has compressed",
        "ir-build optimize FOLDER --out DIR, or the plugin in the build",
    )
    OVERSIZED = (
        "oversized",
        "Pictures with more pixels than any screen shows",
        "resize them: `resize` in `overrides`, or ir-build optimize --resize",
    )
    LARGE_ON_PHONES = (
        "large-on-phones",
        "Pictures with more pixels than phones show",
        "pages: true, which offers phones smaller files",
    )
    SCAN = (
        "scan",
        "PDFs that are scans",
        "publish the document itself; else ocrmypdf makes it searchable",
    )
    DUPLICATE = (
        "duplicate",
        "Equal pictures under several names",
        "keep one file, and have all pages name it",
    )
    ORPHAN = (
        "orphan",
        "Files that nothing in the site names",
        "delete them if nobody links to them from elsewhere",
    )
    HEAVY_PAGE = (
        "heavy-page",
        "Pages that load more than 2.7 MB at once",
        'loading="lazy" for what is not seen at first: pages: true',
    )
    FIRST_PICTURE = (
        "first-picture",
        "Pages whose first picture comes late",
        "pages: true, or fetchpriority=high without loading=lazy",
    )
    UNSIZED = (
        "unsized",
        "Pictures without width and height: pages jump",
        "pages: true, or write width and height at each <img>",
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person can mend, at one file or page."""

    kind: Kind
    name: str  #: of the file or page, as in the report
    at_stake: (
        int  #: bytes that a reader or the host would save, by estimate; 0 where it is not bytes
    )
    text: str  #: what was seen: "4032 px wide, shown 700 px wide at most"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "at_stake": self.at_stake,
            "text": self.text,
            "mend": self.kind.mend,
        }
