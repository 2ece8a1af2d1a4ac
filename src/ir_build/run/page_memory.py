"""Remember what was inserted into pages: a page whose surroundings are the same costs a hash."""

from __future__ import annotations

import contextlib
import hashlib
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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..options import Pages

# A page is there as the generator wrote it, or with what was inserted.
_EACH = 2


@dataclass
class KnownPage:
    """What is known of a page with some content. It is of use while all that it depends on is the same."""

    #: the style sheets that were read, by their files from the site's root: their digests, None for no file
    sheets: dict[str, str | None]
    #: the pictures that it shows, from the site's root, and whether each may be wrapped
    shown: list[tuple[str, bool]]
    #: the file for the rule, from the site's root, and whether it could be linked; None if there is none
    rule: tuple[str, bool] | None = None
    #: the digest of what was known of its pictures
    pictures: str = ""
    #: what was inserted, and the digest of all
    inserted: list[tuple[int, str]] = field(default_factory=list)
    digest: str = ""
    used: dict[str, list[str]] = field(default_factory=dict)
    loads: tuple[dict[str, int], dict[str, int]] = ({}, {})
    left: list[tuple[str, str]] = field(default_factory=list)
    links_rule: bool = False

    def keep(self, data: bytes, result: Result, pictures: str) -> None:
        """Remember what became of the page `data`. `pictures` is the digest of what is known of these."""
        self.pictures, self.left = pictures, result.left
        # Where something else was inserted before, this is of no use: `result` will see that.
        self.inserted = [] if result.data == data else result.inserted
        self.digest = digest(result.data)
        self.used = {file.as_posix(): sorted(names) for file, names in result.used.items()}
        self.loads = dict(result.loads.before), dict(result.loads.after)
        self.links_rule = result.rule is not None

    def result(self, data: bytes) -> Result | None:
        """What becomes of the page `data`; None if it would not be what it was."""
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
    """The pages of one folder as they were last seen. A loss costs time only."""

    def __init__(self, file: Path | None, options: Pages) -> None:
        """Kept in `file`, or nowhere. What was inserted with other `options` is of no use."""
        self._file = file
        self._version = f"{PAGES_VERSION} {turbohtml.__version__} {tinycss2.VERSION} {options}"
        self._stored: Mapping[str, Any] = {}
        self._pages: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OSError):
            head, _, stored = file.read_bytes().partition(b"\n") if file else (b"", b"", b"")
            # What is damaged is not read.
            if head == self._head(stored):
                self._stored = json.loads(stored)

    def get(self, page: str, content: str) -> KnownPage | None:
        """What is known of `page`, a path in the folder, with the digest `content`."""
        known = self._stored.get(page, {}).get(content)
        return None if known is None else KnownPage(**known)

    def put(self, page: str, content: str, known: KnownPage) -> None:
        """Remember `page` with this content, and the last other one."""
        seen = self._pages.setdefault(page, dict(self._stored.get(page, {})))
        seen.pop(content, None)
        seen[content] = vars(known)
        while len(seen) > _EACH:
            del seen[next(iter(seen))]

    def save(self) -> None:
        """Write what was `put`. A failure is ignored."""
        if self._file is not None and self._pages != self._stored:
            stored = json.dumps(self._pages, separators=(",", ":"))
            with contextlib.suppress(OSError):
                atomic.write_text(self._file, f"{self._head(stored.encode()).decode()}\n{stored}")

    def _head(self, stored: bytes) -> bytes:
        return ascii(f"{self._version} {digest(stored)}").encode()


def digest(data: bytes) -> str:
    """A name for bytes."""
    return hashlib.sha256(data).hexdigest()
