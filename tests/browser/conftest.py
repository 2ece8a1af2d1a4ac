"""A headless Chromium for the pictures of one folder of tests."""

import pytest

from services.browser import chromium


@pytest.fixture(scope="package")
def browser():
    with chromium() as running:
        yield running
