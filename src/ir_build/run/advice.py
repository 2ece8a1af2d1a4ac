"""Looks at a built site and finds what a person could still do. Nothing is changed."""

from __future__ import annotations

import contextlib
import hashlib
import stat
import zlib
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .. import atomic
from ..advice import page as pages
from ..advice.facts import Facts
from ..advice.judge import LEAST, Site, findings, sightings
from ..advice.references import SUFFIXES, References
from ..errors import ConfigError, FileSkipped, InputError
from ..formats import HEAD_BYTES, MediaType, sniff
from ..pages import addresses
from ..pages.html import Page, PageLeft
from ..pages.names import is_ours
from ..pages.picture import svg_size
from ..report.html.text import GENERATOR
from . import discover
from .pages import LARGEST, pages_below
from .plan import LFS_POINTER
from .sheets import Sheets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from concurrent.futures import Executor

    from ..advice import Finding
    from ..advice.page import PageFacts
    from ..options import Options, Pages
    from ..sandbox.pool import Sandbox

# The most bytes of a text that is searched for names of files, or of a BMP that is packed to see what that saves; and
# the fewest bytes of a PDF that may be a scan. Not fitted: no bytes that are shipped depend on them. If a text is
# larger, no file is called unused.
_LONGEST_TEXT, _LEAST_PDF = 64 * 1024 * 1024, 100_000
# Bytes of a page in which it says who has made it.
_BEGIN = 1024
_SCRIPTS = (".js", ".mjs", ".cjs")
# Files with these suffixes hold no names of other files, so they are not read.
_NO_TEXTS = SUFFIXES - {".svg"} | {
    ".woff", ".woff2", ".ttf", ".otf", ".eot", ".wasm", ".gz", ".br", ".zst", ".zip", ".inv", ".doctree",
    ".pickle",
}  # fmt: skip
# Beginnings of names of files for which browsers and systems ask even if no page names them.
_WELL_KNOWN = ("favicon", "apple-touch-icon", "mstile", "android-chrome", "safari-pinned-tab")
# Formats that are rarely used on the web, by the first bytes of a file.
_OLD = {
    b"II*\0": "TIFF", b"MM\0*": "TIFF", b"\0\0\0\x0cjP  ": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000",
    b"8BPS": "a Photoshop file", b"BM": "BMP", b"\0\0\1\0": "ICO",
}  # fmt: skip
# Those of them that browsers still show.
_SHOWN_YET = ("BMP", "ICO")


class Advisor:
    """Looks at one site, in a folder. Each file is read once."""

    def __init__(
        self,
        folder: Path,
        pages: Pages,
        *,
        sandbox: Sandbox,
        threads: Executor,
        options_for: Callable[[str, MediaType], Options],
        wanted: Callable[[str], bool],
        reports: Collection[Path],
    ) -> None:
        """Look at the site in `folder` with the settings `pages`.

        `options_for` takes a file's name and type. `wanted` takes a file's path from the site's root and says
        whether advice is wanted for it. `reports` are files of ours, which are no part of the site.
        """
        self._folder = folder
        self._options = pages
        self._sandbox, self._threads, self._options_for = sandbox, threads, options_for
        self._wanted = wanted
        self._reports = {path.name: path.resolve() for path in reports}
        self._sheets = Sheets(folder, remote=not pages.ignore_remote_styles)
        self._on_pages, self._in_code = References(), References()
        #: the texts of scripts and styles inside pages that were read; most are the same on all pages
        self._inline: set[str] = set()
        #: whether a text could not be read; then it is unknown which files are named
        self._unread = False

    def findings(
        self, names: Mapping[str, str], *, compressed: bool = False
    ) -> tuple[Finding, ...]:
        """What a person could still do.

        `names` are the names of files in the report, by their paths from the site's root. `compressed` says
        whether pictures have just been compressed. Raises `ConfigError` when there are no pages.
        """
        return findings(sightings(self.site(compressed=compressed)), names)

    def site(self, *, compressed: bool = False) -> Site:
        """All facts about the site. Raises `ConfigError` when there are no pages."""
        found = {
            PurePosixPath(one.inside): one
            for one in discover.tree(self._folder)
            if stat.S_ISREG(one.state.st_mode) and not self._is_foreign(one)
        }
        read = (self._page(one) for one in pages_below(self._folder) if not self._is_foreign(one))
        pages = tuple(page for page in read if page is not None)
        if not pages:
            raise ConfigError(
                "ir-build advise",
                str(self._folder),
                "has no HTML pages: give the folder of a built site",
            )
        sizes = {file: one.state.st_size for file, one in found.items()}
        shown = frozenset().union(*(page.shown for page in pages)) & found.keys()
        heads = {file: _head(found[file].path) for file in sorted(shown)}
        media = {file: kind for file, head in heads.items() if (kind := sniff(head)) is not None}
        media |= {
            file: MediaType.PDF
            for file, size in sizes.items()
            if file.suffix.lower() == ".pdf" and size >= _LEAST_PDF
        }
        media = {file: kind for file, kind in media.items() if self._wanted(file.as_posix())}
        return Site(
            pages=pages,
            sizes=sizes,
            media=media,
            facts=dict(zip(media, self._threads.map(self._facts, media.items()), strict=True)),
            compressed=compressed,
            pointers=[file for file in shown if heads[file].startswith(LFS_POINTER)],
            old=dict(self._old(heads, sizes)),
            equal=list(self._equal(media, sizes)),
            orphans=list(self._orphans(found)),
            named_elsewhere=lambda name: self._on_pages.link(name) or self._in_code.name(name),
        )

    def _is_foreign(self, found: discover.Asset) -> bool:
        """Whether a file is no part of the site. Reports name every file, so none would be an orphan."""
        report = self._reports.get(found.path.name)
        return not discover.FOREIGN_FOLDERS.isdisjoint(found.inside.split("/")[:-1]) or (
            report is not None and found.path.resolve() == report
        )

    def _page(self, found: discover.Asset) -> PageFacts | None:
        """What a page says; None for a report of ours, which is no page of the site."""
        with contextlib.suppress(InputError, PageLeft, RecursionError):
            if found.state.st_size > LARGEST:
                raise PageLeft("it is larger than 8 MB")
            data, _ = atomic.read(found.path)
            if GENERATOR.encode() in data[:_BEGIN]:
                return None
            self._on_pages.read(_utf_8(data))
            page = Page(data, as_shipped=True)
            for inline in page.elements("script", "style"):
                text = inline.text
                if text and text not in self._inline:
                    self._inline.add(text)
                    self._in_code.read_script(text.encode("latin-1", "replace"))
            place = addresses.place_of(page, PurePosixPath(found.inside), self._options.site_url)
            return pages.read(found.inside, page, place, self._sheets.of(page, place))
        self._unread = True
        return pages.PageFacts(found.inside)

    def _facts(self, one: tuple[PurePosixPath, MediaType]) -> Facts:
        file, media = one
        path = self._folder / file
        with contextlib.suppress(InputError, FileSkipped):
            if media is MediaType.SVG:
                return Facts(*svg_size(_head(path)))
            return self._sandbox.facts(path, media, self._options_for(file.as_posix(), media))
        return Facts()

    def _old(
        self, heads: Mapping[PurePosixPath, bytes], sizes: Mapping[PurePosixPath, int]
    ) -> Iterator[tuple[PurePosixPath, tuple[str, int]]]:
        for file, head in heads.items():
            name = next((name for begin, name in _OLD.items() if head.startswith(begin)), None)
            if name in _SHOWN_YET and sizes[file] <= _LONGEST_TEXT:
                data = self._read(file)
                saved = len(data) - len(zlib.compress(data))
                if saved > LEAST:
                    yield file, (name, saved)
            elif name is not None and name not in _SHOWN_YET:
                yield file, (name, 0)

    def _equal(
        self, media: Mapping[PurePosixPath, MediaType], sizes: Mapping[PurePosixPath, int]
    ) -> Iterator[list[PurePosixPath]]:
        """Groups of pictures that pages show and that have the same content."""
        by_size: dict[int, list[PurePosixPath]] = defaultdict(list)
        for file in sorted(media):
            if sizes[file] >= LEAST and media[file] is not MediaType.PDF:
                by_size[sizes[file]].append(file)
        for files in by_size.values():
            by_content: dict[bytes, list[PurePosixPath]] = defaultdict(list)
            for file in files if len(files) > 1 else ():
                with (
                    contextlib.suppress(InputError),
                    atomic.opened(self._folder / file) as (read, _),
                ):
                    by_content[hashlib.file_digest(read, "sha256").digest()].append(file)
            yield from (group for group in by_content.values() if len(group) > 1)

    def _orphans(self, found: Mapping[PurePosixPath, discover.Asset]) -> Iterator[PurePosixPath]:
        """The files that nothing names; none if a text could not be read."""
        for file, one in found.items():
            if file.suffix.lower() not in _NO_TEXTS and not file.name.lower().endswith(
                (".html", ".htm")
            ):
                self._read_text(file, one.state.st_size)
        if self._unread:
            return
        for file, one in found.items():
            candidate = file.suffix.lower() in SUFFIXES and one.state.st_size >= LEAST
            if not candidate or file.name.lower().startswith(_WELL_KNOWN) or is_ours(file.name):
                continue
            if not self._wanted(file.as_posix()) or any(
                part.startswith(".") for part in file.parts
            ):
                continue
            if not self._on_pages.name(file.name) and not self._in_code.name(file.name):
                yield file

    def _read_text(self, file: PurePosixPath, size: int) -> None:
        if size > _LONGEST_TEXT:
            self._unread = True
            return
        data = self._read(file)
        text = _utf_8(data)
        if b"\0" in text[:1024]:
            return
        if file.suffix.lower() in _SCRIPTS:
            self._in_code.read_script(text)
        elif file.suffix.lower() in (".css", ".json", ".webmanifest"):
            self._in_code.read(text)
        else:
            self._on_pages.read(text)

    def _read(self, file: PurePosixPath) -> bytes:
        with contextlib.suppress(InputError):
            return atomic.read(self._folder / file)[0]
        self._unread = True
        return b""


def _head(path: Path) -> bytes:
    with contextlib.suppress(InputError), atomic.opened(path) as (file, _):
        return file.read(HEAD_BYTES)
    return b""


def _utf_8(data: bytes) -> bytes:
    """The text `data` as UTF-8 if it is UTF-16, else as it is."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode()
    return data
