"""Servers for tests."""

import signal

import pytest

from .running import start


@pytest.fixture
def launch(tmp_path):
    """Starts servers that end with the test."""
    started = []

    def run(folder=tmp_path / "data", **settings):
        server = start(folder, tmp_path / "server.log", **settings)
        started.append(server)
        return server

    yield run
    for server in started:
        server.stop(signal.SIGKILL)


def scaled(postgres, s3):
    """The settings of a server on PostgreSQL and an S3-compatible store."""
    bucket = s3.new_bucket()
    return {
        "database": postgres.new_database(),
        "storage": f"{bucket.url}/files",
        "s3_endpoint": bucket.endpoint,
        "s3_region": "us-east-1",
        "s3_access_key": bucket.access_key,
        "s3_secret_key": bucket.secret_key,
    }


@pytest.fixture(scope="session")
def _scaled(request):
    return lambda: scaled(request.getfixturevalue("_postgres"), request.getfixturevalue("_s3"))


@pytest.fixture(scope="module", params=["embedded", "scaled"])
def either(request, tmp_path_factory):
    """One server for the tests of a module, in both forms."""
    settings = request.getfixturevalue("_scaled")() if request.param == "scaled" else {}
    yield from _running(tmp_path_factory, **settings)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests of a module, with SQLite and a folder."""
    yield from _running(tmp_path_factory)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The same, compressing nothing."""
    yield from _running(tmp_path_factory, backend="none")


def _running(tmp_path_factory, **settings):
    folder = tmp_path_factory.mktemp("server")
    running = start(folder / "data", folder / "server.log", **settings)
    yield running
    running.stop()
