"""The pages of a site before and after, as Chromium shows and loads them: `--pages`.

Boxes are compared at three widths, light and dark; what is fetched is counted on a phone and on a
desktop. Style sheets and scripts are kept between pages, pictures never.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import threading
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser, Page, Request, Response

_SCRIPT = Path(__file__).with_name("page_visit.js")
_BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--force-color-profile=srgb", "--hide-scrollbars"),
    # What is not on this machine fails at once, and on every run alike.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
#: CSS pixels by which a box may differ
_APART = 0.5
#: layout shift that counts as none
_STILL = 0.0005
#: frames that a page waits for its pictures
_PATIENCE = 600
#: loads at a time
_AT_ONCE = 3
_TYPES = {".avif": "image/avif", ".webp": "image/webp", ".jxl": "image/jxl"}
_KINDS = {"jpg": "jpeg", "jpe": "jpeg", "jfif": "jpeg"}
_REDIRECT = re.compile(rb"<meta[^>]+http-equiv=[\"']?refresh", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class View:
    """A screen, whose windows are as wide as `width` when a page is loaded; sizes in CSS pixels."""

    width: int
    height: int
    density: float
    others: tuple[int, ...]  #: widths at which boxes are compared, smallest first

    def __str__(self) -> str:
        return f"{self.width} px, DPR {self.density:g}"


_VIEWS = (View(412, 915, 2.6, (360,)), View(1280, 800, 1, (800, 1400)))


@dataclass
class Look:
    """A page in a window."""

    names: list[str]  #: of its elements
    boxes: str  #: x, y, width and height of each, as JSON
    broken: Counter[str]  #: `src` of the pictures that show nothing


@dataclass
class Visit:
    """What one load of a page came to."""

    looks: dict[str, Look] = field(default_factory=dict)  #: by width and scheme
    shift: float = 0.0
    shift_by_pictures: float = 0.0
    messages: Counter[str] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)  #: files of the site
    fetched: dict[str, int] = field(default_factory=dict)  #: bytes of pictures, by file
    loaded: dict[str, int] = field(default_factory=dict)  #: those of the first window
    sources: dict[str, str] = field(default_factory=dict)  #: the `src` by the file that was taken


@dataclass
class Totals:
    """Sums over the pages of a view, each before and after."""

    pages: int = 0
    elements: int = 0
    other: int = 0  #: pages with a fault
    unsteady: int = 0  #: pages that differed once, and not when they were loaded again
    shift: list[float] = field(default_factory=lambda: [0.0, 0.0])
    by_pictures: list[float] = field(default_factory=lambda: [0.0, 0.0])  #: of that shift
    shifting: list[int] = field(default_factory=lambda: [0, 0])  #: pages
    #: pages that pictures shift more than before, by how much
    moved: dict[str, float] = field(default_factory=dict)
    heavier: list[tuple[str, int, int]] = field(default_factory=list)
    #: by the type of the file that a page names, and by the type that was fetched
    named: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    taken: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))


@dataclass
class Result:
    """What `measure` found."""

    totals: dict[str, Totals]
    same: int = 0  #: pages with the same bytes
    redirects: int = 0  #: pages that only lead elsewhere
    missing: list[str] = field(default_factory=list)  #: pages that are not there after
    faults: list[tuple[str, str, str]] = field(default_factory=list)  #: page, view, what


class _Handler(SimpleHTTPRequestHandler):
    """The files of a folder, below the address `base`."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def __init__(self, *arguments: Any, base: str, **options: Any) -> None:
        self._base = base
        super().__init__(*arguments, **options)

    def translate_path(self, path: str) -> str:
        below = path.startswith(self._base)
        return super().translate_path(path[len(self._base) - 1 :] if below else "/.nothing")

    def end_headers(self) -> None:
        kind = self.guess_type(urlsplit(self.path).path)
        fresh = kind.startswith(("image/", "text/html"))
        self.send_header("Cache-Control", "no-store" if fresh else "max-age=3600")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A browser that goes on to the next page hangs up, which is no fault."""


@contextmanager
def served(folder: Path, base: str) -> Iterator[str]:
    """Serve a folder at a free port of this machine; the address, which ends with `base`."""
    handler = partial(_Handler, directory=str(folder), base=base)
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{base}"
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


class _Window:
    """A window of the browser, which goes through the pages of a folder."""

    def __init__(self, page: Page, folder: Path, address: str, view: View) -> None:
        self._page, self._folder, self._address, self._view = page, folder, address, view
        self._visit = Visit()
        self._requests: set[Request] = set()
        page.on("console", lambda said: self._told(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self._told(str(error)))
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    async def visit(self, name: str) -> Visit:
        """Load a page, show all of it, and look at its boxes."""
        page, visit = self._page, Visit()
        self._visit = visit
        await page.goto("about:blank")
        await page.set_viewport_size({"width": self._view.width, "height": self._view.height})
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        # A window has its new size with its next frame, and a page loads by the size that it finds.
        await page.evaluate("new Promise(requestAnimationFrame)")
        self._requests.clear()
        await page.goto(self._address + quote(name), timeout=120_000)
        await self._scroll()
        visit.shift, visit.shift_by_pictures = await page.evaluate("irBuild.shift()")
        visit.loaded = dict(visit.fetched)
        for taken, source in await page.evaluate("irBuild.sources()"):
            visit.sources[self._inside(taken)] = self._inside(source)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for width in self._view.others:
                await page.set_viewport_size({"width": width, "height": self._view.height})
                await self._scroll()
                visit.looks[f"{width} px, {scheme}"] = await self._look()
        return visit

    async def _scroll(self) -> None:
        await self._page.evaluate(f"irBuild.scroll({_PATIENCE})")

    async def _look(self) -> Look:
        names, boxes, broken = await self._page.evaluate("irBuild.look()")
        return Look(names, boxes, Counter(map(self._same, broken)))

    def _same(self, text: str) -> str:
        """`text` without the site's port, which differs."""
        return text.replace(f"//{urlsplit(self._address).netloc}/", "//site/")

    def _told(self, text: str) -> None:
        self._visit.messages[self._same(text)] += 1

    def _asked(self, request: Request) -> None:
        # What the page before had asked for may still come.
        self._requests.add(request)

    def _answered(self, response: Response) -> None:
        name = self._inside(response.url)
        if not name or response.request not in self._requests:
            return
        if response.status >= 400:
            self._visit.failed.add(name)
        elif response.request.resource_type == "image":
            self._visit.fetched[name] = (self._folder / name).stat().st_size

    def _failed(self, request: Request) -> None:
        name = self._inside(request.url)
        if name and request in self._requests and request.failure != "net::ERR_ABORTED":
            self._visit.failed.add(name)

    def _inside(self, address: str) -> str:
        """The path of an address in the folder, or nothing."""
        if not address.startswith(self._address):
            return ""
        return unquote(urlsplit(address[len(self._address) :]).path)


def measure(
    before: Path, after: Path, *, sample: int | None, base: str, to_json: Path | None
) -> None:
    """Compare the pages of two builds of a site; print what differs and the sums.

    `sample` takes that many pages, those whose names have the lowest hashes. `base` is the path at
    which the site is served, which begins and ends with a slash. Pages that have the same bytes in
    both folders are counted, and not loaded.
    """
    result = Result({str(view): Totals() for view in _VIEWS})
    names = _pages(before, after, result)[:sample]
    with ExitStack() as stack:
        folders = (before, after)
        sites = [(folder, stack.enter_context(served(folder, base))) for folder in folders]
        asyncio.run(_compare(names, sites, result))
    result.faults.sort()
    _print(result)
    if to_json:
        to_json.write_text(json.dumps(result, default=vars, indent=1))


def _pages(before: Path, after: Path, result: Result) -> list[str]:
    """The pages to compare, by the hashes of their names."""
    found = []
    for path in filter(Path.is_file, before.rglob("*.html")):
        name = path.relative_to(before).as_posix()
        data = path.read_bytes()
        if _REDIRECT.search(data[:4096]):
            result.redirects += 1
        elif not (after / name).is_file():
            result.missing.append(name)
        elif (after / name).read_bytes() == data:
            result.same += 1
        else:
            found.append(name)
    return sorted(found, key=lambda name: hashlib.sha256(name.encode()).digest())


async def _compare(names: list[str], sites: list[tuple[Path, str]], result: Result) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        raise SystemExit(f"--pages needs one of {', '.join(_BROWSERS)} on the path")
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        stack.push_async_callback(browser.close)
        async with asyncio.TaskGroup() as group:
            for view in _VIEWS:
                pair = [await _window(browser, folder, at, view) for folder, at in sites]
                group.create_task(_through(names, pair, view, gate, result))


async def _window(browser: Browser, folder: Path, address: str, view: View) -> _Window:
    context = await browser.new_context(
        viewport={"width": view.width, "height": view.height},
        device_scale_factor=view.density,
    )
    await context.add_init_script(path=_SCRIPT)
    return _Window(await context.new_page(), folder, address, view)


async def _through(
    names: list[str], pair: list[_Window], view: View, gate: asyncio.Semaphore, result: Result
) -> None:
    """Go through all pages in one view, in two windows."""
    totals = result.totals[str(view)]
    for name in names:
        async with gate:
            before, after = [await window.visit(name) for window in pair]
            faults = differences(before, after)
            if faults or sum(after.loaded.values()) > sum(before.loaded.values()):
                # Scripts don't end at the same moment twice. What differs in the same way again, differs.
                before, after = [await window.visit(name) for window in pair]
                steady = [fault for fault in differences(before, after) if fault in faults]
                totals.unsteady += bool(faults) and not steady
                faults = steady
        _count(name, before, after, totals)
        totals.other += bool(faults)
        result.faults += [(name, str(view), fault) for fault in faults]


def differences(before: Visit, after: Visit) -> list[str]:
    """What a reader of a page would find changed, each in words."""
    found = [f"{name} is not answered" for name in after.failed - before.failed]
    found += [f"says {text[:300]!r}" for text in after.messages - before.messages]
    for window, look in after.looks.items():
        other = before.looks[window]
        found += [f"{window}: {name} shows nothing" for name in look.broken - other.broken]
        if look.names != other.names:
            found.append(f"{window}: {_other_elements(other.names, look.names)}")
        elif fault := _other_boxes(look.names, other.boxes, look.boxes):
            found.append(f"{window}: {fault}")
    return found


def _other_elements(before: list[str], after: list[str]) -> str:
    place = next(
        (n for n, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), -1
    )
    return f"{len(before)} elements became {len(after)}, first at {before[place]} / {after[place]}"


def _other_boxes(names: list[str], before: str, after: str) -> str:
    """The first picture whose box differs, else the first element; or nothing."""
    if before == after:
        return ""
    boxes = list(zip(names, json.loads(before), json.loads(after), strict=True))
    apart = [
        row for row in boxes if any(abs(a - b) > _APART for a, b in zip(*row[1:], strict=True))
    ]
    if not apart:
        return ""
    # What is around a picture changes with it, and stands before it.
    pictures = [row for row in apart if row[0].split(".")[0] == "img"]
    name, one, other = (pictures or apart)[0]
    return f"{name} {one} became {other}"


def _count(name: str, before: Visit, after: Visit, totals: Totals) -> None:
    totals.pages += 1
    totals.elements += sum(len(look.names) for look in before.looks.values())
    more = after.shift_by_pictures - before.shift_by_pictures
    if more > _STILL:
        totals.moved[name] = round(more, 4)
    for side, visit in enumerate((before, after)):
        totals.shift[side] += visit.shift
        totals.by_pictures[side] += visit.shift_by_pictures
        totals.shifting[side] += visit.shift > _STILL
        for taken, size in visit.loaded.items():
            totals.named[side][_kind(visit.sources.get(taken, taken))] += size
            totals.taken[side][_kind(taken)] += size
    sizes = [sum(visit.loaded.values()) for visit in (before, after)]
    if sizes[1] > sizes[0]:
        totals.heavier.append((name, *sizes))


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix[1:].lower()
    return _KINDS.get(suffix, suffix)


def _print(result: Result) -> None:
    if result.faults:
        print("Pages that differ")
        for name, view, fault in result.faults:
            print(f"  {name}  {view}  {fault}")
    for name in result.missing:
        print(f"  {name}  is not there after")
    loaded = max(totals.pages for totals in result.totals.values())
    print(f"{loaded} pages loaded; left out: {result.same} whose bytes are the same, ", end="")
    print(f"{result.redirects} that only lead elsewhere")
    head = ("elements", "differ", "unsteady", "shift", "after", "by pictures", "after")
    head += ("shifting", "after")
    print(f"{'':18}" + "".join(f"{word:>13}" for word in head))
    for view, totals in result.totals.items():
        values = (totals.elements, totals.other, totals.unsteady)
        values += tuple(f"{shift:.3f}" for shift in (*totals.shift, *totals.by_pictures))
        values += tuple(totals.shifting)
        print(f"{view:18}" + "".join(f"{value:>13}" for value in values))
    for view, totals in result.totals.items():
        _print_bytes(view, totals)


def _print_bytes(view: str, totals: Totals) -> None:
    print(f"\nBytes of pictures at {view}, by the type of the file that the page names")
    before, after = totals.named
    for kind in sorted(before | after):
        _print_row(kind, before[kind], after[kind])
    _print_row("all", before.total(), after.total())
    print("  fetched after: " + ", ".join(f"{k} {v:,}" for k, v in sorted(totals.taken[1].items())))
    for name, more in sorted(totals.moved.items(), key=lambda row: -row[1])[:10]:
        print(f"  {name} is shifted {more} more by its pictures")
    print(f"  heavier pages: {len(totals.heavier)}")
    for name, one, other in sorted(totals.heavier, key=lambda row: row[1] - row[2])[:10]:
        _print_row(name, one, other)


def _print_row(name: str, before: int, after: int) -> None:
    share = f"{after / before:.3f}" if before else "-"
    print(f"  {name:30}{before:>15,}{after:>15,}{share:>8}")
