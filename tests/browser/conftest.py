"""A headless Chromium whose screen is sRGB."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run", "--force-color-profile=srgb"),
]


@pytest.fixture(scope="package")
def browser():
    chromium = shutil.which("chromium")
    assert chromium, "install Debian's chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield running
        running.close()
