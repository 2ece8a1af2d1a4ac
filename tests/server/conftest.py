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


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    running = start(folder / "data", folder / "server.log")
    yield running
    running.stop()
