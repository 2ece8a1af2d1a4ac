"""A codec that crashes, hangs or eats memory costs one file, never the run."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from ir_build.errors import CorruptFile, OverMemoryLimit, OverTimeout, WorkerCrashed
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.sandbox.pool import Sandbox
from pictures import encoded, flat, photo
from services.programs import program
from workers import children

posix = pytest.mark.skipif(os.name != "posix", reason="signals are the means")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
COLOUR = (10, 20, 30)
PNG = flat((64, 64), COLOUR)


@pytest.fixture
def make():
    made = []

    def make(*, jobs=1, time_limit=60.0, memory_limit=3 * 2**30):
        sandbox = Sandbox(jobs=jobs, time_limit=time_limit, memory_limit=memory_limit)
        made.append(sandbox)
        return sandbox

    yield make
    for sandbox in made:
        sandbox.close()


def hit_a_busy_worker(sandbox, with_signal):
    """Start long tasks, send their worker a signal, and return what one raised."""
    slow = flat((3000, 3000), COLOUR)
    caught = []
    done = threading.Semaphore(0)

    def work():
        try:
            for _ in range(50):
                sandbox.compress(slow, MediaType.PNG, Options())
                done.release()
        except (WorkerCrashed, OverTimeout) as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        # Then a worker is there, and has the next one. On a busy machine it may still wait for it,
        # and the signal hits nobody's file.
        if done.acquire(timeout=0.5):
            time.sleep(0.1)
            for pid in children():
                os.kill(pid, with_signal)
    thread.join()
    (error,) = caught
    return error


def test_a_task_comes_back(make):
    """The engine's result and its errors cross the process boundary."""
    sandbox = make()
    candidate = sandbox.compress(PNG, MediaType.PNG, Options())
    assert len(candidate.data) < len(PNG)
    assert sandbox.verify(PNG, candidate, MediaType.PNG, Options()).ok
    with pytest.raises(CorruptFile):
        sandbox.compress(PNG[:100], MediaType.PNG, Options())


@pytest.mark.slow
@posix
def test_a_crash_fails_its_file_and_the_pool_lives(make):
    """After a segmentation fault the next task is done by a new worker."""
    sandbox = make()
    error = hit_a_busy_worker(sandbox, signal.SIGSEGV)
    assert isinstance(error, WorkerCrashed)
    assert "SIGSEGV" in str(error)
    assert "Segmentation fault" in error.output
    assert sandbox.compress(PNG, MediaType.PNG, Options()).data


@pytest.mark.slow
@posix
def test_a_hang_fails_its_file_and_the_pool_lives(make):
    """A worker that takes no CPU time for twice the time limit is ended."""
    sandbox = make(time_limit=2)
    error = hit_a_busy_worker(sandbox, signal.SIGSTOP)
    assert isinstance(error, OverTimeout)
    assert "had slept for 4 s" in str(error)
    assert not error.permanent
    assert sandbox.compress(PNG, MediaType.PNG, Options()).data


@posix
def test_a_worker_killed_while_it_is_idle_fails_no_file(make):
    """The next task is done by a new worker."""
    sandbox = make()
    for _ in range(3):
        candidate = sandbox.compress(PNG, MediaType.PNG, Options())
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
    assert sandbox.verify(PNG, candidate, MediaType.PNG, Options()).ok
    assert children() != [pid]


@pytest.mark.slow
@posix
def test_a_worker_killed_once_by_the_system_fails_no_file(make):
    """A file whose worker got SIGKILL, as when memory is short, is tried once more."""
    sandbox = make()
    slow = flat((3000, 3000), COLOUR)
    with ThreadPoolExecutor(1) as threads:
        task = threads.submit(sandbox.compress, slow, MediaType.PNG, Options())
        while not children():
            time.sleep(0.01)
        time.sleep(0.4)
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        assert len(task.result().data) < len(slow)


@pytest.mark.slow
@posix
def test_no_limit_of_one_file_ends_the_worker_of_the_next(make):
    """A worker may be idle for longer than the time limit, and goes on after it."""
    sandbox = make(time_limit=2)
    sandbox.compress(PNG, MediaType.PNG, Options())
    workers = children()
    time.sleep(5)
    assert sandbox.compress(PNG, MediaType.PNG, Options()).data
    assert children() == workers


@pytest.mark.slow
@linux
def test_want_of_memory_is_no_fault_of_the_file(make):
    """A WebP for which its decoder gets no memory is not taken for a broken one, which is one with any
    limit."""
    webp = encoded(photo((1200, 1200), grid=(9, 9), seed=5, colour=4), "webp", quality=95)
    with pytest.raises(OverMemoryLimit):
        make(memory_limit=40 * 2**20).compress(webp, MediaType.WEBP, Options())
    for limit in (80 * 2**20, 2**30):
        with pytest.raises(CorruptFile):
            make(memory_limit=limit).compress(webp[:-2000], MediaType.WEBP, Options())


@pytest.mark.slow
@linux
def test_a_bomb_meets_the_memory_limit(make):
    """A picture that decodes to more memory than allowed fails, the worker's neighbour does not."""
    sandbox = make(jobs=2, memory_limit=300 * 2**20)
    bomb = encoded(Image.new("RGB", (9000, 9000), COLOUR), "png", compress_level=1)
    options = Options(max_pixels=10**9)
    with ThreadPoolExecutor(2) as threads:
        big = threads.submit(sandbox.compress, bomb, MediaType.PNG, options)
        small = threads.submit(sandbox.compress, PNG, MediaType.PNG, options)
        assert small.result().data
        assert big.exception() is not None
    assert sandbox.compress(PNG, MediaType.PNG, options).data


@pytest.mark.slow
def test_a_lower_limit_of_the_system_holds_instead(tmp_path):
    """Where a host allows less data than `memory_limit`, files are worked on within that."""
    (tmp_path / "a.png").write_bytes(PNG)
    command = f"ulimit -d 2000000; exec {sys.executable} -m ir_build optimize a.png --strict"
    without = "-sys_resource"  # root could raise it
    limited = [program("setpriv"), "--bounding-set", without, "--inh-caps", without]
    done = subprocess.run(
        [*limited, program("bash"), "-c", command],
        cwd=tmp_path,
        env=os.environ | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 1 file optimised" in done.stdout


@posix
def test_a_worker_sees_no_secret(make, monkeypatch):
    """The environment of a worker holds none of the parent's."""
    monkeypatch.setenv("IR_BUILD_API_SECRET", "canary-secret")
    sandbox = make()
    sandbox.compress(PNG, MediaType.PNG, Options())
    (pid,) = children()
    with open(f"/proc/{pid}/environ", "rb") as environ:
        assert b"canary-secret" not in environ.read()


def test_a_worker_imports_nothing_of_the_project(make, monkeypatch, tmp_path):
    """No module of a project reaches a worker, be it in the current folder or on `sys.path`: neither
    one called like the standard library's, nor one that a library would like to have."""
    webp = flat((64, 64), COLOUR, "webp")  # before: this process finds them
    for name in ("json", "secrets", "numpy", "olefile", "uharfbuzz"):
        (tmp_path / f"{name}.py").write_text(f"import os; os.mkdir({str(tmp_path / 'hijacked')!r})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sandbox = make()
    for data, media in ((PNG, MediaType.PNG), (webp, MediaType.WEBP)):
        candidate = sandbox.compress(data, media, Options())
        sandbox.verify(data, candidate, media, Options())
    assert not (tmp_path / "hijacked").exists()


@posix
def test_closing_ends_every_worker(make):
    """No process outlives the run, not even one that is busy."""
    sandbox = make(jobs=2)
    slow = flat((3000, 3000), COLOUR)
    with ThreadPoolExecutor(2) as threads:
        tasks = [threads.submit(sandbox.compress, slow, MediaType.PNG, Options()) for _ in range(6)]
        while len(children()) < 2:
            time.sleep(0.01)
        sandbox.close()
        assert all(isinstance(task.exception(), WorkerCrashed | None) for task in tasks)
    assert children() == []
