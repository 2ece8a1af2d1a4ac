"""What the tests of several hosts need."""

import pytest


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder for a cache that the tests of a module share."""
    return tmp_path_factory.mktemp("cache")
