"""A headless Chromium, as Debian's package `chromium` brings it."""

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser whose screen is sRGB and that calls nobody of its own accord."""
    program = shutil.which("chromium")
    assert program, "no chromium: install it (Debian: apt-get install chromium)"
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
        *("--disable-component-update", "--no-first-run", "--force-color-profile=srgb"),
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        yield running
        running.close()
