"""Fixtures for every test: real servers, started when first used; and nothing left behind."""

import compileall
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import reports
from ir_build.processors import processors
from services import leftovers, programs
from services.peer import Peer, peer_process
from services.postgres import Postgres, postgres
from services.process import KILL
from services.s3 import Bucket, Store, s3

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


# Else every process of the tests would compile the same modules again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Shells let background jobs ignore it, and what these start ignores it, too. Tests end servers by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent
LEFTOVERS = pytest.StashKey[leftovers.Leftovers]()


def pytest_configure(config):
    # Workers of ours write no bytecode, so it must be there before them.
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(TESTS.parent / "src", quiet=2)
    # Before the tests are read: some remember the environment.
    config.stash[LEFTOVERS] = leftovers.Leftovers()


def pytest_unconfigure(config):
    config.stash[LEFTOVERS].close()


def pytest_xdist_auto_num_workers():
    """Two for each processor, since many tests wait for servers; eight are enough."""
    return min(8, 2 * processors())


def pytest_terminal_summary(terminalreporter):
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    if line := programs.count_of_skipped(skipped):
        terminalreporter.write_line(line, yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Searches for garbage cost a fifth of reading the tests, and find none."""
    gc.disable()
    yield
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Whatever a test is about, the JSON reports that it leaves in its folder are valid."""
    result = yield
    if folder := item.funcargs.get("tmp_path"):
        reports.check_all(folder)
    return result


def pytest_collection_modifyitems(items):
    """What takes or waits longest comes first, so that the processes end together."""
    first = ("hosts", "cli", "browser", "pages", "server", "imagerecycle", "sandbox", "services")
    first += ("test_docs.py", "engine")
    ranks = {name: rank for rank, name in enumerate(first)}
    items.sort(key=lambda item: min(ranks.get(part, len(ranks)) for part in item.path.parts))


def pytest_collection_finish(session):
    _pass_over_what_stays()


@pytest.fixture(scope="module", autouse=True)
def _module_leaves_nothing(pytestconfig):
    """As `_leaves_nothing`, for what the tests of a module share."""
    yield from _watched(pytestconfig)
    _pass_over_what_stays()


@pytest.fixture(autouse=True)
def _leaves_nothing(pytestconfig):
    """A process that still runs, or a file that is still open, fails the test that left it."""
    yield from _watched(pytestconfig)


def _pass_over_what_stays():
    # What is here stays to the end: not looking at it makes the searches for garbage cheap.
    gc.collect()
    gc.freeze()


def _watched(config):
    found = config.stash[LEFTOVERS]
    before = found.running()
    yield
    gc.collect()
    left = leftovers.end(found.since(before))
    assert not left, "still running"


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_url(_postgres: Postgres) -> str:
    """The URL of an empty PostgreSQL database of the test's own."""
    return _postgres.new_database()


@pytest.fixture(scope="session")
def _s3() -> Iterator[Store]:
    with s3() as store:
        yield store


@pytest.fixture
def s3_bucket(_s3: Store) -> Bucket:
    """A bucket of the test's own: `.url`, and `.environment` for who must reach it."""
    return _s3.new_bucket()


@pytest.fixture
def launch(tmp_path):
    """Starts servers of ours that end with the test."""
    from server.running import start

    started = []

    def run(folder=tmp_path / "data", **settings):
        server = start(folder, tmp_path / "server.log", **settings)
        started.append(server)
        return server

    yield run
    for server in started:
        server.stop(KILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server of ours for the tests of a module, with SQLite and a folder."""
    from server.running import serving

    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def _peer() -> Iterator[Peer]:
    with peer_process() as running:
        yield running


@pytest.fixture
def peer(_peer: Peer) -> Peer:
    """A server that is not ours and misbehaves when it is told to."""
    _peer.set()
    return _peer
