"""Edit the HTML pages of a built site, after its pictures: what is inserted, renewed and taken out."""

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

_SUFFIXES = (".html", ".htm")
#: bytes of a page; nobody reads larger ones
LARGEST = 8 * 1024 * 1024
# The first byte of a page in UTF-16, which is for `Page` to refuse.
_UTF_16 = (b"\xff", b"\xfe")
# Names of files of ours, as they stand in attributes.
_OURS = re.compile(rb"[^\s\"',/]*\.ir-[0-9a-f]+-[^\s\"',/]*|" + RULE_NAME.encode())


def pages_below(folder: Path) -> list[discover.Asset]:
    """The HTML pages below `folder`, no links."""
    return [
        found
        for found in discover.tree(folder)
        if stat.S_ISREG(found.state.st_mode) and found.inside.lower().endswith(_SUFFIXES)
    ]


def take_out(folder: Path) -> None:
    """Take out of all pages below `folder` what was inserted, and delete variants."""
    for page in pages_below(folder):
        with contextlib.suppress(OSError, PageLeft, InputError):
            data = page.path.read_bytes()
            if MARK.encode() in data and (before := Page(data).bytes) != data:
                atomic.replace(page.path, before, seen=page.state, keep_times=False)
    _delete_unused(folder, set())


class Site(Variants):
    """The pages in some folders, and the pictures that they show.

    Pictures come first: `original` and `finished` are called for each. `edit` comes last.
    """

    def __init__(self, folders: Iterable[Path], pages: Pages, **how: Any) -> None:
        """`how` goes to `Variants`."""
        self._folders = [_Folder(folder, pages) for folder in folders]
        shown: dict[Path, bool] = {}
        for folder in self._folders:
            shown |= folder.shown
        super().__init__(shown, pages, **how)
        #: the pages that were changed
        self.written: list[Path] = []

    def edit(self) -> PagesReport:
        """Edit all pages, each in one step, and delete variants that none of them names."""
        report = PagesReport()
        report.left |= self.faults
        for folder in self._folders:
            self.written += folder.edit(self, report)
        return report


@dataclass(frozen=True, slots=True)
class _Scanned:
    """A page, before its pictures were worked on."""

    found: discover.Asset
    #: what style sheets say of its pictures, in their order
    styles: tuple[PictureStyle, ...] = ()
    #: why it is left as it is, None if it is not
    left: str | None = None


class _Remembered:
    """What was found out of each picture of a page, in their order."""

    def __init__(self, styles: Iterable[PictureStyle]) -> None:
        self._styles = iter(styles)

    def of(self, _: object, /) -> PictureStyle:
        style = next(self._styles, None)
        if style is None:
            raise PageLeft("it was changed meanwhile")
        return style


class _Folder:
    """The pages in one folder: read once to see what they show, and once more to be edited."""

    def __init__(self, folder: Path, pages: Pages) -> None:
        """Read all pages."""
        self._folder = folder
        self._options = pages
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
            page = Page(data)
            place = self._place(page, found)
            pictures = pictures_of(page, place, self._sheets.of(page, place))
        except Exception as left:  # noqa: BLE001  (a fault of ours must not cost anybody a build)
            return _Scanned(found, left=_reason(left))
        for one in pictures.shown:
            path = self._folder / one.file
            self.shown[path] = self.shown.get(path, True) and not one.not_wrapped
        return _Scanned(found, tuple(one.style for one in pictures.shown))

    def edit(self, site: Site, report: PagesReport) -> list[Path]:
        """Edit the pages, and note in `report` what became of them. Returns those that were changed."""
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
            report.add(result, changed=changed)
            if changed:
                written.append(page.found.path)
            used |= {file.with_name(name) for file, names in result.used.items() for name in names}
            used |= {result.rule} if result.rule else set()
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
        """What became of a page, and whether it was written. Raises `PageLeft` or an `InputError`."""
        data, state = self._read(scanned.found)
        if not scanned.styles and MARK.encode() not in data:
            return Result(data), False
        page = Page(data)
        place = self._place(page, scanned.found)
        shown = pictures_of(page, place, _Remembered(scanned.styles))
        result = optimised(page, shown, pictures.get, self._options, self._rule(page, place))
        # What a page names comes before the page.
        for file, names in result.used.items():
            site.write(self._folder / file, names)
        if result.rule is not None:
            self._write_rule(result.rule)
        if result.data == data:
            return result, False
        # Only a hash may differ from the page of before. Programs that copy by size and time must see that.
        atomic.replace(scanned.found.path, result.data, seen=state, keep_times=False)
        return result, True

    def _read(self, found: discover.Asset) -> tuple[bytes, os.stat_result]:
        if found.state.st_size > LARGEST:
            raise PageLeft("it is larger than 8 MB")
        return atomic.read(found.path)

    def _place(self, page: Page, found: discover.Asset) -> Place:
        return addresses.place_of(page, PurePosixPath(found.inside), self._options.site_url)

    def _rule(self, page: Page, place: Place) -> Rule | None:
        """Where the rule can be linked: not where somebody else's file has its name."""
        rule = rule_of(page, place)
        if rule is None or rule.file in self._rules:
            return rule
        with contextlib.suppress(InputError):
            path = self._sheets.inside(rule.file)
            return rule if not os.path.lexists(path) or _is_rule(path) else None
        return None

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
    """The names of variants and rules on a page that stays as it was."""
    with contextlib.suppress(OSError):
        return {unquote(name.decode("latin-1")) for name in _OURS.findall(page.path.read_bytes())}
    return set()


def _delete_unused(
    folder: Path, used: AbstractSet[str], kept: AbstractSet[str] = frozenset()
) -> None:
    """Delete the variants and rules below `folder` but those `used`, and those with names to be `kept`."""
    for found in discover.tree(folder):
        name = found.path.name
        if not is_ours(name) or found.inside in used:
            continue
        if name in kept or not stat.S_ISREG(found.state.st_mode):
            continue
        with contextlib.suppress(OSError):
            if name != RULE_NAME or _is_rule(found.path):
                found.path.unlink()
