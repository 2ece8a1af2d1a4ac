"""The worker processes of a test."""

import os

import pytest


def children():
    """The worker processes of this process."""
    if not os.path.exists("/proc/self/stat"):
        pytest.skip("the workers of a process are found in Linux's /proc")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline") as cmdline:
                parent = stat.read().rpartition(")")[2].split()[1]
                if parent == str(os.getpid()) and "ir_build.sandbox.worker" in cmdline.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found
