"""Edits the HTML pages of a built site when its pictures are done: inserts markup, renews it or takes it out."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .. import atomic
from ..errors import InputError
from ..pages import addresses
from ..pages.html import MARK, Page, PageLeft
from ..pages.markup import RULE, Result, optimised, rule_of
from ..pages.names import RULE_NAME, is_ours
from ..pages.shown import pictures_of
from ..report.pages import PagesReport
from . import discover
from .fingerprint import digest
from .page_memory import KnownPage, PageMemory
from .sheets import Sheets
from .variants import Variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from ..options import Pages
    from ..pages.addresses import Place
    from ..pages.css import PictureStyle
    from ..pages.markup import Rule
    from ..pages.picture import Picture
    from .cache import Cache

_SUFFIXES = (".html", ".htm")
#: The most bytes of a page that is edited. Not fitted: a limit of memory and CPU time. Larger pages stay as they are.
LARGEST = 8 * 1024 * 1024
# The first byte of a page in UTF-16. `Page` refuses such a page.
_UTF_16 = (b"\xff", b"\xfe")
# Names of variants and of the file with the style rule, as attributes hold them.
_OURS = re.compile(rb"[^\s\"',/]*\.ir-[0-9a-f]+-[^\s\"',/]*|" + RULE_NAME.encode())


def pages_below(folder: Path) -> list[discover.Asset]:
    """The HTML pages below `folder`, without symbolic links."""
    return [
        found
        for found in discover.tree(folder)
        if stat.S_ISREG(found.state.st_mode) and found.inside.lower().endswith(_SUFFIXES)
    ]


def take_out(folder: Path) -> None:
    """Remove what was inserted into pages below `folder`, and delete the variants there."""
    for page in pages_below(folder):
        with contextlib.suppress(OSError, PageLeft, InputError):
            data = page.path.read_bytes()
            if MARK.encode() in data and (before := Page(data).bytes) != data:
                atomic.replace(page.path, before, seen=page.state, keep_times=False)
    _delete_unused(folder, set())


class Site(Variants):
    """The pages in some folders, and the pictures that they show.

    First `original` and `finished` are called for each picture. `edit` is called last.
    """

    def __init__(self, folders: Iterable[Path], pages: Pages, cache: Cache, **how: Any) -> None:
        """Read the pages in `folders`. `how` are arguments of `Variants`. Pages are remembered beside the `cache`."""
        self._folders = [_Folder(folder, pages, cache) for folder in folders]
        shown: dict[Path, bool] = {}
        for folder in self._folders:
            shown |= folder.shown
        super().__init__(shown, pages, cache=cache, **how)
        #: the pages that were changed
        self.written: list[Path] = []

    def edit(self) -> PagesReport:
        """Edit all pages, each in one step, and delete the variants that no page names."""
        report = PagesReport()
        report.left |= self.faults
        for folder in self._folders:
            self.written += folder.edit(self, report)
        return report


@dataclass(frozen=True, slots=True)
class _Scanned:
    """A page as it was read before its pictures were optimised."""

    found: discover.Asset
    #: the digest of its bytes, and what is known of it; "" and None if it has no pictures
    content: str = ""
    known: KnownPage | None = None
    #: what style sheets say of its pictures, in their order; None if that was not read
    styles: tuple[PictureStyle, ...] | None = None
    #: why the page stays as it is; None if it may be edited
    left: str | None = None


class _Remembered:
    """What style sheets say of the pictures of a page, as it was found before, in their order."""

    def __init__(self, styles: Iterable[PictureStyle]) -> None:
        self._styles = iter(styles)

    def of(self, _: object, /) -> PictureStyle:
        style = next(self._styles, None)
        if style is None:
            raise PageLeft("it was changed meanwhile")
        return style


class _Folder:
    """The pages in one folder. They are read once to find what they show, and once more to be edited."""

    def __init__(self, folder: Path, pages: Pages, cache: Cache) -> None:
        """Read all pages below `folder`."""
        self._folder = folder
        self._options = pages
        index = cache.index_file(folder.resolve())
        self._memory = PageMemory(index and index.with_suffix(".pages.json"), pages)
        self._sheets = Sheets(folder, remote=not pages.ignore_remote_styles)
        self._rules: set[PurePosixPath] = set()
        #: the files that pages show, and whether each can be shown by `<picture>` everywhere
        self.shown: dict[Path, bool] = {}
        self._pages = [self._scanned(found) for found in pages_below(folder)]

    def _scanned(self, found: discover.Asset) -> _Scanned:
        try:
            data, _ = self._read(found)
            if (
                MARK.encode() not in data
                and b"<img" not in data.lower()
                and data[:1] not in _UTF_16
            ):
                return _Scanned(found)
            content = digest(data)
            known, styles = self._memory.get(found.inside, content), None
            if known is None or not self._holds(known):
                known, styles = self._looked_at(data, found)
        except Exception as left:  # noqa: BLE001  (a fault here must not make a build fail)
            return _Scanned(found, left=_reason(left))
        for file, wrapped in known.shown:
            path = self._folder / file
            self.shown[path] = self.shown.get(path, True) and wrapped
        return _Scanned(found, content, known, styles)

    def _holds(self, known: KnownPage) -> bool:
        """Whether all files that a page depends on, except pictures, are as they were."""
        sheets = known.sheets.items()
        return all(self._sheets.digest(PurePosixPath(file)) == one for file, one in sheets) and (
            known.rule is None or self._may_hold_rule(PurePosixPath(known.rule[0])) == known.rule[1]
        )

    def _looked_at(
        self, data: bytes, found: discover.Asset
    ) -> tuple[KnownPage, tuple[PictureStyle, ...]]:
        """What the page `data` depends on, and what style sheets say of its pictures. Raises `PageLeft`."""
        page = Page(data)
        place = self._place(page, found)
        self._sheets.asked.clear()
        shown = pictures_of(page, place, self._sheets.of(page, place)).shown
        asked = sorted(self._sheets.asked)
        sheets = {file.as_posix(): self._sheets.digest(file) for file in asked}
        rule = rule_of(page, place)
        known = KnownPage(
            sheets,
            [(one.file.as_posix(), not one.not_wrapped) for one in shown],
            None if rule is None else (rule.file.as_posix(), self._may_hold_rule(rule.file)),
        )
        return known, tuple(one.style for one in shown)

    def edit(self, site: Site, report: PagesReport) -> list[Path]:
        """Edit the pages, and add their results to `report`. Returns the paths of the pages that were changed."""
        pictures = {
            PurePosixPath(path.relative_to(self._folder).as_posix()): picture
            for path, picture in site.pictures.items()
            if path.is_relative_to(self._folder)
        }
        written = []
        used: set[PurePosixPath] = set()
        kept: set[str] = set()
        for page in self._pages:
            report.pages += 1
            left = page.left
            if left is None:
                try:
                    result, changed = self._edited(page, pictures, site)
                except Exception as error:  # noqa: BLE001  (as above)
                    left = _reason(error)
            if left is not None:
                report.left[page.found.inside] = left
                kept |= _names_on(page.found)
                continue
            report.add(page.found.inside, result, changed=changed)
            if changed:
                written.append(page.found.path)
            used |= {file.with_name(name) for file, names in result.used.items() for name in names}
            used |= {result.rule} if result.rule else set()
        self._memory.save()
        _delete_unused(self._folder, {file.as_posix() for file in used}, kept)
        for file, picture in pictures.items():
            for one in picture.variants:
                if file.with_name(one.name) in used:
                    report.variants += 1
                    report.variant_bytes += one.size
        return written

    def _edited(
        self, scanned: _Scanned, pictures: Mapping[PurePosixPath, Picture], site: Site
    ) -> tuple[Result, bool]:
        """Edit a page. Returns the result, and whether the page was written. Raises `PageLeft` or an `InputError`."""
        data, state = self._read(scanned.found)
        known = scanned.known
        if known is None or (not known.shown and MARK.encode() not in data):
            return Result(data), False
        facts = repr([pictures.get(PurePosixPath(file)) for file, _ in known.shown])
        facts = digest(facts.encode("utf-8", "surrogateescape"))
        same = digest(data) == scanned.content and known.pictures == facts
        result = known.result(data) if same else None
        if result is None:
            result = self._optimised(data, scanned, pictures)
            known.keep(data, result, facts)
        self._memory.put(scanned.found.inside, scanned.content, known)
        # The files that a page names are written before the page.
        for file, names in result.used.items():
            site.write(self._folder / file, names)
        if result.rule is not None:
            self._write_rule(result.rule)
        if result.data == data:
            return result, False
        # The edited page may differ from the page before by a hash only, and so have its size. The new time tells
        # programs that copy by size and time.
        atomic.replace(scanned.found.path, result.data, seen=state, keep_times=False)
        return result, True

    def _optimised(
        self, data: bytes, scanned: _Scanned, pictures: Mapping[PurePosixPath, Picture]
    ) -> Result:
        """The page `data` with its insertions. Raises `PageLeft`."""
        page = Page(data)
        place = self._place(page, scanned.found)
        styles = (
            self._sheets.of(page, place) if scanned.styles is None else _Remembered(scanned.styles)
        )
        shown = pictures_of(page, place, styles)
        return optimised(page, shown, pictures.get, self._options, self._rule(page, place))

    def _read(self, found: discover.Asset) -> tuple[bytes, os.stat_result]:
        if found.state.st_size > LARGEST:
            raise PageLeft("it is larger than 8 MB")
        return atomic.read(found.path)

    def _place(self, page: Page, found: discover.Asset) -> Place:
        return addresses.place_of(page, PurePosixPath(found.inside), self._options.site_url)

    def _rule(self, page: Page, place: Place) -> Rule | None:
        """The file with the style rule and its address on the page; None if it cannot be linked."""
        rule = rule_of(page, place)
        return rule if rule is not None and self._may_hold_rule(rule.file) else None

    def _may_hold_rule(self, file: PurePosixPath) -> bool:
        """Whether `file` can hold the style rule. It cannot if another file has that name already."""
        if file in self._rules:
            return True
        with contextlib.suppress(InputError):
            path = self._sheets.inside(file)
            return not os.path.lexists(path) or _is_rule(path)
        return False

    def _write_rule(self, file: PurePosixPath) -> None:
        path = self._folder / file
        if file not in self._rules and not path.exists():
            with atomic.writing(path) as written:
                written.write(RULE.encode())
        self._rules.add(file)


def _reason(error: Exception) -> str:
    if isinstance(error, InputError):
        return error.message
    if isinstance(error, PageLeft | OSError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}; please report it"


def _is_rule(path: Path) -> bool:
    try:
        return path.read_bytes() == RULE.encode()
    except OSError:
        return False


def _names_on(page: discover.Asset) -> set[str]:
    """The names of variants and rules on a page that stays as it is."""
    with contextlib.suppress(OSError):
        return {unquote(name.decode("latin-1")) for name in _OURS.findall(page.path.read_bytes())}
    return set()


def _delete_unused(
    folder: Path, used: AbstractSet[str], kept: AbstractSet[str] = frozenset()
) -> None:
    """Delete the variants and rules below `folder`, except the paths `used` and the names `kept`."""
    for found in discover.tree(folder):
        name = found.path.name
        if not is_ours(name) or found.inside in used:
            continue
        if name in kept or not stat.S_ISREG(found.state.st_mode):
            continue
        with contextlib.suppress(OSError):
            if name != RULE_NAME or _is_rule(found.path):
                found.path.unlink()
