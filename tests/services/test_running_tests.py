"""The tests themselves: what they leave behind, and what they miss, is told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LEAVING = """
import subprocess
from services.programs import program

def test_process():
    subprocess.run(["sh", "-c", "sleep 1234 &"])

def test_file(tmp_path):
    circle = [(tmp_path / "a").open("w")]
    circle.append(circle)

def test_nothing():
    pass

def test_program():
    program("hugo")
"""
KILLED = """
import os, signal, subprocess, sys, tempfile
from services.leftovers import Leftovers
Leftovers()
started = subprocess.Popen(["sleep", "1234"], start_new_session=True)
path = tempfile.mkstemp()[1]
print(started.pid, path, flush=True)
os.kill(os.getpid(), int(sys.argv[1]))
"""


def run(folder, **environ):
    """The output of tests that leave things behind, with the rules of these."""
    (folder / "test_leaving.py").write_text(LEAVING)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-Werror", "-pconftest", "-pno:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS), "CI": "", "COLUMNS": "400", **environ},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_what_is_left_behind_fails_the_test_that_left_it(tmp_path):
    """A process that still runs, and a file that was never closed, each by name."""
    told = run(tmp_path)
    assert "ERROR test_leaving.py::test_process - AssertionError: still running" in told
    assert "['sleep 1234']" in told
    assert "ERROR test_leaving.py::test_file - " in told
    assert "test_file0/a" in told
    assert "test_nothing" not in told


@pytest.mark.slow
def test_a_missing_program_skips_its_tests_with_what_installs_it(tmp_path):
    """They are counted in the end; in CI they fail."""
    told = run(tmp_path, PATH=str(tmp_path))
    assert "no hugo here; on Debian and Ubuntu: apt-get install hugo" in told
    assert "1 skipped for want of a program; on Debian and Ubuntu: apt-get install hugo" in told
    told = run(tmp_path, PATH=str(tmp_path), CI="true")
    assert "FAILED test_leaving.py::test_program - Failed: no hugo" in told


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_the_tests_end_nothing_of_them_stays(with_signal):
    """Neither a process, though it has a session of its own, nor a temporary file."""
    command = [sys.executable, "-c", KILLED, str(int(with_signal))]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    pid, path = done.stdout.split()
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() or Path(path).parent.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
