"""Remembers what was inserted into pages. If nothing that a page depends on was changed, it costs only a hash."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import tinycss2
import turbohtml

from .. import atomic
from ..pages import PAGES_VERSION
from ..pages.loads import Loads
from ..pages.markup import Result
from .fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..options import Pages

# So many contents of each page are remembered: the one that the generator wrote, and the one with insertions.
_EACH = 2


@dataclass
class KnownPage:
    """What is known of a page with some content. It is valid while all that it depends on is the same."""

    #: the digests of the style sheets that were read, by their paths from the site's root; None for no file
    sheets: dict[str, str | None]
    #: the pictures that it shows: their paths from the site's root, and whether `<picture>` may wrap each
    shown: list[tuple[str, bool]]
    #: the path of the file with the style rule from the site's root, and whether it could be linked; None for no file
    rule: tuple[str, bool] | None = None
    #: the digest of what was known of its pictures
    pictures: str = ""
    #: the texts that were inserted, and where, in bytes of the page; then the digest of the edited page
    inserted: list[tuple[int, str]] = field(default_factory=list)
    digest: str = ""
    used: dict[str, list[str]] = field(default_factory=dict)
    loads: tuple[dict[str, int], dict[str, int]] = ({}, {})
    left: list[tuple[str, str]] = field(default_factory=list)
    links_rule: bool = False

    def keep(self, data: bytes, result: Result, pictures: str) -> None:
        """Remember the `result` of the page `data`. `pictures` is the digest of what is known of its pictures."""
        self.pictures, self.left = pictures, result.left
        # If `data` held other insertions before, these positions are wrong. `result` will notice that.
        self.inserted = [] if result.data == data else result.inserted
        self.digest = digest(result.data)
        self.used = {file.as_posix(): sorted(names) for file, names in result.used.items()}
        self.loads = dict(result.loads.before), dict(result.loads.after)
        self.links_rule = result.rule is not None

    def result(self, data: bytes) -> Result | None:
        """The result of the page `data` by what is remembered; None if it would be another page than before."""
        pieces, last = [], 0
        for at, text in self.inserted:
            pieces += [data[last:at], text.encode("ascii")]
            last = at
        edited = b"".join([*pieces, data[last:]])
        if digest(edited) != self.digest:
            return None
        before, after = (Counter(one) for one in self.loads)
        return Result(
            edited,
            used={PurePosixPath(file): set(names) for file, names in self.used.items()},
            loads=Loads(before, after),
            left=[(address, reason) for address, reason in self.left],
            rule=PurePosixPath(self.rule[0]) if self.links_rule and self.rule else None,
        )


class PageMemory:
    """The pages of one folder as they were last seen. If it is lost, the next run only takes longer."""

    def __init__(self, file: Path | None, options: Pages) -> None:
        """Load it from `file`, None for no file. What was inserted with other `options` is not used."""
        self._file = file
        self._version = f"{PAGES_VERSION} {turbohtml.__version__} {tinycss2.VERSION} {options}"
        self._stored: Mapping[str, Any] = {}
        self._pages: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OSError):
            head, _, stored = file.read_bytes().partition(b"\n") if file else (b"", b"", b"")
            # The first line holds a digest of the rest. A damaged file is not used.
            if head == self._head(stored):
                self._stored = json.loads(stored)

    def get(self, page: str, content: str) -> KnownPage | None:
        """What is known of `page`, a path in the folder, with the digest `content`; None when nothing is."""
        known = self._stored.get(page, {}).get(content)
        return None if known is None else KnownPage(**known)

    def put(self, page: str, content: str, known: KnownPage) -> None:
        """Remember `page` with the digest `content`, and with the last other content."""
        seen = self._pages.setdefault(page, dict(self._stored.get(page, {})))
        seen.pop(content, None)
        seen[content] = vars(known)
        while len(seen) > _EACH:
            del seen[next(iter(seen))]

    def save(self) -> None:
        """Write all pages that were `put`. A failure is ignored."""
        if self._file is not None and self._pages != self._stored:
            stored = json.dumps(self._pages, separators=(",", ":"))
            with contextlib.suppress(OSError):
                atomic.write_text(self._file, f"{self._head(stored.encode()).decode()}\n{stored}")

    def _head(self, stored: bytes) -> bytes:
        return ascii(f"{self._version} {digest(stored)}").encode()
