"""The servers that other tests stand on do what those tests need of them."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError
from obstore.store import S3Store

from services.postgres import tool
from services.s3 import Bucket


def store(bucket: Bucket, **other: str) -> S3Store:
    return S3Store(
        bucket.name,
        endpoint=bucket.endpoint,
        region="us-east-1",
        client_options={"allow_http": True},
        **{"access_key_id": bucket.access_key, "secret_access_key": bucket.secret_key, **other},
    )


def test_s3_first_writer_wins(s3_bucket):
    """Of many writers that create one object at once, one succeeds, and what it wrote stays."""
    objects = store(s3_bucket)
    objects.put("warm", b"")

    def create(number: int) -> bytes | None:
        content = b"%d" % number
        try:
            objects.put("it", content, mode="create")
        except AlreadyExistsError:
            return None
        return content

    with ThreadPoolExecutor(8) as pool:
        winners = [content for content in pool.map(create, range(8)) if content]
    assert [bytes(objects.get("it").bytes())] == winners


def test_s3_multipart_range_list_delete(s3_bucket):
    """A large object arrives in parts and reads back whole, in part, listed, and then gone."""
    objects = store(s3_bucket)
    content = bytes(range(256)) * 50_000
    objects.put("folder/ä b", content, use_multipart=True, chunk_size=5 * 1024 * 1024)
    assert objects.head("folder/ä b")["size"] == len(content)
    assert bytes(objects.get("folder/ä b").bytes()) == content
    assert bytes(objects.get_range("folder/ä b", start=300, length=2)) == content[300:302]
    assert [each["path"] for page in objects.list("folder") for each in page] == ["folder/ä b"]
    objects.delete("folder/ä b")
    with pytest.raises(FileNotFoundError):
        obstore.head(objects, "folder/ä b")


def test_s3_refuses_a_wrong_secret(s3_bucket):
    """The store is not open to everyone, so that a test can see a wrong configuration."""
    with pytest.raises(PermissionDeniedError):
        store(s3_bucket, secret_access_key="wrong").put("it", b"")


def test_postgres_is_durable_and_separate(postgres_url):
    """Every test has its own database, on a server that flushes to the disk as in production."""
    question = (
        "select current_setting('fsync'), current_database(),"
        " (select count(*) from pg_tables where schemaname = 'public')"
    )
    address = postgres_url.replace("+psycopg", "")
    answer = subprocess.run(
        [tool("psql"), address, "--no-align", "--tuples-only", f"--command={question}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert answer == f"on|{postgres_url.rpartition('/')[2]}|0"
