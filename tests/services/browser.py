"""A headless Chromium: Debian's package `chromium`, or what `playwright install` has brought."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from .programs import on_path, program


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser whose screen is sRGB and that calls nobody of its own accord."""
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
        *("--disable-component-update", "--no-first-run", "--force-color-profile=srgb"),
    ]
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path

        def find(name: str) -> str | None:
            here = on_path(name) or on_path("google-chrome")
            return here or (own if Path(own).exists() else None)

        path = program("chromium", find)
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()
