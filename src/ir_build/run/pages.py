"""Edit the HTML pages of a built site, after its pictures: what is inserted, renewed and taken out."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from html import unescape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .. import atomic
from ..errors import InputError
from ..pages import addresses, css
from ..pages.html import MARK, Page, PageLeft
from ..pages.markup import RULE, Result, optimised, rule_of
from ..pages.names import RULE_NAME, is_ours
from ..report.pages import PagesReport
from . import discover
from .variants import Variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from ..options import Pages
    from ..pages.addresses import Place
    from ..pages.css import Sheet
    from ..pages.markup import Rule

_SUFFIXES = (".html", ".htm")
#: bytes of a page; nobody reads larger ones
_LARGEST = 8 * 1024 * 1024
#: How deep style sheets may import each other.
_IMPORTS = 5
_IMG = re.compile(rb"<img\b", re.IGNORECASE)
_SRC = re.compile(
    rb"<img\b[^>]*?\ssrc\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE | re.DOTALL
)
# Names of files of ours, as they stand in attributes.
_OURS = re.compile(rb"[^\s\"',/]*\.ir-[0-9a-f]+-[^\s\"',/]*|" + RULE_NAME.encode())


def pages_below(folder: Path) -> list[discover.Found]:
    """The HTML pages below `folder`, no links."""
    return [
        found
        for found in discover.tree(folder)
        if stat.S_ISREG(found.state.st_mode) and found.inside.lower().endswith(_SUFFIXES)
    ]


def shown_names(pages: Iterable[discover.Found]) -> set[str]:
    """The names of the files that `pages` may show as pictures. It is quick, and may find too many."""
    found = set()
    for page in pages:
        with contextlib.suppress(OSError):
            for value in _SRC.findall(page.path.read_bytes()):
                address = unescape(value.strip(b"\"'").decode("utf-8", "surrogateescape"))
                path = address.split("#")[0].split("?")[0].replace("\\", "/")
                name = path.rpartition("/")[2].strip()
                found.add(unquote(name, errors="surrogateescape"))
    return found


def take_out(folder: Path) -> None:
    """Take out of all pages below `folder` what was inserted, and delete variants."""
    for page in pages_below(folder):
        with contextlib.suppress(OSError, PageLeft, InputError):
            data = page.path.read_bytes()
            if MARK.encode() in data and (before := Page(data).bytes) != data:
                atomic.replace(page.path, before, seen=page.state, keep_times=True)
    _delete_unused(folder, set())


class Site(Variants):
    """The pages in some folders, and the pictures that they show.

    Pictures come first: `original` and `finished` are called for each. `edit` comes last.
    """

    def __init__(self, folders: Iterable[Path], pages: Pages, **how: Any) -> None:
        """`how` goes to `Variants`."""
        self._folders = {folder: pages_below(folder) for folder in folders}
        shown = shown_names(page for found in self._folders.values() for page in found)
        super().__init__(shown, pages, **how)
        #: the pages that were changed
        self.written: list[Path] = []

    def edit(self) -> PagesReport:
        """Edit all pages, each in one step, and delete variants that none of them names."""
        report = PagesReport(sum(map(len, self._folders.values())))
        report.left |= self.faults
        for folder, pages in self._folders.items():
            self.written += _Editor(folder, self).edit(pages, report)
        return report


class _Editor:
    """Edits the pages in one folder."""

    def __init__(self, folder: Path, site: Site) -> None:
        self._folder = folder
        self._pages = site.pages
        self._write = site.write
        self._pictures = {
            PurePosixPath(path.relative_to(folder).as_posix()): picture
            for path, picture in site.pictures.items()
            if path.is_relative_to(folder)
        }
        self._sheets: dict[PurePosixPath, Sheet | None] = {}
        self._rules: set[PurePosixPath] = set()

    def edit(self, pages: Iterable[discover.Found], report: PagesReport) -> list[Path]:
        """Edit `pages`, and note in `report` what became of them. Returns those that were changed."""
        written = []
        used: set[PurePosixPath] = set()
        kept: set[str] = set()
        for page in pages:
            try:
                result, changed = self._edited(page)
            except Exception as left:  # noqa: BLE001  (a fault of ours must not cost anybody a build)
                report.left[page.inside] = _reason(left)
                kept |= _names_on(page)
                continue
            report.add(result, changed=changed)
            if changed:
                written.append(page.path)
            used |= {file.with_name(name) for file, names in result.used.items() for name in names}
            used |= {result.rule} if result.rule else set()
        _delete_unused(self._folder, {file.as_posix() for file in used}, kept)
        for file, picture in self._pictures.items():
            for one in picture.variants:
                if file.with_name(one.name) in used:
                    report.variants += 1
                    report.variant_bytes += one.size
        return written

    def _edited(self, found: discover.Found) -> tuple[Result, bool]:
        """What became of a page, and whether it was written. Raises `PageLeft` or an `InputError`."""
        if found.state.st_size > _LARGEST:
            raise PageLeft("it is larger than 8 MB")
        data, state = atomic.read(found.path)
        if MARK.encode() not in data and not _IMG.search(data):
            return Result(data), False
        page = Page(data)
        path = PurePosixPath(found.inside)
        place = addresses.place_of(page, path, self._pages.site_url)
        styles, rule = self._styles(page, place), self._rule(page, place)
        result = optimised(page, self._pictures.get, place, styles, self._pages, rule)
        # What a page names comes before the page.
        for file, names in result.used.items():
            self._write(self._folder / file, names)
        if result.rule is not None:
            self._write_rule(result.rule)
        if result.data == data:
            return result, False
        atomic.replace(found.path, result.data, seen=state, keep_times=True)
        return result, True

    def _styles(self, page: Page, place: Place) -> css.Styles:
        """What the style sheets of a page say, its own and those it links."""
        sheets: list[Sheet] = []
        unknown = False
        for one in css.sheet_links(page.document):
            if one.text is not None:
                sheets.append(css.parse(one.text, address=place.base))
                continue
            file = place.file(one.href)
            linked = [] if file is None else list(self._linked(file))
            unknown |= not linked or None in linked
            sheets += [sheet for sheet in linked if sheet is not None]
        return css.Styles(sheets, unknown)

    def _linked(self, file: PurePosixPath, depth: int = 0) -> Iterator[Sheet | None]:
        """The style sheets that one imports, and that one; None for one that cannot be read."""
        sheet = self._sheet(file)
        for address in sheet.imports if sheet is not None else ():
            imported = addresses.UNKNOWN_SITE.file(address)
            if imported is None or depth == _IMPORTS:
                yield None
            else:
                yield from self._linked(imported, depth + 1)
        yield sheet

    def _sheet(self, file: PurePosixPath) -> Sheet | None:
        if file not in self._sheets:
            self._sheets[file] = None
            with contextlib.suppress(InputError):
                data, _ = atomic.read(self._folder / file)
                address = addresses.address_of(addresses.UNKNOWN_SITE, file)
                self._sheets[file] = css.parse(data, address=address)
        return self._sheets[file]

    def _rule(self, page: Page, place: Place) -> Rule | None:
        """Where the rule can be linked: not where somebody else's file has its name."""
        rule = rule_of(page, place)
        if rule is None or rule.file in self._rules:
            return rule
        path = self._folder / rule.file
        return rule if not os.path.lexists(path) or _is_rule(path) else None

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


def _names_on(page: discover.Found) -> set[str]:
    """The names of variants and rules on a page that stays as it was."""
    with contextlib.suppress(OSError):
        return {unquote(name.decode()) for name in _OURS.findall(page.path.read_bytes())}
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
