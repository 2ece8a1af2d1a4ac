"""A headless Chromium: Debian's package, or what `playwright install` has brought."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from . import leftovers
from .programs import on_path, program

#: the first, Chromium without its windows, is quicker to start
_NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
#: where Playwright puts its own, below the home folder, on Linux and on macOS
_DOWNLOADED = (
    ".cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "Library/Caches/ms-playwright/chromium-*/chrome-mac*/*/Contents/MacOS/*",
)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser whose screen is sRGB and that calls nobody of its own accord."""
    path = program("chromium", _find)
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
        *("--disable-component-update", "--no-first-run", "--force-color-profile=srgb"),
    ]
    with contextlib.ExitStack() as stack:
        with leftovers.lasting():
            playwright = stack.enter_context(sync_playwright())
            running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


def _find(_: str) -> str | None:
    downloaded = [str(path) for one in _DOWNLOADED for path in Path.home().glob(one)]
    found = [path for each in _NAMES if (path := on_path(each))]
    return next(iter(found), None) or max(downloaded, default=None)
