"""How many processors are used."""

import os

import pytest

from ir_build import processors as counting
from ir_build.processors import processors
from ir_build.server.compressor import Compressor
from ir_build.server.metrics import Metrics
from ir_build.server.settings import load


def test_the_number_of_processors_is_this_process_s():
    """At least one, at most what the system has."""
    assert 1 <= processors() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("quota", ["100000 100000", "50000 100000", "1000 100000"])
def test_a_container_s_quota_counts(tmp_path, monkeypatch, quota):
    """One processor's time of a machine with many is one worker, for builds and for the server."""
    file = tmp_path / "cpu.max"
    file.write_text(f"{quota}\n")
    assert processors(file) == 1
    monkeypatch.setattr(counting.processors, "__defaults__", (file,))
    server = Compressor(load(None, {}, {"data_dir": tmp_path}), Metrics())
    assert server.workers == 1
    server.close()


@pytest.mark.parametrize("quota", ["max 100000", "", "nonsense"])
def test_without_a_quota_the_affinity_counts(tmp_path, quota):
    """`max`, no such file, or one of another form."""
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert processors(file) == processors(tmp_path / "nothing") >= 1
