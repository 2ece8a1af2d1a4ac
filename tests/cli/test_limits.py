"""What a file may take of the machine: the bytes never depend on it, and a skipped file is told."""

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import sys
import threading
import time

import pytest

import ir_build
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.sandbox.limits import Limits, Took, measured
from ir_build.sandbox.pool import Sandbox
from pictures import encoded, photo
from workers import children

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc and the limit are Linux's")
NAME = "photo.png"


@pytest.fixture(scope="module")
def picture():
    """A picture that takes half a second or so of CPU time."""
    return encoded(photo((180, 180), grid=(9, 9), seed=5, colour=4), "png", compress_level=1)


@pytest.fixture(scope="module")
def needs(picture):
    """What one task on it takes at most, in a worker of its own."""
    sandbox = Sandbox(jobs=1, time_limit=600, memory_limit=3 * 2**30)
    with contextlib.closing(sandbox), measured() as took:
        candidate = sandbox.compress(picture, MediaType.PNG, Options())
        sandbox.verify(picture, candidate, MediaType.PNG, Options())
    return took


@pytest.fixture
def build(tmp_path, picture):
    """Build a folder of the picture alone; the line on it in the report, and what is shipped."""
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / NAME).write_bytes(picture)

    def build(cache="cache", **settings):
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        report = ir_build.optimize(
            tmp_path / "img", out=out, cache_dir=str(tmp_path / cache), **settings
        )
        report.write(tmp_path / "report.json")
        (line,) = json.loads((tmp_path / "report.json").read_text())["files"]
        return line, (out / NAME).read_bytes()

    return build


@contextlib.contextmanager
def slowed():
    """Stop the workers of this process for six sevenths of the time."""
    over = threading.Event()

    def hold():
        while not over.wait(0.02):
            for number, pause in ((signal.SIGSTOP, 0.12), (signal.SIGCONT, 0)):
                for pid in children():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                time.sleep(pause)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.slow
@linux
def test_a_slow_machine_ships_the_same_bytes(build, needs):
    """A worker that gets a seventh of a processor makes the same file, later than `timeout` seconds."""
    line, shipped = build()
    assert line["status"] == "compressed"
    limit = round(3 * needs.seconds, 1)
    began = time.monotonic()
    with slowed():
        line, again = build("another cache", timeout=limit)
    assert time.monotonic() - began > limit
    assert line["status"] == "compressed"
    assert again == shipped


LOW = {
    "timeout": ({"timeout": 0.1}, {}, Reason.OVER_TIMEOUT, "stopped after 0.1 s"),
    "memory": ({"memory_limit": "50MiB"}, {}, Reason.OVER_MEMORY_LIMIT, "stopped at 0.0488 GiB"),
}


@pytest.mark.slow
@linux
@pytest.mark.parametrize("which", LOW)
def test_what_meets_a_limit_is_skipped_and_remembered_until_it_is_raised(
    build, picture, which, monkeypatch
):
    """It is shipped as it was, with the reason and what it took; later builds ask nothing, others and
    other machines do."""
    low, high, reason, detail = LOW[which]
    line, shipped = build(**low)
    assert (line["status"], line["reason"]["code"]) == ("kept", reason)
    assert line["reason"]["detail"].startswith(detail)
    assert shipped == picture
    assert not line["from_cache"]
    line, shipped = build(**low)
    assert (line["from_cache"], line["seconds"]) == (True, 0)
    assert line["reason"]["code"] == reason
    assert shipped == picture
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "node", lambda: "another machine")
        assert not build(**low)[0]["from_cache"]
    line, shipped = build(**high)
    assert line["status"] == "compressed"
    assert len(shipped) < len(picture)
    assert build(**low)[0]["status"] == "cached"


@pytest.mark.slow
@linux
def test_a_shared_cache_holds_nothing_of_limits(build, tmp_path):
    """Whoever takes over the results of a build that skipped a file compresses it."""
    build(timeout=0.1)
    shutil.copytree(tmp_path / "cache" / "results", tmp_path / "shared" / "results")
    assert build("shared")[0]["status"] == "compressed"


@pytest.mark.slow
@linux
def test_a_file_that_needs_much_says_so(build, needs):
    """More than half of a limit is told in the report, in numbers; less is not."""
    assert build()[0]["notes"] == []
    limit = int(needs.memory * 1.9)
    (note,) = build("another cache", memory_limit=limit)[0]["notes"]
    assert re.fullmatch(
        rf"took 0\.\d+ GiB of memory, memory_limit is {limit / 2**30:.3g} GiB", note
    )
    (note,) = Limits(seconds=120, memory=2**30).notes(Took(seconds=75, memory=2**29))
    assert note == "took 75 s of CPU time, timeout is 120 s"
