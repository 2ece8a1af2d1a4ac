"""What `ir-build advise` finds on a site beside what Lighthouse finds on its pages.

A finding is a triple: what is wrong, the page, and the picture. Both say the same when all three are equal.

| what | Lighthouse 13 | ir-build |
|-|-|-|
| film | image-delivery-insight: video formats | film |
| bytes | image-delivery-insight: modern format, compression | photo-as-png, uncompressed, old-format |
| pixels | image-delivery-insight: larger than it needs to be | oversized, large-on-phones |
| size | unsized-images | unsized |
| first | lcp-discovery-insight: not lazy, fetchpriority=high (of no picture) | first-picture |
| weight | total-byte-weight below 0.9: over 2,667 KiB (of no picture) | heavy-page |

Only pages count that Lighthouse has been on. Of what is wrong with a file (film, bytes, pixels) only pictures
count that it has loaded there: it does not scroll, so that lazy ones below stay unloaded. Precision is the
share of ours that Lighthouse finds too; recall the share of Lighthouse's that we find.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ir_build.advice import Kind
from ir_build.advice.judge import Site, sightings
from ir_build.config import Source, load
from ir_build.run.session import Session

Finding = tuple[str, str, str]  # what, page, picture

_WHAT = {
    Kind.FILM: "film", Kind.PHOTO_AS_PNG: "bytes", Kind.UNCOMPRESSED: "bytes", Kind.OLD_FORMAT: "bytes",
    Kind.OVERSIZED: "pixels", Kind.LARGE_ON_PHONES: "pixels", Kind.UNSIZED: "size",
    Kind.FIRST_PICTURE: "first", Kind.HEAVY_PAGE: "weight",
}  # fmt: skip
_OF_FILES = ("film", "bytes", "pixels")
_HEAVY = 0.9


def measure(folder: Path, lighthouse: Path) -> None:
    """Print how many of the findings on the pages of `folder` are the same.

    `lighthouse` holds a JSON file of Lighthouse's for each page, which was served from the root of a host.
    """
    theirs, loaded = _theirs(lighthouse)
    pages = {page for page, _ in loaded}
    site, cpu = _site(folder)
    everything = _ours(site)
    ours = {
        (what, page, file)
        for what, page, file in everything
        if page in pages and (what not in _OF_FILES or (page, file) in loaded)
    }
    for mark, found in (("only ir-build ", ours - theirs), ("only Lighthouse", theirs - ours)):
        for what, page, file in sorted(found):
            print(f"{mark} {what:7} {page} {file}")
    print(f"\n{len(pages)} pages\n")
    print("| what | both | only ir-build | only Lighthouse | precision | recall |")
    print("|-|-:|-:|-:|-:|-:|")
    for what in ("film", "bytes", "pixels", "size", "first", "weight", "all"):
        mine, other = (
            {one for one in found if what in (one[0], "all")} for found in (ours, theirs)
        )
        both = len(mine & other)
        print(
            f"| {what} | {both} | {len(mine - other)} | {len(other - mine)} "
            f"| {_share(both, len(mine))} | {_share(both, len(other))} |"
        )
    print(
        f"\n{1000 * cpu / max(1, len(site.pages)):.2f} ms of CPU a page, pictures' headers included"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def _site(folder: Path) -> tuple[Site, float]:
    config = load(folder=Path.cwd(), last=Source("benchmarks", {"backend": "local"}, Path.cwd()))
    with Session(config, copies=True) as session:
        began = time.process_time()
        site = session.advisor(folder).site()
        return site, time.process_time() - began


def _ours(site: Site) -> set[Finding]:
    shown = [(page.name, use.file) for page in site.pages for use in page.uses]
    found: set[Finding] = set()
    for one in sightings(site):
        what = _WHAT.get(one.kind)
        if what in _OF_FILES:
            found |= {(what, page, str(file)) for page, file in shown if file == one.file}
        elif what is not None and one.page is not None:
            found.add((what, one.page, str(one.file) if what == "size" else ""))
    return found


def _theirs(folder: Path) -> tuple[set[Finding], set[tuple[str, str]]]:
    """Lighthouse's findings, and which files each page has loaded."""
    found: set[Finding] = set()
    loaded: set[tuple[str, str]] = set()
    for file in sorted(folder.glob("*.json")):
        report = json.loads(file.read_bytes())
        page = _path(report["requestedUrl"])
        audits = report["audits"]
        requests = audits["network-requests"]["details"]["items"]
        loaded |= {(page, _path(one["url"])) for one in requests}
        found |= set(_of_page(page, audits))
    return found, loaded


def _of_page(page: str, audits: dict[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    for item in _items(audits, "image-delivery-insight"):
        found += [
            (_reason(told["reason"]), page, _path(item["url"]))
            for told in item["subItems"]["items"]
        ]
    found += [("size", page, _path(one["url"])) for one in _items(audits, "unsized-images")]
    checks = [one for one in _items(audits, "lcp-discovery-insight") if one["type"] == "checklist"]
    wanted = Counter(
        check["value"]
        for one in checks
        for name, check in one["items"].items()
        if name in ("priorityHinted", "eagerlyLoaded")
    )
    if wanted[False]:
        found.append(("first", page, ""))
    score = audits["total-byte-weight"]["score"]
    if score is not None and score < _HEAVY:
        found.append(("weight", page, ""))
    return found


def _items(audits: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return list((audits[name].get("details") or {}).get("items", []))


def _reason(told: str) -> str:
    if "video formats" in told:
        return "film"
    return "pixels" if "larger than it needs to be" in told else "bytes"


def _path(url: str) -> str:
    """From the site's root; a folder's page by its name."""
    path = unquote(urlsplit(url).path).lstrip("/")
    path = f"{path}index.html" if not path or path.endswith("/") else path
    return PurePosixPath(path).as_posix()
