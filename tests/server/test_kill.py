"""Killed at any moment, the server loses nothing that it accepted, and its books balance."""

import os
import signal
import time
from pathlib import Path

import pytest

from server.books import SIZE, Load, check_books, small_picture
from server.running import workers

pytestmark = pytest.mark.slow


def ended(pids, seconds=20):
    """Whether the processes end within so many seconds."""
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("form", ["embedded", "scaled"])
def test_nothing_accepted_is_lost_over_kills(launch, form, request):
    """After each kill -9 of the server amid uploads: all that was answered 201 is there, whole, and
    charged once; what was reserved for the lost ones is given back; no worker is left behind."""
    settings = {"deadline": 2, "sweep_interval": 0.5, "jobs": 2, "secret_key": "k" * 40}
    if form == "scaled":
        settings |= request.getfixturevalue("_scaled")()
    server = launch(**settings)
    main = server
    sub = server.new_sub(quota=10**9)
    accepted = []
    for _ in range(3):
        with Load([server.as_account(sub)]) as load:
            load.wait_for(6)
            left = workers(server)
            server.stop(signal.SIGKILL)
        accepted += load.accepted
        assert left
        assert ended(left)
        server = launch(**settings)
        check_books(server.as_account(sub), accepted)
    account = server.as_account(sub)
    main.url = server.url
    # Exactly one more picture fits, once nothing is reserved any more for uploads that were lost.
    main.call("PUT", f"/accounts/sub/{sub['id']}", quota=account.used() + SIZE)
    # Its deadline is short: on a busy machine a worker may not have started by then (503).
    deadline = time.monotonic() + 30
    while (answer := account.upload(small_picture())).status_code in (403, 503):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert answer.status_code == 201
    assert account.upload(small_picture()).status_code == 403


def test_a_killed_worker_is_hardly_noticed(launch):
    """Workers killed amid uploads cost at most their own uploads a clean answer."""
    server = launch(jobs=2)
    with Load([server]) as load:
        for count in (4, 8, 12, 16):
            load.wait_for(count)
            for pid in workers(server)[:1]:
                os.kill(pid, signal.SIGKILL)
        load.wait_for(24)
    assert set(load.statuses) <= {201, 400, 503}
    assert load.statuses[400] + load.statuses[503] <= 4
    assert check_books(server, load.accepted) == load.statuses[201]
