"""The endpoints of images are tried on a server in both forms."""

import pytest


@pytest.fixture(scope="module")
def server(either):
    return either
