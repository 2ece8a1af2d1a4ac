"""Servers for tests."""

import secrets
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


@pytest.fixture(scope="session")
def _scaled(request):
    """Settings of a server on PostgreSQL and an S3-compatible store: a new database each time, and
    a new folder of one bucket, since the store has room for a few buckets only."""
    bucket = request.getfixturevalue("_s3").new_bucket()

    def settings():
        return {
            "database": request.getfixturevalue("_postgres").new_database(),
            "storage": f"{bucket.url}/{secrets.token_hex(8)}",
            "s3_endpoint": bucket.endpoint,
            "s3_region": "us-east-1",
            "s3_access_key": bucket.access_key,
            "s3_secret_key": bucket.secret_key,
        }

    return settings


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
