"""The wire format of the ImageRecycle v1 API in both directions, without a socket.

The values here are in our words: sizes in bytes, times in UTC. `outgoing` and `incoming` turn them into
requests and back, `responses` into answers and back, `errors` into error answers and back. A client
encodes requests and decodes answers, and a server does the opposite.

Decoding is tolerant, as existing clients and servers need it: both documented generations of a
shape, numbers as text, dates in many forms, names in any case. Encoding is strict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ...options import Compression, Meta, Resize

DEFAULT_LIMIT = 30  #: images on a page when nobody says how many
MAX_LIMIT = 100  #: the most images on a page


class FileKind(StrEnum):
    """Which file of an image a link or a zip gives. `original` and `origin` are the same one."""

    OPTIMIZED = "optimized"
    ORIGINAL = "original"
    ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class Auth:
    """What identifies an account. On the wire: the field `auth`, an object as JSON text."""

    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account's limits and what it has used of them."""

    quota_used: int  #: bytes sent in this period; wire: quota_current
    quota: int | None  #: bytes a period, None for no limit; wire: quota_allowed, <= 0 for none
    file_max_size: int | None  #: bytes, None when not said; wire: also quota_file_max_size
    period_start: datetime | None = None  #: wire: quota_start, Unix seconds
    period_end: datetime | None = None  #: wire: quota_end, Unix seconds

    @property
    def quota_left(self) -> int | None:
        """Bytes that can still be sent in this period, None for no limit."""
        return None if self.quota is None else max(0, self.quota - self.quota_used)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubAccount(Account):
    """An account below another one, as its parent sees it."""

    id: int
    title: str
    description: str = ""
    key: str = field(default="", repr=False)  #: wire: api_key
    secret: str = field(default="", repr=False)  #: wire: api_secret; empty when not shown


@dataclass(frozen=True, slots=True)
class SubAccountFields:
    """What can be set of a sub-account; None leaves it as it is, or at its default."""

    title: str | None = None
    description: str | None = None
    quota: int | None = None  #: bytes a period, 0 for no limit of its own


@dataclass(frozen=True, slots=True)
class Usage:
    """What was sent on one day, or in one month."""

    date: date  #: the day, or the first day of the month
    before: int  #: bytes sent; wire: total_size_before, or consumption
    after: int | None = None  #: bytes after compression, None when not said
    files: int | None = None  #: how many, None when not said


@dataclass(frozen=True, slots=True)
class Consumption:
    """What an account has sent, oldest first."""

    days: tuple[Usage, ...] = ()  #: the last 30
    months: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An uploaded and compressed file."""

    id: int
    name: str  #: wire: filename
    width: int = 0  #: pixels, 0 for a PDF
    height: int = 0  #: pixels, 0 for a PDF
    size_before: int  #: bytes
    size_after: int  #: bytes; as many as before when the original came back
    uploaded: datetime | None = None  #: wire: time
    expires: datetime | None = None  #: wire: expiration_date; its files are gone then
    origin_url: str = ""  #: where the file is that was sent
    optimized_url: str

    @property
    def saved(self) -> float:
        """The share that was saved, 0 to 1."""
        return max(0.0, 1 - self.size_after / self.size_before) if self.size_before > 0 else 0.0


@dataclass(frozen=True, slots=True)
class PageLink:
    """Where another page of a list is."""

    link: str  #: without credentials
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class ImagePage:
    """One page of an account's images, newest first."""

    items: tuple[Image, ...]
    total: int  #: images on all pages
    previous: PageLink | None = None  #: wire: prev
    next: PageLink | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadParams:
    """How an upload is to be compressed. On the wire: the field `params`, an object as JSON text."""

    compression: Compression = Compression.LOSSY  #: never NONE; wire: compression_type
    resize: Resize | None = None
    preserve_metas: frozenset[Meta] = frozenset()

    def __post_init__(self) -> None:
        if self.compression is Compression.NONE:
            raise ValueError("an upload is compressed: lossy or lossless")
