"""A client of each kind of server."""

import pytest

from ir_build.imagerecycle import Client, Credentials
from ir_build.imagerecycle.retry_policy import RetryPolicy
from server.running import serving
from services.peer import KEY, SECRET


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests of a module, which slows nobody down."""
    with serving(tmp_path_factory.mktemp("server"), rate=0) as running:
        yield running


@pytest.fixture
def client(peer):
    """A client that does not wait long."""
    retry_policy = RetryPolicy(connect=2, read=0.4, total=1.0, pause=0.01)
    with Client(Credentials(KEY, SECRET, peer.url), retry_policy=retry_policy) as made:
        yield made


@pytest.fixture
def environ(server, tmp_path, monkeypatch):
    """The variables that a user sets, and a folder to work in."""
    found = {
        "IR_BUILD_API_KEY": server.key,
        "IR_BUILD_API_SECRET": server.secret,
        "IR_BUILD_API_URL": server.url,
        "IR_BUILD_CACHE_DIR": str(tmp_path / "cache"),
        "IR_BUILD_CREDENTIALS": str(tmp_path / "none.toml"),
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return found
