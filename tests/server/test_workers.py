"""Workers that die, hang or are given bombs: one request pays, at most."""

import asyncio
import contextlib
import io
import os
import signal
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from PIL import Image

from ir_build.formats import MediaType
from ir_build.imagerecycle.wire import UploadParams
from ir_build.server.compressor import Compressor
from ir_build.server.errors import HttpError
from ir_build.server.metrics import Metrics
from ir_build.server.settings import load
from ir_build.server.storage.spool import IN_MEMORY, PREFIX, Spool
from pictures import encoded, flat
from server.running import workers

pytestmark = pytest.mark.slow


def bomb(width, height):
    """A small PNG that is very large when it is decoded."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compressobj(9)
    row = bytes(width // 8 + 1)
    packed = b"".join(rows.compress(row * 1000) for _ in range(height // 1000)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def test_a_killed_worker_is_replaced_and_its_file_tried_again(server):
    """One kill costs nothing: the upload under way is answered 201."""
    server.upload(flat())
    [worker] = workers(server)
    os.kill(worker, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(server.upload, flat(colour="gold"))
        time.sleep(0.5)
        os.kill(worker, signal.SIGKILL)
        assert answer.result().status_code == 201


def test_a_file_that_kills_every_worker_is_a_400(server):
    """A clean HTTP error, no charge, and the next upload is served."""
    before, ended = server.used(), threading.Event()

    def kill_all():
        while not ended.is_set():
            for worker in workers(server):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_all)
    killer.start()
    answer = server.upload(flat((300, 300), "pink"))
    ended.set()
    killer.join()
    assert (answer.status_code, answer.json()["errCode"]) == (400, 400)
    assert server.used() == before
    assert server.upload(flat((300, 300), "pink")).status_code == 201


def test_a_hung_worker_is_ended_at_the_time_limit(launch):
    """400 after the limit, no charge, and the next upload is served."""
    server = launch(time_limit=6)
    server.upload(flat())
    [worker] = workers(server)
    os.kill(worker, signal.SIGSTOP)
    answer = server.upload(flat(colour="tan"))
    assert answer.status_code == 400
    assert "timeout" in answer.json()["errMessage"]
    assert server.used() == len(flat())
    assert server.upload(flat(colour="tan")).status_code == 201
    assert worker not in workers(server)


@pytest.mark.parametrize("form", ["embedded", "scaled"])
def test_large_files_go_to_workers_by_their_paths(launch, tmp_path, monkeypatch, request, form):
    """A file that is not held in memory is compressed, marked and verified like a small one, also
    when its worker is killed; nothing is left of it on its way, to a folder or to a bucket."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    server = launch(**(request.getfixturevalue("_scaled")() if form == "scaled" else {}))
    server.upload(flat())
    [worker] = workers(server)
    os.kill(worker, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(server.upload, large())
        time.sleep(0.5)
        os.kill(worker, signal.SIGKILL)
        image = answer.result().json()
    assert image["size_after"] < image["size_before"]
    smaller = requests.get(image["optimized_url"], timeout=30).content
    assert Image.open(io.BytesIO(smaller)).size == (1200, 900)
    assert len(smaller) == image["size_after"] > IN_MEMORY
    again = server.upload(smaller).json()
    assert again["size_after"] == again["size_before"]
    assert list(tmp_path.rglob(f"{PREFIX}*")) == []


def large():
    """A file that is not held in memory, and a smaller one neither."""
    data = encoded(Image.effect_noise((1200, 900), 60).convert("RGB"), "png")
    assert len(data) > IN_MEMORY
    return data


@pytest.mark.parametrize("whose", ["the server", "its worker"])
def test_a_full_disk_is_a_503_and_leaves_nothing_behind(launch, tmp_path, whose):
    """A file that cannot be written is nobody's fault but the server's: try again, no charge."""
    resource = pytest.importorskip("resource", reason="the limit is Linux's")
    server = launch()
    server.upload(flat())
    [worker] = workers(server)
    before = server.used()
    process = server.process.pid if whose == "the server" else worker
    limit = resource.prlimit(process, resource.RLIMIT_FSIZE, (IN_MEMORY + 1000, -1))
    answer = server.upload(large())
    assert (answer.status_code, answer.json()["errCode"]) == (503, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert server.used() == before
    assert list((tmp_path / "data/objects/incoming").iterdir()) == []
    resource.prlimit(process, resource.RLIMIT_FSIZE, limit)
    assert server.upload(large()).status_code == 201


class LateSandbox:
    """Writes its file when it is told to."""

    def __init__(self):
        self.told = threading.Event()

    def compress_file(self, original, media, options, into):
        self.told.wait(30)
        into.write_bytes(b"smaller")

    def close(self):
        pass


def test_what_is_made_after_its_deadline_is_removed(tmp_path):
    """The answer was a 503, and nothing was charged: no file stays on the disk for it."""
    compressor = Compressor(load(None, {}, {"deadline": 0.1, "jobs": 1}), Metrics())
    compressor._sandbox.close()
    compressor._sandbox = sandbox = LateSandbox()
    spool = Spool(tmp_path)
    spool.write(large())
    options = compressor.options(UploadParams())
    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave a loop in this one
        work = compressor.compress(1, spool, MediaType.PNG, options)
        with pytest.raises(HttpError) as found:
            thread.submit(asyncio.run, work).result()
    assert found.value.status == 503
    sandbox.told.set()
    compressor._threads.shutdown()
    assert list(tmp_path.iterdir()) == [spool.path]
    spool.close()


def test_bombs_are_refused_before_they_are_decoded(server):
    """A few kilobytes that claim 900 megapixels: 400, and the server lives."""
    data = bomb(30_000, 30_000)
    assert len(data) < 200_000
    answer = server.upload(data)
    assert answer.status_code == 400
    assert "pixels" in answer.json()["errMessage"]
    assert server.upload(flat()).status_code == 201


def test_a_worker_does_not_know_the_servers_secrets(server):
    """Its environment has no setting of the server in it."""
    server.upload(flat())
    for worker in workers(server):
        environment = Path(f"/proc/{worker}/environ").read_bytes()
        assert b"IR_BUILD" not in environment
        assert b"AWS" not in environment
