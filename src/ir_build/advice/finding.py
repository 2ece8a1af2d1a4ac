"""One finding: what is wrong with a file or a page, what it costs, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a finding is about. The value is its code in reports; it never changes."""

    title: str  #: for people, over all findings of the kind
    mend: str  #: the setting, the command or the edit that mends it

    def __new__(cls, code: str, title: str, mend: str) -> Kind:
        kind = str.__new__(cls, code)
        kind._value_ = code
        kind.title = title
        kind.mend = mend
        return kind

    FILM = (
        "film",
        "Animated GIFs that are films",
        "make a video of it: ffmpeg -i NAME.gif -movflags +faststart -pix_fmt yuv420p NAME.mp4",
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person can mend, at one file or page."""

    kind: Kind
    name: str  #: of the file or page, as in the report
    at_stake: int  #: bytes that a reader or the host would save, by estimate; 0 where it is not bytes
    text: str  #: what was seen: "4032 px wide, shown 700 px wide at most"
