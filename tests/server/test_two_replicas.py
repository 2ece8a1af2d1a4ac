"""Two replicas on one PostgreSQL and one S3-compatible store, under load at once."""

import signal

import pytest

from server.books import SIZE, Load, check_books

pytestmark = pytest.mark.slow


def test_they_charge_nothing_twice_and_lose_nothing(launch, tmp_path, request):
    """Into a quota for 30 exactly 30 fit through both together; each serves what either took; and
    when one is killed amid uploads, the other has everything that was accepted."""
    shared = {
        **request.getfixturevalue("_scaled")(),
        "secret_key": "k" * 40,
        "deadline": 5,
        "sweep_interval": 1,
    }
    first = launch(tmp_path / "first", **shared)
    second = launch(tmp_path / "second", **shared)
    assert second.key == ""
    sub = first.new_sub(quota=30 * SIZE + SIZE // 2)
    one, other = first.as_account(sub), second.as_account(sub)
    with Load([one, other], threads=6) as load:
        load.join()
    assert load.statuses == {201: 30, 403: 6}
    assert check_books(one, load.accepted) == check_books(other, load.accepted) == 30

    first.call("PUT", f"/accounts/sub/{sub['id']}", quota=10**9)
    accepted = load.accepted
    with Load([one, other], threads=6) as load:
        load.wait_for(8)
        first.stop(signal.SIGKILL)
        load.wait_for(len(load.accepted) + 8)
    assert check_books(other, accepted + load.accepted) >= 30 + len(load.accepted)
