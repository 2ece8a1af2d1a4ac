"""Servers in all forms."""

import secrets

import pytest

from server.running import serving


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


@pytest.fixture(scope="module", params=["embedded", pytest.param("scaled", marks=pytest.mark.slow)])
def either(request, tmp_path_factory):
    """One server for the tests of a module, in both forms."""
    settings = request.getfixturevalue("_scaled")() if request.param == "scaled" else {}
    with serving(tmp_path_factory.mktemp("server"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """One server for the tests of a module, with SQLite and a folder, that compresses nothing."""
    with serving(tmp_path_factory.mktemp("server"), backend="none") as running:
        yield running
