"""Makes the variants of the pictures that pages show, and remembers them in the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import atomic
from ..engine import variants_identity
from ..errors import FileSkipped, InputError, LimitMet, NotWritten
from ..formats import HEAD_BYTES, MediaType
from ..marker import is_marked
from ..options import Compression
from ..outcome import Failed
from ..pages import names
from ..pages.picture import Picture, VariantFile, svg_ratio, svg_size
from ..variant import Variant, Wanted
from ..verify import VERIFY_VERSION
from .cache import Entry
from .fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from ..options import Options, Pages
    from ..outcome import Outcome
    from ..sandbox.pool import Sandbox
    from .cache import Cache
    from .destination import Destination
    from .discover import Asset
    from .skips import Skips

#: Raise it when other variants are made of the same picture.
_VERSION = 1
#: The widths of variants in pixels. Those that are near a picture's own width, or above it, are not made. Principle: a
#: column of text on a phone of 360 to 412 CSS pixels, with 1.75 to 2.6 pixels for each of them, is 660 to 1,000 pixels
#: wide, and on a desktop 700 to 850. 2048 is not fitted: only larger pictures get it. To try others, change them here,
#: and compare two builds of a site: `python benchmarks BEFORE AFTER --pages`.
_WIDTHS = (720, 1080, 2048)
_PICTURES = frozenset(MediaType) - {MediaType.PDF, MediaType.JPEG_XL}


@dataclass(frozen=True, slots=True)
class _Made:
    """What is known of a content: its size in CSS pixels, its stored width, and its variants with their bytes."""

    width: int = 0
    height: int = 0
    pixels: int = 0
    variants: tuple[tuple[VariantFile, bytes], ...] = ()

    def entry(self) -> Entry:
        """The entry for the cache. It holds no names of files, which differ from place to place."""
        listed = [(one.media, one.width, one.size, one.still) for one, _ in self.variants]
        facts = json.dumps([self.width, self.height, self.pixels, listed])
        return Entry("kept", data=b"".join(data for _, data in self.variants), notes=(facts,))

    @classmethod
    def of(cls, entry: Entry) -> _Made:
        """Read an entry that the method `entry` has made."""
        width, height, pixels, listed = json.loads(entry.notes[0])
        variants, at = [], 0
        for media, across, size, still in listed:
            file = VariantFile("", MediaType(media), across, size, still)
            variants.append((file, entry.data[at : at + size]))
            at += size
        return cls(width, height, pixels, tuple(variants))


class Variants:
    """The pictures of one site that its pages show. Several threads call its methods at once.

    The variants of a picture are made of its original. So `original` is called before the picture is replaced,
    and `finished` afterwards.
    """

    def __init__(
        self,
        shown: Mapping[Path, bool],
        pages: Pages,
        *,
        cache: Cache,
        sandbox: Sandbox,
        skips: Skips,
        options_for: Callable[[str, MediaType], Options],
        cached_only: bool,
    ) -> None:
        """Make variants by the settings `pages`.

        `shown` holds the files that pages show, and whether `<picture>` can show each of them everywhere.
        `options_for` takes a file's name and type. With `cached_only` no variants are made.
        """
        self.pages = pages
        self._shown = shown
        self._cache = cache
        self._sandbox = sandbox
        self._skips = skips
        self._options_for = options_for
        self._cached_only = cached_only
        self._versions = f"variants/{_VERSION};verify/{VERIFY_VERSION};{variants_identity()}"
        #: what is known of each picture, by its path
        self.pictures: dict[Path, Picture] = {}
        #: messages of errors, by the names of pictures
        self.faults: dict[str, str] = {}
        # The bytes of variants are in the cache, under these keys, because they are many. They are here if the cache
        # cannot be used.
        self._keys: dict[Path, str] = {}
        self._entries: dict[Path, Entry] = {}
        self._written: set[Path] = set()

    def original(
        self, asset: Asset, media: MediaType, content: str, destination: Destination
    ) -> bytes | None:
        """The bytes of a picture if they will be needed, else None. `content` is their digest."""
        with contextlib.suppress(InputError):
            path = destination.path(asset)
            if not self._is_shown(path, media) or self._known(asset, media, path, content):
                return None
            data, _ = atomic.read(asset.path)
            return data if digest(data) == content else None
        return None

    def finished(
        self,
        asset: Asset,
        outcome: Outcome,
        destination: Destination,
        original: bytes | None = None,
    ) -> None:
        """Make the variants of a picture with the given outcome. `original` is the result of the method `original`."""
        media = outcome.media
        if media is None or isinstance(outcome, Failed):
            return
        try:
            path = destination.path(asset)
            if not self._is_shown(path, media):
                return
            shipped, _ = atomic.read(path)
            self.pictures[path] = self._picture(asset, media, path, shipped, original)
        except InputError as error:
            self.faults[asset.name] = error.message
        except Exception as error:  # noqa: BLE001  (a fault here must not make a build fail)
            self.faults[asset.name] = (
                f"unexpected {type(error).__name__}: {error}; please report it"
            )

    def write(self, path: Path, used: AbstractSet[str]) -> None:
        """Write the variants of the picture at `path` that have a name in `used`. Raises an `InputError`."""
        picture = self.pictures[path]
        missing = [
            (number, file)
            for number, one in enumerate(picture.variants)
            if one.name in used and (file := path.with_name(one.name)) not in self._written
        ]
        if not missing:
            return
        entry = self._entries.get(path) or self._cache.get(self._keys.get(path, ""))
        made = _Made.of(entry).variants if entry is not None and entry.notes else ()
        for number, file in missing:
            if number < len(made):
                _write(file, made[number][1])
            elif not file.exists():
                raise NotWritten(f"{file.name} is not in the cache any more")
            self._written.add(file)

    def _is_shown(self, path: Path, media: MediaType) -> bool:
        return media in _PICTURES and path in self._shown

    def _picture(
        self, asset: Asset, media: MediaType, path: Path, shipped: bytes, original: bytes | None
    ) -> Picture:
        hashed = names.variant_hash(digest(shipped), self._settings(asset, media, path))
        if media is MediaType.SVG:
            head = shipped[:HEAD_BYTES]
            return Picture(*svg_size(head), 0, media, len(shipped), hashed, ratio=svg_ratio(head))
        made = self._made(asset, media, path, shipped, original)
        found = [
            replace(one, name=names.variant_name(path.name, hashed, one))
            for one, _ in made.variants
        ]
        if not found and is_marked(shipped, media):
            # The picture is a lossy result, and its original is gone. Variants that were made of that may still exist.
            found = _left_from_before(path, hashed)
        return Picture(
            made.width, made.height, made.pixels, media, len(shipped), hashed, tuple(found)
        )

    def _made(
        self, asset: Asset, media: MediaType, path: Path, shipped: bytes, original: bytes | None
    ) -> _Made:
        source = shipped if original is None else original
        self._keys[path] = self._key(asset, media, path, digest(source))
        entry = self._known(asset, media, path, digest(source))
        if entry is None:
            entry = self._made_anew(asset, media, path, source, shipped)
            if not self._cached_only and entry.notes:
                # The next run may find the original or the shipped file.
                for content in {digest(source), digest(shipped)}:
                    self._cache.put(self._key(asset, media, path, content), entry)
            if self._cache.trouble:
                self._entries[path] = entry
        return _Made.of(entry) if entry.notes else _Made()

    def _made_anew(
        self, asset: Asset, media: MediaType, path: Path, source: bytes, shipped: bytes
    ) -> Entry:
        options = self._options_for(asset.name, media)
        wanted = Wanted(
            widths=_WIDTHS if self.pages.sizes else (),
            formats=self._formats(path),
            shipped=len(shipped),
            still=self.pages.still,
        )
        try:
            measured = self._sandbox.measure(shipped, media, options)
            made: tuple[Variant, ...] = ()
            lossy = options.compression_type is Compression.LOSSY
            if lossy and not self._cached_only and not is_marked(source, media):
                made = self._sandbox.variants(source, media, options, wanted, shipped)
        except LimitMet as met:
            self._skips.put(self._key(asset, media, path, digest(source)), met)
            return Entry("kept", code=met.reason)
        except (InputError, FileSkipped):
            return Entry("kept")
        variants = [
            (VariantFile("", one.media, one.width, len(one.data), one.still), one.data)
            for one in made
        ]
        return _Made(*measured, tuple(variants)).entry()

    def _known(self, asset: Asset, media: MediaType, path: Path, content: str) -> Entry | None:
        key = self._key(asset, media, path, content)
        return self._cache.get(key) or self._skips.get(key)

    def _formats(self, path: Path) -> tuple[MediaType, ...]:
        """The formats for the picture at `path` beside its own; none unless `<picture>` can show it everywhere."""
        return self.pages.formats if self._shown[path] else ()

    def _settings(self, asset: Asset, media: MediaType, path: Path) -> str:
        """A text of all settings that decide which variants there are and what is in them."""
        pages = (self.pages.sizes, self._formats(path), self.pages.still, _WIDTHS)
        return json.dumps([self._options_for(asset.name, media).to_json(), pages])

    def _key(self, asset: Asset, media: MediaType, path: Path, content: str) -> str:
        text = f"{self._versions}\n{self._settings(asset, media, path)}"
        return f"{content}-{hashlib.sha256(text.encode()).hexdigest()}"


def _write(path: Path, data: bytes) -> None:
    """Write a variant, unless a file of its size is there. Its name holds a hash of the picture and the settings."""
    with contextlib.suppress(OSError):
        if path.lstat().st_size == len(data):
            return
    with atomic.writing(path) as file:
        file.write(data)


def _left_from_before(path: Path, hashed: str) -> list[VariantFile]:
    """The variants that an earlier run has left beside the picture at `path`, the best formats first."""
    found = []
    for file in path.parent.glob(f"*.ir-{hashed}-*"):
        if (read := names.read_variant(file.name)) is not None:
            width, media, still = read
            found.append(VariantFile(file.name, media, width, file.stat().st_size, still))
    order = list(MediaType)
    return sorted(found, key=lambda one: (-order.index(one.media), one.width))
