"""Decides what is to be done with each file, without compressing anything."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

from .. import atomic
from ..errors import Changed, CorruptFile, InputError, Reason, Unreadable
from ..formats import FORMATS, HEAD_BYTES, MediaType, sniff
from ..marker import is_marked
from ..options import Compression, Options
from ..outcome import Failed, Kept
from ..verify import VERIFY_VERSION
from . import fingerprint
from .cache import CACHE_VERSION
from .discover import Asset, looks_like_asset
from .fingerprint import Digest, Known, StatIndex

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"


@dataclass(frozen=True, slots=True)
class Job:
    """One file whose entry in the cache is needed. If there is none, it is made."""

    asset: Asset
    media: MediaType
    digest: Digest
    options: Options
    #: the state of the file when it was read; a file that has another state later is not replaced
    state: os.stat_result

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines for the report, whatever the outcome of the file is."""
        return mislabelled(self.asset.name, self.media)


@cache
def context(options: Options, identity: str) -> str:
    """A digest of all that decides the result except the content of the file.

    `identity` is that of the backend.
    """
    parts = (str(CACHE_VERSION), f"verify/{VERIFY_VERSION}", identity, options.to_json())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def cache_key(digest: Digest, context: str) -> str:
    """The cache key for a content, by its digest, in a `context`."""
    return f"{digest}-{context}"


def own_key(digest: Digest) -> str:
    """The cache key under which it is noted that a content is a lossy result of ours."""
    return f"{digest}-own"


def mislabelled(name: str, media: MediaType) -> tuple[str, ...]:
    """A note for the report if the suffix of `name` is not one of the type `media`; empty if it is."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  (hot path)
    known = FORMATS[media]
    if suffix in known.suffixes or not suffix:
        return ()
    return (f"is a {known.name} file named {suffix}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans the files of one run."""

    #: the options for a file, by its name and type
    options_for: Callable[[str, MediaType], Options]
    identity: str  #: that of the backend
    index: StatIndex
    max_file_size: int  #: bytes; a larger file stays as it is

    def plan(self, asset: Asset) -> Job | Kept | Failed | None:
        """What to do with `asset`: a job, or its outcome if nothing is to be done; None if it is not of our types."""
        if asset.is_link:
            return _kept(asset, None, Reason.LINK)
        known = self.index.lookup(str(asset.path), asset.state)
        if known is not None:
            if known.media is None:
                return None
            options = self.options_for(asset.name, known.media)
            return self._decide(asset, asset.state, known, options)
        try:
            return self._read(asset)
        except Changed:
            return None  # the file is gone by now
        except Unreadable as error:
            # The report names a picture that cannot be read, but no file of another kind.
            return _failed(asset, error) if looks_like_asset(asset.name) else None

    def _read(self, asset: Asset) -> Job | Kept | Failed | None:
        path = str(asset.path)
        read_at = time.time_ns()
        with atomic.opened(asset.path) as (file, state):
            head = file.read(HEAD_BYTES)
            media = sniff(head)
            if media is None:
                if looks_like_asset(asset.name):
                    return _not_an_asset(asset, head)
                self.index.record(path, state, _UNKNOWN, read_at=read_at)
                return None
            if state.st_size > self.max_file_size:
                return _kept(asset, media, Reason.OVER_MAX_FILE_SIZE)
            data = head + file.read()
        digest = fingerprint.digest(data)
        options = self.options_for(asset.name, media)
        known = Known(digest, media)
        if is_marked(data, media):
            settled = context(options, self.identity)
            known = Known(digest, media, settled, Reason.ALREADY_OPTIMISED)
        self.index.record(path, state, known, read_at=read_at)
        return self._decide(asset, state, known, options)

    def _decide(
        self, asset: Asset, state: os.stat_result, known: Known, options: Options
    ) -> Job | Kept:
        media = cast("MediaType", known.media)
        if FORMATS[media].codec is None:
            return _kept(asset, media, Reason.UNSUPPORTED_FORMAT, digest=known.digest)
        if options.compression_type is Compression.NONE:
            return _kept(asset, media, Reason.COMPRESSION_NONE, digest=known.digest)
        if known.settled == context(options, self.identity):
            return _kept(asset, media, known.reason, known.detail, digest=known.digest)
        return Job(asset, media, known.digest, options, state)


_UNKNOWN = Known(Digest(""), None)


def _kept(
    asset: Asset,
    media: MediaType | None,
    reason: Reason,
    detail: str = "",
    *,
    digest: str = "",
) -> Kept:
    return Kept(
        name=asset.name,
        media=media,
        before=asset.state.st_size,
        reason=reason,
        detail=detail,
        notes=mislabelled(asset.name, media) if media else (),
        from_cache=True,
        digest=digest,
    )


def _failed(asset: Asset, error: InputError) -> Failed:
    return Failed(
        name=asset.name,
        media=None,
        before=asset.state.st_size,
        code=error.code,
        message=error.message,
        from_cache=True,
    )


def _not_an_asset(asset: Asset, head: bytes) -> Kept | Failed:
    if head.startswith(LFS_POINTER):
        return _kept(asset, None, Reason.LFS_POINTER)
    if not head:
        return _failed(asset, CorruptFile("the file is empty"))
    suffix = asset.path.suffix
    return _failed(asset, CorruptFile(f"named {suffix}, but the bytes are no such file"))
