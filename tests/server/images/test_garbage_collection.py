"""What is kept, for how long, and what is cleaned up."""

import contextlib
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from ir_build.server.images import garbage_collection
from ir_build.server.storage.database import Sql
from ir_build.server.storage.spool import Spool
from pictures import flat
from server.running import Clock, inside
from services.programs import program

DAY = 86400


def objects(folder):
    return sorted(path.name for path in (folder / "objects").rglob("*-o*") if path.is_file())


@contextlib.contextmanager
def small_disk(folder):
    """A command that runs another one with a disk of 40 MB of its own at `folder`."""
    folder.mkdir()
    mount = [program("unshare"), "--user", "--map-root-user", "--mount"]
    if subprocess.run([*mount, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody make namespaces: run as root, or allow them")
    script = 'mount -t tmpfs -o size=40m disk "$0" && exec "$@"'
    yield [*mount, "sh", "-c", script, str(folder)]


@pytest.mark.slow
def test_a_full_disk_can_be_emptied(launch, tmp_path):
    """Filled by uploads, then to the last byte by another program: no room is told, deleting works,
    the bytes go, and uploads are taken again."""
    with small_disk(tmp_path / "disk") as within:
        server = launch(
            tmp_path / "disk", within=within, backend="none", reserve="4MB", sweep_interval=0.2
        )
    base = server.url.removesuffix("/v1")
    assert requests.get(f"{base}/readyz", timeout=30).status_code == 200
    told, data = [], []
    # The smaller ones fill what the large ones leave.
    for size in [2_000_000] * 20 + [100_000] * 60:
        data.append(flat() + os.urandom(size))
        told.append(server.upload(data[-1]))
    assert {answer.status_code for answer in told} == {201, 503}
    assert "disk is full" in told[-1].json()["errMessage"]
    answer = requests.get(f"{base}/readyz", timeout=30)
    assert (answer.status_code, answer.json()["errMessage"]) == (503, "the disk is full")
    disk = Path(f"/proc/{server.process.pid}/root{tmp_path}/disk")
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    assert server.call("DELETE", "/images").status_code == 204
    until = time.monotonic() + 30
    while requests.get(f"{base}/readyz", timeout=30).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert server.upload(data[0]).status_code == 201
    assert server.get("/images").json()["total"] == 1


def test_images_are_kept_for_a_month_then_removed(tmp_path):
    """To the second of their expiration date they are there; then row, link and objects go."""
    clock = Clock(int(datetime(2026, 4, 15, 8, tzinfo=UTC).timestamp()))
    with inside(tmp_path, clock) as server:
        image = server.upload(flat()).json()
        assert image["time"] == "2026-04-15 08:00:00"
        assert image["expiration_date"] == "2026-05-15 08:00:00"
        clock.now += 30 * DAY - 1
        assert requests.get(image["origin_url"], timeout=30).content == flat()
        clock.now += 1
        for url in (image["origin_url"], image["optimized_url"]):
            assert requests.get(url, timeout=30).status_code == 404
        assert server.get(f"/images/{image['id']}").status_code == 404
        assert server.get("/images").json()["total"] == 0
        assert len(objects(tmp_path)) == 2
        garbage_collection.collect_garbage(server.service)
        assert objects(tmp_path) == []
        for table in ("images", "results"):
            assert server.service.database.rows(Sql(f"SELECT * FROM {table}")) == []


def test_objects_go_with_the_last_image_that_needs_them(tmp_path):
    """Of two equal uploads one is deleted: the objects stay until the other one is."""
    clock = Clock(10**9)
    with inside(tmp_path, clock, backend="none") as server:
        one, two = (server.upload(flat()).json()["id"] for _ in range(2))
        for number, left in ((one, 1), (two, 0)):
            server.call("DELETE", f"/images/{number}")
            clock.now += 1000
            garbage_collection.collect_garbage(server.service)
            assert len(objects(tmp_path)) == left


def test_a_deleted_sub_account_leaves_nothing_behind(tmp_path):
    """Its images' objects are swept; the parent's stay."""
    clock = Clock(10**9)
    with inside(tmp_path, clock, backend="none") as server:
        made = server.new_sub()
        server.as_account(made).upload(flat(colour="red"))
        server.upload(flat(colour="blue"))
        server.call("DELETE", f"/accounts/sub/{made['id']}")
        clock.now += 1000
        garbage_collection.collect_garbage(server.service)
        assert len(objects(tmp_path)) == 1


def test_what_a_crash_left_without_a_row_is_found_by_its_day(tmp_path):
    """Objects that were stored but never committed go two days later; the others of that day stay."""
    clock = Clock(10**9)
    with inside(tmp_path, clock, backend="none") as server:
        image = server.upload(flat()).json()
        day = datetime.fromtimestamp(clock.now, UTC).strftime("%Y%m%d")
        orphan = f"{day}/{'ab' * 16}-original"
        server.service.storage.take(orphan, Spool.of(b"orphan"))
        clock.now += 1000
        garbage_collection.collect_garbage(server.service)
        assert len(objects(tmp_path)) == 2
        clock.now += 2 * DAY
        garbage_collection.collect_garbage(server.service)
        assert len(objects(tmp_path)) == 1
        assert requests.get(image["origin_url"], timeout=30).content == flat()


def test_one_replica_collects_at_a_time(tmp_path):
    """While one holds the lease another does nothing; a lease that ran out is taken."""
    clock = Clock(10**9)
    with inside(tmp_path, clock, backend="none") as server:
        image = server.upload(flat()).json()
        server.call("DELETE", f"/images/{image['id']}")
        server.service.database.rows(
            Sql("UPDATE leases SET until = :u RETURNING 1"), u=clock.now + 9
        )
        garbage_collection.collect_garbage(server.service)
        assert len(objects(tmp_path)) == 1
        clock.now += 9
        garbage_collection.collect_garbage(server.service)
        assert objects(tmp_path) == []
