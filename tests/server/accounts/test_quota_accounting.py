"""What is charged: exactly once a success, under concurrency, over crashes, by the month."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from ir_build.server.accounts import months, quota_accounting
from ir_build.server.errors import HttpError
from ir_build.server.storage.database import Sql
from pictures import flat
from server.running import Clock, inside


def moment(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def at_once(work, count):
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(work, range(count)))


def test_a_quota_holds_under_concurrency(server):
    """Of ten uploads at once into a quota for four, four are made and charged, six are refused."""
    data = [flat(colour=f"#aa00{n:02x}") for n in range(10)]
    size = len(data[0])
    sub = server.as_account(server.new_sub(quota=4 * size + size // 2))
    answers = at_once(lambda n: sub.upload(data[n]), 10)
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [403] * 6
    refused = next(answer.json() for answer in answers if answer.status_code == 403)
    assert refused == {"errCode": 403, "errMessage": "Montly quota exceeded"}
    assert sub.used() == 4 * size
    assert sub.get("/images").json()["total"] == 4


def test_a_refused_upload_leaves_those_beside_it_unharmed(tmp_path):
    """Of uploads that are stored in one transaction, those over a quota, the parent's or their own,
    those of strangers and those of no known type are refused; the others are stored and charged."""
    data = [flat(colour=f"#00aa{n:02x}") for n in range(40)]
    size = len(data[0])
    with inside(tmp_path, backend="none", quota=str(12 * size + size // 2)) as server:
        sub = server.as_account(server.new_sub(quota=5 * size + size // 2))
        stranger = server.as_account({"api_key": "a" * 32, "api_secret": "b" * 64})

        def send(n):
            if n % 4 == 3:
                return stranger.upload(data[n]).status_code
            return (server, sub)[n % 2].upload(b"?" if n % 8 == 4 else data[n]).status_code

        statuses = at_once(send, 40)
        assert statuses[3::4] == [401] * 10
        assert statuses[4::8] == [400] * 5
        assert (server.used(), sub.used()) == (12 * size, size * statuses[1::2].count(201))
        assert statuses.count(201) == 12
        assert statuses.count(403) == 13
        stored = [path for path in (tmp_path / "objects").glob("2*/*/*") if path.is_file()]
        assert len(stored) == 12


def test_equal_uploads_at_once_are_each_charged_once(server):
    """Six equal uploads at once: six images, six charges, and every file is there."""
    data = flat(colour="plum")
    sub = server.as_account(server.new_sub())
    answers = at_once(lambda _: sub.upload(data), 6)
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.json()["id"] for answer in answers}) == 6
    assert sub.used() == 6 * len(data)
    sub.call("DELETE", "/images/all")
    assert sub.used() == 6 * len(data)


def test_the_parents_quota_holds_for_its_sub_accounts(tmp_path):
    """What a sub-account sends is taken from its parent's quota too, and refused with it."""
    data = flat()
    with inside(tmp_path, quota=str(3 * len(data)), backend="none") as server:
        sub = server.as_account(server.new_sub(quota=10**9))
        assert [sub.upload(data).status_code for _ in range(2)] == [201, 201]
        assert server.upload(data).status_code == 201
        assert (server.used(), sub.used()) == (3 * len(data), 2 * len(data))
        assert [one.upload(data).status_code for one in (sub, server)] == [403, 403]
        assert (server.used(), sub.used()) == (3 * len(data), 2 * len(data))


def test_a_reset_of_a_sub_account_leaves_its_parents_use(tmp_path):
    """reset_quota opens the sub-account's period anew; the parent has still sent those bytes."""
    data = flat()
    with inside(tmp_path, backend="none") as server:
        made = server.new_sub(quota=len(data))
        sub = server.as_account(made)
        assert [sub.upload(data).status_code for _ in range(2)] == [201, 403]
        server.call("PUT", f"/accounts/sub/reset_quota/{made['id']}")
        assert sub.upload(data).status_code == 201
        assert (server.used(), sub.used()) == (2 * len(data), len(data))


def test_a_new_period_begins_a_month_after_the_account(tmp_path):
    """At the anniversary, to the second, the use is zero again; the 31st becomes a month's last."""
    clock = Clock(moment(2026, 1, 31, 12))
    data = flat()
    with inside(tmp_path, clock, quota=str(len(data)), backend="none") as server:
        account = server.get("/accounts/mine").json()
        end = moment(2026, 2, 28, 12)
        assert (account["quota_start"], account["quota_end"]) == (clock.now, end)
        assert [server.upload(data).status_code for _ in range(2)] == [201, 403]
        clock.now = end - 1
        assert server.upload(data).status_code == 403
        clock.now = end
        assert server.used() == 0
        assert server.get("/accounts/mine").json()["quota_end"] == moment(2026, 3, 31, 12)
        assert server.upload(data).status_code == 201
        assert server.used() == len(data)
        clock.now = moment(2026, 3, 1)
        found = server.get("/accounts/mine/consumption").json()["consumption"]
        assert [month["date"] for month in found["last_months"]] == [
            "2026-01-01",
            "2026-02-01",
            "2026-03-01",
        ]
        assert [month["files_count"] for month in found["last_months"]] == [1, 1, 0]
        assert sum(day["files_count"] for day in found["last_days"]) == 2


def test_a_clock_that_goes_back_gives_no_second_quota(tmp_path):
    """A server whose clock jumps back a month still knows what was used."""
    clock = Clock(moment(2026, 5, 10))
    data = flat()
    with inside(tmp_path, clock, quota=str(len(data)), backend="none") as server:
        clock.now = moment(2026, 6, 11)
        assert server.upload(data).status_code == 201
        clock.now = moment(2026, 6, 9)
        assert server.upload(data).status_code == 403


def test_months_have_their_own_lengths():
    """Periods follow one another without gap or overlap, whatever day an account began on."""
    for day in (1, 28, 29, 30, 31):
        began = moment(2027, 12, day, 23, 59, 59)
        at = began
        for _ in range(40):
            start, end = months.period(began, at)
            assert start == at < end
            assert months.period(began, end - 1) == (start, end)
            at = end


def test_what_a_crash_had_reserved_is_given_back(tmp_path):
    """A reservation whose process is gone lapses at its deadline: it can't be settled any more."""
    data = flat()
    with inside(tmp_path, quota=str(len(data)), backend="none") as server:
        service = server.service
        sub = server.as_account(server.new_sub())
        now = service.now()
        job = quota_accounting.reserve(
            service.database, service.identify({"auth": sub.auth()}), len(data), now, now + 10
        )
        assert [one.upload(data).status_code for one in (sub, server)] == [403, 403]
        assert server.used() == 0
        assert quota_accounting.release_overdue(service.database, now + 5) == 0
        assert quota_accounting.release_overdue(service.database, now + 11) == 1
        assert service.database.rows(Sql("SELECT sum(reserved) FROM accounts")) == [(0,)]
        with (
            pytest.raises(HttpError, match="nothing was charged"),
            service.database.transaction() as transaction,
        ):
            quota_accounting.settle(transaction, job, 1, now)
        quota_accounting.release(service.database, job)
        assert sub.upload(data).status_code == 201
        assert (server.used(), sub.used()) == (len(data), len(data))
