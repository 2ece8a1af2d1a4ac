"""What is worth a person's time, by what is known of a site."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from ..formats import MediaType
from .facts import Facts
from .finding import Finding, Kind
from .page import PHONE
from .words import among, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import PurePosixPath

    from .page import PageFacts, Use

# Bytes below which nothing is worth a change to one picture, as Lighthouse has it.
LEAST = 4096
# Bytes of a GIF that is worth a video; and of a page, above which Lighthouse calls it heavy.
_FILM, _HEAVY_PAGE = 100 * 1024, 2667 * 1024
# Bytes that a pixel needs in AVIF, generously (Lighthouse; 0.3 are usual in JPEG).
_NEEDED = 1 / 6
# Device pixels in a CSS pixel: of the sharpest screens that matter, and of phones that are not the best.
_SHARP, _PHONE = 2, 1.75
# Bytes of a page of text and line art in a PDF that is no scan.
_SHEET = 50_000
# CSS pixels down a phone's screen, of what stands above the content, of the gap between two paragraphs and of a
# line of text; and across the content, between the edges that themes leave on both sides.
_SCREEN, _HEADER, _MARGIN, _LINE, _COLUMN = 823, 120, 20, 24, PHONE - 32
# CSS pixels of the shorter side of a picture that counts as the first one, and of a large one; dots count visits.
_SMALL, _LARGE, _DOT = 64, 200, 2
_RASTER = frozenset(MediaType) - {MediaType.SVG, MediaType.PDF}


@dataclass
class Site:
    """All that is known of a site. Files are named from its root."""

    pages: Sequence[PageFacts]
    #: bytes of each file
    sizes: Mapping[PurePosixPath, int]
    media: Mapping[PurePosixPath, MediaType]
    facts: Mapping[PurePosixPath, Facts]
    #: whether the pictures have just been compressed
    compressed: bool = False
    #: files that are Git LFS pointers, and pictures in old formats with the bytes that packing them saves
    pointers: Sequence[PurePosixPath] = ()
    old: Mapping[PurePosixPath, tuple[str, int]] = field(default_factory=dict)
    #: files with the same content
    equal: Sequence[Sequence[PurePosixPath]] = ()
    orphans: Sequence[PurePosixPath] = ()
    #: whether a file may be shown in other ways than by `<img>`: by links, cards, style sheets and scripts
    named_elsewhere: Callable[[str], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that a person can mend: at a file, a page, or a picture on a page."""

    kind: Kind
    file: PurePosixPath | None
    page: str | None
    at_stake: int
    text: str


def findings(seen: Iterable[Sighting], names: Mapping[str, str]) -> tuple[Finding, ...]:
    """One finding a file or page, the most bytes first. `names` are those of the report."""
    pages: dict[PurePosixPath, list[str]] = defaultdict(list)
    found = []
    for one in seen:
        if one.kind is Kind.UNSIZED and one.file is not None:
            pages[one.file].append(one.page or "")
            continue
        name = one.page or (one.file.as_posix() if one.file is not None else "")
        found.append(Finding(one.kind, names.get(name, name), one.at_stake, one.text))
    for file, on in pages.items():
        where = among(list(dict.fromkeys(on)), most=1)
        name = file.as_posix()
        found.append(Finding(Kind.UNSIZED, names.get(name, name), 0, f"on {where}"))
    order = list(Kind)
    return tuple(sorted(found, key=lambda one: (-one.at_stake, order.index(one.kind), one.name)))


def sightings(site: Site) -> Iterator[Sighting]:
    """All of a site, each picture at most once of those kinds that smaller files mend."""
    for file in site.pointers:
        yield Sighting(Kind.LFS_POINTER, file, None, 0, "no picture is in it")
    for file, (name, saved) in site.old.items():
        what = "which nobody compresses" if saved else "which most browsers do not show"
        yield Sighting(Kind.OLD_FORMAT, file, None, saved, f"it is {name}, {what}")
    uses: dict[PurePosixPath, list[Use]] = defaultdict(list)
    for use in chain.from_iterable(page.uses for page in site.pages):
        uses[use.file].append(use)
    for file in sorted(uses):
        if site.media.get(file) in _RASTER and not any(one.offered for one in uses[file]):
            yield from _of_picture(site, file, uses[file])
    for file, facts in site.facts.items():
        if facts.scanned_pages:
            yield from _of_scan(file, site.sizes[file], facts)
    for group in site.equal:
        stake = (len(group) - 1) * site.sizes[group[0]]
        others = among([one.as_posix() for one in group[1:]])
        yield Sighting(Kind.DUPLICATE, group[0], None, stake, f"the same as {others}")
    for file in site.orphans:
        yield Sighting(
            Kind.ORPHAN, file, None, site.sizes[file], "no page, style or script names it"
        )
    for page in site.pages:
        yield from _of_page(site, page)


def _of_picture(site: Site, file: PurePosixPath, uses: Sequence[Use]) -> Iterator[Sighting]:
    facts, bytes_ = site.facts.get(file, Facts()), site.sizes[file]
    if not facts.pixels:
        return
    if facts.frames > 1:
        if site.media[file] is MediaType.GIF and bytes_ > _FILM:
            # What 1,000 GIFs saved as videos (Lighthouse, issue 4696).
            stake = round(bytes_ * min(0.9, max(0.0, (29.1 * math.log10(bytes_) - 100.7) / 100)))
            text = f"{facts.frames} frames of {facts.across} x {facts.down} pixels"
            yield Sighting(Kind.FILM, file, None, stake, text)
        return
    excess = round(bytes_ - _NEEDED * facts.pixels)
    if facts.as_jpeg:
        text = f"a JPEG of {100 * facts.as_jpeg / bytes_:.0f} % of its bytes looks the same"
        yield Sighting(Kind.PHOTO_AS_PNG, file, None, bytes_ - facts.as_jpeg, text)
    elif excess > LEAST and not facts.ours and not site.compressed:
        text = f"{bytes_ / facts.pixels:.2f} bytes a pixel; {_NEEDED:.2f} are enough as a rule"
        yield Sighting(Kind.UNCOMPRESSED, file, None, excess, text)
    yield from _of_size(site, file, uses)


def _of_size(site: Site, file: PurePosixPath, uses: Sequence[Use]) -> Iterator[Sighting]:
    facts, bytes_ = site.facts[file], site.sizes[file]
    widest = max(_shown(one, facts, one.width) for one in uses)
    stake = _saved(bytes_, facts, _SHARP * widest)
    once = not any(one.scripted for one in uses) and not site.named_elsewhere(file.name)
    if stake > LEAST and once:
        text = f"{facts.across} pixels wide, shown {round(widest)} wide at most"
        yield Sighting(Kind.OVERSIZED, file, None, stake, text)
        return
    on_phone = max(_shown(one, facts, one.on_phone) for one in uses)
    stake = _saved(bytes_, facts, _PHONE * on_phone)
    if stake > LEAST:
        text = f"{facts.across} pixels wide; a phone needs {round(_PHONE * on_phone)}"
        yield Sighting(Kind.LARGE_ON_PHONES, file, None, stake, text)


def _shown(use: Use, facts: Facts, width: float | None) -> float:
    """CSS pixels across that a picture is shown at most."""
    known = [] if width is None else [width]
    if use.height is not None and facts.height:
        known.append(use.height * facts.width / facts.height)
    return min(known, default=facts.width or facts.across)


def _saved(bytes_: int, facts: Facts, needed: float) -> int:
    """Bytes that fewer pixels would save."""
    return 0 if needed >= facts.across else round(bytes_ * (1 - (needed / facts.across) ** 2))


def _of_scan(file: PurePosixPath, bytes_: int, facts: Facts) -> Iterator[Sighting]:
    stake = bytes_ - facts.scanned_pages * _SHEET
    if stake > _SHEET:
        words = "" if facts.searchable else ", without text that can be searched"
        pages = count(facts.scanned_pages, "page")
        yield Sighting(Kind.SCAN, file, None, stake, f"{pages} of paper as pictures{words}")


def _of_page(site: Site, page: PageFacts) -> Iterator[Sighting]:
    at_once = {one.file for one in page.uses if not one.lazy and not one.offered}
    weights = {file: site.sizes.get(file, 0) for file in at_once | page.loaded}
    over = sum(weights.values()) - _HEAVY_PAGE
    if over > 0:
        largest = max(sorted(weights), key=lambda file: weights[file])
        text = f"{_mb(sum(weights.values()))}; {largest.name} alone is {_mb(weights[largest])}"
        yield Sighting(Kind.HEAVY_PAGE, None, page.name, over, text)
    if (first := _first(site, page)) is not None and (first.lazy or not first.urgent):
        why = "it waits by loading=lazy" if first.lazy else "it has no fetchpriority=high"
        yield Sighting(Kind.FIRST_PICTURE, first.file, page.name, 0, f"{first.file.name}: {why}")
    for one in page.uses:
        if not one.sized and not _is_dot(site, one.file):
            yield Sighting(Kind.UNSIZED, one.file, page.name, 0, "")


def _mb(bytes_: int) -> str:
    return f"{bytes_ / 1e6:.1f} MB"


def _first(site: Site, page: PageFacts) -> Use | None:
    """The picture of the site that takes most of what a phone shows first, if one does."""
    for use in page.uses:
        natural = _natural(site, use.file)
        if use.before is not None and natural and min(natural) >= _SMALL:
            return use if _is_largest(use, site.facts[use.file]) else None
    return None


def _is_largest(use: Use, facts: Facts) -> bool:
    """Whether a picture takes more of a phone's first screen than any paragraph before it."""
    if use.before is None:
        return False
    paragraphs, lines, longest = use.before
    top = _HEADER + _MARGIN * paragraphs + _LINE * lines
    width = min(_shown(use, facts, use.on_phone), facts.width, _COLUMN)
    height = min(width * facts.height / facts.width, _SCREEN - top)
    # A paragraph takes whole lines, however short the last one is.
    return width * height > max(_COLUMN * _LINE * longest, _LARGE**2)


def _natural(site: Site, file: PurePosixPath) -> tuple[int, ...]:
    """CSS pixels across and down, nothing where they are not known."""
    facts = site.facts.get(file, Facts())
    return (facts.width, facts.height) if facts.width else ()


def _is_dot(site: Site, file: PurePosixPath) -> bool:
    """Whether a picture is none that is looked at, or is not known."""
    return file not in site.media or min(_natural(site, file), default=_SMALL) <= _DOT
