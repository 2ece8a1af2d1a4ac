"""What has changed between two reports: by name, and by content under another name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .numbers import change, size

if TYPE_CHECKING:
    from .stored import Stored, StoredFile

#: the screen whose loads tell how heavy a page is
_SCREEN = "desktop"


class Kind(StrEnum):
    """What has become of a file."""

    NEW = "new"
    GONE = "gone"
    GROWN = "grown"
    SHRUNK = "shrunk"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not what it was. Sizes are bytes that are shipped."""

    kind: Kind
    name: str
    before: int
    after: int
    remark: str = ""  #: where the content was before, or whether the original is the same

    @property
    def growth(self) -> int:
        """Bytes; less than nothing where there are fewer."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class PageChange:
    """A page that loads other bytes of pictures than before, on a desktop."""

    page: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Diff:
    """The difference of two reports."""

    before: int  #: bytes of all files
    after: int
    files: int  #: how many there are now
    #: those whose number of bytes differs most first
    changes: tuple[Change, ...]
    pages: tuple[PageChange, ...]  #: in the same order
    #: what is to be known beside: a report that is not whole, what pages load altogether
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[Kind, int]:
        """How many files are new, gone and so on."""
        kinds = [one.kind for one in self.changes]
        return {kind: kinds.count(kind) for kind in Kind if kind in kinds}


def diff(old: Stored, new: Stored) -> Diff:
    """What is in `new` that is not so in `old`."""
    changes = [*_same_names(old, new), *_other_names(old, new)]
    pages = [
        PageChange(page, old.pages[page].get(_SCREEN, 0), loads.get(_SCREEN, 0))
        for page, loads in new.pages.items()
        if page in old.pages and old.pages[page].get(_SCREEN) != loads.get(_SCREEN)
    ]
    return Diff(
        before=old.size,
        after=new.size,
        files=len(new.files),
        changes=tuple(sorted(changes, key=lambda one: (-abs(one.growth), one.name))),
        pages=tuple(sorted(pages, key=lambda one: (-abs(one.after - one.before), one.page))),
        notes=tuple(_notes(old, new)),
    )


def _same_names(old: Stored, new: Stored) -> Iterator[Change]:
    for name in old.files.keys() & new.files.keys():
        was, now = old.files[name], new.files[name]
        if was.size != now.size:
            kind = Kind.GROWN if now.size > was.size else Kind.SHRUNK
            same = bool(was.digest) and was.digest == now.digest
            yield Change(kind, name, was.size, now.size, "same original" if same else "")


def _other_names(old: Stored, new: Stored) -> Iterator[Change]:
    gone = {name: old.files[name] for name in sorted(old.files.keys() - new.files.keys())}
    added = {name: new.files[name] for name in sorted(new.files.keys() - old.files.keys())}
    for former, name in list(_renamed(gone, added)):
        was, now = gone.pop(former), added.pop(name)
        yield Change(Kind.RENAMED, name, was.size, now.size, f"was {former}")
    copies = {file.content: name for name, file in sorted(old.files.items(), reverse=True)}
    for name, now in added.items():
        copied = copies.get(now.content) if now.content else None
        yield Change(Kind.NEW, name, 0, now.size, f"a copy of {copied}" if copied else "")
    for name, was in gone.items():
        yield Change(Kind.GONE, name, was.size, 0)


def _renamed(
    gone: dict[str, StoredFile], added: dict[str, StoredFile]
) -> Iterator[tuple[str, str]]:
    """Pairs of names, before and after, of the same content; else of the same original."""
    taken: set[str] = set()
    found: set[str] = set()
    for key in ("content", "digest"):
        names: dict[str, list[str]] = {}
        for name, file in gone.items():
            if name not in taken and getattr(file, key):
                names.setdefault(getattr(file, key), []).append(name)
        for name, file in added.items():
            if name not in found and (formers := names.get(getattr(file, key))):
                former = formers.pop(0)
                taken.add(former)
                found.add(name)
                yield former, name


def _notes(old: Stored, new: Stored) -> Iterator[str]:
    for report in (old, new):
        if report.interrupted:
            yield f"{report.where} is of a run that was interrupted: files are missing from it"
    yield from new.exceeded
    for screen, before in old.loads.items():
        after = new.loads.get(screen, before)
        if before != after:
            yield (
                f"pictures that all pages load on a {screen}: "
                f"{size(before)} -> {size(after)} ({change(before, after)})"
            )
