"""The style sheets in the folder of a site. Each is read once."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .. import atomic
from ..errors import InputError, Unreadable
from ..pages import addresses, css
from .fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..pages.addresses import Place
    from ..pages.css import Sheet
    from ..pages.html import Page

#: How deep style sheets may import each other. Not fitted: it ends circles. A sheet that is
#: imported deeper counts as one that cannot be read.
_IMPORTS = 5


class Sheets:
    """The style sheets below one folder."""

    def __init__(self, folder: Path, *, remote: bool) -> None:
        """Read style sheets in `folder`. With `remote`, those of other hosts may style any picture in any way."""
        self._folder = folder
        self._remote = remote
        self._sheets: dict[PurePosixPath, Sheet | None] = {}
        self._digests: dict[PurePosixPath, str | None] = {}
        #: each style sheet with those that it imports, and the paths of all of them
        self._whole: dict[PurePosixPath, tuple[list[Sheet | str], set[PurePosixPath]]] = {}
        #: the paths of the style sheets that were used since this set was emptied
        self.asked: set[PurePosixPath] = set()

    def of(self, page: Page, place: Place) -> css.Styles:
        """What the style sheets of a page say: those in it, and those that it links."""
        sheets: list[Sheet] = []
        unknown: list[str] = []
        for one in css.sheet_links(page.elements("link", "style")):
            if one.text is not None:
                base = addresses.of_unknown_site(place.base, place)
                linked = list(self._with_imports(css.parse(one.text, address=base)))
            else:
                file = place.file(one.href)
                linked = (file and self._linked(file)) or [one.href]
            unknown += [sheet for sheet in linked if isinstance(sheet, str)]
            known = [sheet for sheet in linked if not isinstance(sheet, str)]
            sheets += [sheet.held_sometimes() for sheet in known] if one.sometimes else known
        if not self._remote:
            unknown.clear()
        return css.Styles(sheets, next(iter(unknown), ""))

    def _linked(self, file: PurePosixPath) -> list[Sheet | str]:
        """What `_with_imports` finds in a file; nothing where that cannot be read."""
        if file not in self._whole:
            before, self.asked = self.asked, set()
            sheet = self._sheet(file)
            found = [] if sheet is None else list(self._with_imports(sheet))
            self._whole[file] = found, self.asked
            self.asked = before
        found, asked = self._whole[file]
        self.asked |= asked
        return found

    def _with_imports(self, sheet: Sheet, depth: int = 0) -> Iterator[Sheet | str]:
        """The style sheets that `sheet` imports, then `sheet`. For one that cannot be read it is its address."""
        for address in sheet.imports:
            file = addresses.UNKNOWN_SITE.file(address)
            imported = None if file is None or depth == _IMPORTS else self._sheet(file)
            if imported is None:
                yield address.removeprefix(addresses.UNKNOWN_SITE.site)
            else:
                yield from self._with_imports(imported, depth + 1)
        yield sheet

    def _sheet(self, file: PurePosixPath) -> Sheet | None:
        self.asked.add(file)
        if file not in self._sheets:
            data = self._read(file)
            address = addresses.address_of(addresses.UNKNOWN_SITE, file)
            self._sheets[file] = None if data is None else css.parse(data, address=address)
        return self._sheets[file]

    def digest(self, file: PurePosixPath) -> str | None:
        """The digest of the style sheet `file`; None when it cannot be read."""
        if file not in self._digests:
            self._read(file)
        return self._digests[file]

    def _read(self, file: PurePosixPath) -> bytes | None:
        data = None
        with contextlib.suppress(InputError):
            data, _ = atomic.read(self.inside(file))
        self._digests[file] = None if data is None else digest(data)
        return data

    def inside(self, file: PurePosixPath) -> Path:
        """The path of a file of the site. Raises `Unreadable` when a link leads out of the site."""
        path = self._folder / file
        root = os.path.realpath(self._folder)
        if os.path.commonpath([os.path.realpath(path.parent), root]) != root:
            raise Unreadable("leads out of the site by a link", path=path)
        return path
