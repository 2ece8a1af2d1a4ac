"""The style sheets in a site's folder, each read once."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .. import atomic
from ..errors import InputError, Unreadable
from ..pages import addresses, css

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..pages.addresses import Place
    from ..pages.css import Sheet
    from ..pages.html import Page

#: How deep style sheets may import each other.
_IMPORTS = 5


class Sheets:
    """The style sheets below one folder."""

    def __init__(self, folder: Path, *, remote: bool) -> None:
        """With `remote`, sheets of other hosts may say anything of a picture."""
        self._folder = folder
        self._remote = remote
        self._sheets: dict[PurePosixPath, Sheet | None] = {}

    def of(self, page: Page, place: Place) -> css.Styles:
        """What the style sheets of a page say, its own and those it links."""
        sheets: list[Sheet] = []
        unknown = False
        for one in css.sheet_links(page.document):
            if one.text is not None:
                sheet = css.parse(one.text, address=place.base)
                sheets.append(sheet.held_sometimes() if one.sometimes else sheet)
                continue
            file = place.file(one.href)
            linked = [] if file is None else list(self._linked(file))
            unknown |= not linked or None in linked
            known = [sheet for sheet in linked if sheet is not None]
            sheets += [sheet.held_sometimes() for sheet in known] if one.sometimes else known
        return css.Styles(sheets, unknown and self._remote)

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
                data, _ = atomic.read(self.inside(file))
                address = addresses.address_of(addresses.UNKNOWN_SITE, file)
                self._sheets[file] = css.parse(data, address=address)
        return self._sheets[file]

    def inside(self, file: PurePosixPath) -> Path:
        """The path of a file of the site. Raises `Unreadable` where a link leads out of it."""
        path = self._folder / file
        root = os.path.realpath(self._folder)
        if os.path.commonpath([os.path.realpath(path.parent), root]) != root:
            raise Unreadable("leads out of the site by a link", path=path)
        return path
