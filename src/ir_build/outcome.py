"""What became of one file: `Compressed`, `Cached`, `Kept` or `Failed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .errors import NotWritten, Reason

if TYPE_CHECKING:
    from .formats import MediaType


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    #: as in reports: with `/`, below the folder that was asked for
    name: str
    #: None when the type could not be told
    media: MediaType | None
    before: int  #: bytes
    #: metadata stripped, a suffix that does not fit the type
    notes: tuple[str, ...] = ()
    #: the answer came from an earlier run, and this run compressed nothing for it
    from_cache: bool = False
    seconds: float = 0.0  #: spent compressing and verifying in this run
    #: SHA-256 of the file as it was found, in hex; empty when it was not read
    digest: str = ""

    @property
    def after(self) -> int:
        """Bytes of the file that is shipped."""
        return self.before

    @property
    def saved(self) -> int:
        """Bytes."""
        return self.before - self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed(_Outcome):
    """A smaller file, made in this run."""

    status: ClassVar[str] = "compressed"
    size: int  #: bytes of the new file
    lossy: bool
    #: SHA-256 of the new file, in hex
    shipped_digest: str = ""
    #: of a lossy picture, of the whole of it, on SSIMULACRA2's scale; None when it is not known
    score: float | None = None

    @property
    def after(self) -> int:
        return self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached(Compressed):
    """A smaller file, made in an earlier run and taken from the cache."""

    status: ClassVar[str] = "cached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(_Outcome):
    """The file stays as it is, and nothing is wrong with that."""

    status: ClassVar[str] = "kept"
    reason: Reason
    #: what was seen: "APNG with 12 frames"
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason, and what was seen."""
        return f"{self.reason.text}: {self.detail}" if self.detail else self.reason.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(_Outcome):
    """The file could not be worked on; it is shipped as it is, unless it `is_missing`."""

    status: ClassVar[str] = "failed"
    code: str  #: of the error
    message: str
    #: the last lines that a worker printed before it crashed
    output: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the output lacks the file, as it is now."""
        return self.code == NotWritten.code


Outcome = Compressed | Cached | Kept | Failed
STATUSES = tuple(kind.status for kind in (Compressed, Cached, Kept, Failed))
