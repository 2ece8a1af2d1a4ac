"""Fixtures for every test: real PostgreSQL and S3-compatible servers, started when first used."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from services.postgres import Postgres, postgres
from services.s3 import Bucket, Store, s3

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


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
